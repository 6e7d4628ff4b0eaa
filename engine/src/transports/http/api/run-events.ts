import type { Json } from "@sluice/contracts/envelope";
import type { CodedError } from "@sluice/contracts/problem";
import { engineError, hasCode } from "../../../core/errors.ts";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { EventBody, EventHeaders, RunParams, ref } from "./schemas.ts";

/** `POST /v1/runs/{id}/events` */
export function addEventRoute(app: ApiApp, engine: ApiEngine): void {
  app.post(
    "/v1/runs/:id/events",
    {
      schema: {
        operationId: "sendEvent",
        tags: ["runs"],
        summary: "Tell a run that something happened",
        description:
          "Answers when the event is durable. With an `id` (or an `Idempotency-Key`) it may be repeated whenever the outcome is unknown.",
        params: RunParams,
        headers: EventHeaders,
        body: EventBody,
        response: {
          200: ref("SentEvent", "The event was applied."),
          202: ref("SentEvent", "The event is kept and will be applied later."),
          ...problemResponses({
            400: "FLOW_BAD_EVENT, FLOW_BAD_QUERY",
            404: "FLOW_UNKNOWN_RUN",
            409: "FLOW_UNEXPECTED_EVENT, FLOW_RUN_FINAL, FLOW_HISTORY_FULL",
            413: "FLOW_DATA_TOO_LARGE, HOST_BODY_TOO_LARGE",
            415: "HOST_UNSUPPORTED_MEDIA_TYPE",
            422: "FLOW_UNKNOWN_EVENT, FLOW_IDEMPOTENCY_CONFLICT",
            429: "FLOW_INBOX_FULL",
            503: "FLOW_NO_OWNER",
            504: "FLOW_OUTCOME_UNKNOWN",
          }),
        },
      },
    },
    async ({ params, headers, body }, reply) => {
      const id = idOf(body.id, headers["idempotency-key"]);
      const { type, commandId, data = {} } = body;
      const sending = engine.client.send(params.id, {
        type,
        data: data as Json,
        ...(id === undefined ? {} : { id }),
        ...(commandId === undefined ? {} : { commandId }),
      });
      const sent = await (body.data === undefined ? sending.catch(tellMissing) : sending);
      const { eventId, outcome, version, isRepeat } = sent;
      if (isRepeat) void reply.header("idempotent-replayed", "true");
      return reply.code(outcome === "applied" ? 200 : 202).send({ eventId, outcome, version });
    },
  );
}

/** Who has sent no data is told so, and not only that what stands for it breaks the event's schema. */
function tellMissing(error: unknown): never {
  const { errors } = hasCode(error, "FLOW_BAD_EVENT") ? (error as CodedError).fields : {};
  if (errors === undefined) throw error;
  const { message } = error as CodedError;
  throw engineError("FLOW_BAD_EVENT", `body/data is missing, and counts as {}: ${message}`, {
    fields: { errors },
  });
}

function idOf(inBody: string | undefined, inHeader: string | undefined): string | undefined {
  if (inBody !== undefined && inHeader !== undefined && inBody !== inHeader) {
    throw engineError(
      "FLOW_BAD_QUERY",
      "the id in the body and the header Idempotency-Key differ, expected one of them, or the same in both",
    );
  }
  return inBody ?? inHeader;
}
