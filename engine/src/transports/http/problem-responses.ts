/** The error answers of routes as OpenAPI shows them. Which status an error has is the host's to say; a test holds these to it. */
import { Type } from "typebox";

export const Problem = Type.Object(
  {
    type: Type.String({
      description: "A page that explains the code.",
      examples: ["/docs/errors#FLOW_UNKNOWN_RUN"],
    }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: "What was found, what was expected, what to do." }),
    code: Type.String({
      description: "Never changes its meaning: branch on it.",
      examples: ["FLOW_UNKNOWN_RUN"],
    }),
    kind: Type.Enum(
      [
        "invalid",
        "unauthenticated",
        "forbidden",
        "missing",
        "conflict",
        "overloaded",
        "unavailable",
        "timeout",
        "bug",
      ],
      { description: "What the caller may do about it." },
    ),
  },
  {
    $id: "Problem",
    description: "An error, as RFC 9457 describes it, with a code and a kind.",
    additionalProperties: true,
  },
);

/** Errors that every route may answer with. */
const EVERYWHERE: Readonly<Record<number, string>> = {
  400: "HOST_BAD_REQUEST",
  401: "FLOW_UNAUTHENTICATED",
  403: "FLOW_FORBIDDEN",
  429: "HOST_OVERLOADED, FLOW_RATE_LIMITED",
  500: "HOST_UNEXPECTED",
  503: "FLOW_STORE_UNAVAILABLE, FLOW_STOPPING, HOST_STOPPING",
};

/** Response schemas for a route's codes by status, along with those that every route has. The scope must know `Problem`. */
export function problemResponses(codes: Readonly<Record<number, string>>): Record<number, object> {
  const statuses = new Set([...Object.keys(EVERYWHERE), ...Object.keys(codes)].map(Number));
  return Object.fromEntries(
    [...statuses].map((status) => {
      const named = [codes[status], EVERYWHERE[status]].filter((each) => each !== undefined).join(", ");
      return [
        status,
        { description: named, content: { "application/problem+json": { schema: { $ref: "Problem#" } } } },
      ];
    }),
  );
}
