import type { JsonObject } from "@sluice/contracts/envelope";
import type { FastifyBaseLogger, FastifyReply } from "fastify";
import type { Run } from "../../../core/run.ts";
import type { Access } from "../access/access.ts";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { parsePrefer } from "./prefer.ts";
import { FlowParams, StartBody, StartHeaders, ref } from "./schemas.ts";
import { waitSignals } from "./wait-signals.ts";
import { viewRun } from "./views.ts";

const LOCATION = { Location: { type: "string", description: "Where the run is read." } };
const HEADERS = {
  ...LOCATION,
  "Idempotent-Replayed": {
    type: "string",
    description: "`true` when the run existed already and nothing was started.",
  },
  "Preference-Applied": { type: "string", description: "Which wish of `Prefer` was followed." },
};

const RESPONSES = {
  200: {
    description: "The run, which has ended within the wait; or a repeat that did not wait.",
    anyOf: [ref("Run"), ref("StartedRun")],
    headers: HEADERS,
  },
  201: { ...ref("StartedRun", "The run was started."), headers: LOCATION },
  202: {
    ...ref("StartedRun", "The start is durable; the run has not ended, or nobody waited."),
    headers: HEADERS,
  },
  ...problemResponses({
    400: "FLOW_BAD_DATA, FLOW_BAD_QUERY",
    404: "FLOW_UNKNOWN_FLOW",
    409: "FLOW_RUN_EXISTS",
    413: "FLOW_DATA_TOO_LARGE, HOST_BODY_TOO_LARGE",
    415: "HOST_UNSUPPORTED_MEDIA_TYPE",
    422: "FLOW_IDEMPOTENCY_CONFLICT",
    429: "FLOW_INBOX_FULL",
    503: "FLOW_PAUSED, FLOW_NO_OWNER",
    504: "FLOW_OUTCOME_UNKNOWN",
  }),
};

/** `POST /v1/flows/{flow}/runs` */
export function addStartRoute(
  app: ApiApp,
  engine: ApiEngine,
  access: Pick<Access, "untilKeyEnds">,
  waitMsMax: number,
): void {
  const signalOf = waitSignals(app);
  const description =
    "Answers when the start is durable. Repeat it with the same `Idempotency-Key` whenever the outcome is unknown. " +
    `\`Prefer: wait=N\` waits for the end of the run, at most ${waitMsMax / 1_000} seconds.`;
  app.post(
    "/v1/flows/:flow/runs",
    {
      schema: {
        operationId: "startRun",
        tags: ["runs"],
        summary: "Start a run",
        description,
        params: FlowParams,
        headers: StartHeaders,
        body: StartBody,
        response: RESPONSES,
      },
    },
    async ({ params, headers, body, caller, log }, reply) => {
      const idempotencyKey = headers["idempotency-key"];
      const { runId, isRepeat, isDecided } = await engine.client.start(params.flow, {
        data: body.data as JsonObject,
        ...(body.key === undefined ? {} : { key: body.key }),
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      });
      void reply.header("location", `${app.prefix}/v1/runs/${runId}`);
      if (isRepeat) void reply.header("idempotent-replayed", "true");
      const started = { runId, flow: params.flow, key: body.key ?? null };
      const prefer = parsePrefer(headers.prefer);
      if (prefer.waitMs !== null) {
        const waitMs = Math.min(prefer.waitMs, waitMsMax);
        // A key that has ended is shown no run; that its start is durable stays true, so it is told that much.
        const signal = AbortSignal.any([signalOf(reply), access.untilKeyEnds(caller, reply)]);
        const run = await waitFinal(engine, { runId, waitMs, signal }, reply, log);
        return run === null ? reply.code(202).send(started) : reply.code(200).send(viewRun(run));
      }
      if (prefer.isAsync) void reply.header("preference-applied", "respond-async");
      if (prefer.isAsync || !isDecided) return reply.code(202).send(started);
      return reply.code(isRepeat ? 200 : 201).send(started);
    },
  );
}

/**
 * The final run, or null. The run is durable by now, so whatever goes wrong here must not read as if it were not: an error would make
 * the caller start it again.
 */
async function waitFinal(
  engine: ApiEngine,
  {
    runId,
    waitMs,
    signal,
  }: { readonly runId: string; readonly waitMs: number; readonly signal: AbortSignal },
  reply: FastifyReply,
  log: FastifyBaseLogger,
): Promise<Run | null> {
  try {
    const run = await engine.client.waitFinal(runId, waitMs, signal);
    // Who is sent away before has not been given the wait.
    if (run !== null || !signal.aborted) void reply.header("preference-applied", `wait=${waitMs / 1_000}`);
    return run;
  } catch (error) {
    log.warn({ runId, err: error }, "nobody could wait for the end of a run; it was answered as started");
    return null;
  }
}
