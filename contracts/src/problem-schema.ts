/** The problem body as a JSON Schema, and a route's error answers as OpenAPI shows them. */

/** Servers that describe their routes add it under its `$id`, once; routes refer to it by `problemResponses`. */
export const PROBLEM_SCHEMA = {
  $id: "Problem",
  description: "An error, as RFC 9457 describes it, with a code and a kind.",
  type: "object",
  required: ["type", "title", "status", "detail", "code", "kind"],
  properties: {
    type: {
      type: "string",
      description: "A page that explains the code.",
      examples: ["/docs/errors#FLOW_UNKNOWN_RUN"],
    },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string", description: "What was found, what was expected, what to do." },
    code: {
      type: "string",
      description: "Never changes its meaning: branch on it.",
      examples: ["FLOW_UNKNOWN_RUN"],
    },
    kind: {
      enum: [
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
      description: "What the caller may do about it.",
    },
  },
  additionalProperties: true,
} as const;

/** Codes by status, several of one status in a text with commas. */
export type CodesByStatus = Readonly<Record<number, string>>;

/** Response schemas for the codes that a route may answer with; those of a status that several tables name stand together. */
export function problemResponses(...tables: readonly CodesByStatus[]): Record<number, object> {
  const responses: Record<number, object> = {};
  for (const status of new Set(tables.flatMap((codes) => Object.keys(codes).map(Number)))) {
    const named = tables.flatMap((codes) => codes[status] ?? []);
    responses[status] = {
      description: named.join(", "),
      content: { "application/problem+json": { schema: { $ref: `${PROBLEM_SCHEMA.$id}#` } } },
    };
  }
  return responses;
}
