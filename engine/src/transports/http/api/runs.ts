import type { FastifyBaseLogger, FastifyReply } from "fastify";
import { decodeCursor, encodeCursor } from "../../../core/cursor.ts";
import type { Run } from "../../../core/run.ts";
import type { JsonObject } from "@sluice/contracts/envelope";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { etagOf, namesEtag } from "./etag.ts";
import { linkNext } from "./pages.ts";
import { parsePrefer } from "./prefer.ts";
import {
  FlowParams,
  PageQuery,
  RunListQuery,
  RunParams,
  StartBody,
  StartHeaders,
  pageOf,
  ref,
} from "./schemas.ts";
import { viewHistoryEntry, viewRun, viewRunRow } from "./views.ts";

const tags = ["runs"];

const LOCATION = { Location: { type: "string", description: "Where the run is read." } };
const REPLAYED = {
  "Idempotent-Replayed": { type: "string", description: "`true` when the run existed already and nothing was started." },
};
const APPLIED = { "Preference-Applied": { type: "string", description: "Which wish of `Prefer` was followed." } };

/** `POST /v1/flows/{flow}/runs` */
export function addStartRoute(app: ApiApp, engine: ApiEngine, waitMsMax: number): void {
  app.post(
    "/v1/flows/:flow/runs",
    {
      schema: {
        operationId: "startRun",
        tags,
        summary: "Start a run",
        description:
          "Answers when the start is durable. Repeat it with the same `Idempotency-Key` whenever the outcome is unknown. " +
          `\`Prefer: wait=N\` waits for the end of the run, at most ${waitMsMax / 1_000} seconds.`,
        params: FlowParams,
        headers: StartHeaders,
        body: StartBody,
        response: {
          200: {
            ...ref("Run", "The run has ended within the wait; or, without a wait, a repeat: then only `runId`, `flow`, `key`."),
            headers: { ...LOCATION, ...REPLAYED, ...APPLIED },
          },
          201: { ...ref("StartedRun", "The run was started."), headers: LOCATION },
          202: {
            ...ref("StartedRun", "The start is durable; the run has not ended, or nobody waited."),
            headers: { ...LOCATION, ...REPLAYED, ...APPLIED },
          },
          ...problemResponses({
            400: "FLOW_BAD_DATA, FLOW_BAD_QUERY",
            404: "FLOW_UNKNOWN_FLOW",
            409: "FLOW_RUN_EXISTS",
            413: "FLOW_DATA_TOO_LARGE, HOST_BODY_TOO_LARGE",
            415: "HOST_UNSUPPORTED_MEDIA_TYPE",
            422: "FLOW_IDEMPOTENCY_CONFLICT",
            429: "FLOW_INBOX_FULL",
            504: "FLOW_OUTCOME_UNKNOWN",
          }),
        },
      },
    },
    async ({ params, headers, body, log }, reply) => {
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
        const run = await waitFinal(engine, { runId, waitMs }, reply, log);
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
  { runId, waitMs }: { readonly runId: string; readonly waitMs: number },
  reply: FastifyReply,
  log: FastifyBaseLogger,
): Promise<Run | null> {
  try {
    const run = await engine.client.waitFinal(runId, waitMs);
    void reply.header("preference-applied", `wait=${waitMs / 1_000}`);
    return run;
  } catch (error) {
    log.warn({ runId, err: error }, "nobody could wait for the end of a run; it was answered as started");
    return null;
  }
}

/** `GET /v1/runs` and `GET /v1/runs/{id}` */
export function addRunRoutes(app: ApiApp, engine: ApiEngine): void {
  app.get(
    "/v1/runs",
    {
      schema: {
        operationId: "listRuns",
        tags,
        summary: "List runs",
        description: "Newest first. The list follows the runs a moment behind; `GET /v1/runs/{id}` is exact.",
        querystring: RunListQuery,
        response: {
          200: pageOf("RunRow", "A page of runs."),
          ...problemResponses({ 400: "FLOW_BAD_QUERY, FLOW_BAD_CURSOR" }),
        },
      },
    },
    async (request, reply) => {
      const { updatedSince, ...query } = request.query;
      const page = await engine.client.list({
        ...query,
        ...(updatedSince === undefined ? {} : { updatedSinceMs: Date.parse(updatedSince) }),
      });
      linkNext(request, reply, page.cursor);
      return { items: page.items.map(viewRunRow), cursor: page.cursor };
    },
  );

  app.get(
    "/v1/runs/:id",
    {
      schema: {
        operationId: "getRun",
        tags,
        summary: "Read a run",
        description: "Its `ETag` is its version: with `If-None-Match` an unchanged run is answered 304.",
        params: RunParams,
        response: {
          200: { ...ref("Run", "The run."), headers: { ETag: { type: "string", description: "Its version." } } },
          304: { type: "null", description: "Unchanged." },
          ...problemResponses({ 404: "FLOW_UNKNOWN_RUN" }),
        },
      },
    },
    async ({ params, headers }, reply) => {
      const run = await engine.client.require(params.id);
      const etag = etagOf(run);
      void reply.header("etag", etag).header("cache-control", "no-cache");
      return namesEtag(headers["if-none-match"], etag) ? reply.code(304).send() : viewRun(run);
    },
  );
}

/** `GET /v1/runs/{id}/history` */
export function addHistoryRoute(app: ApiApp, engine: ApiEngine): void {
  app.get(
    "/v1/runs/:id/history",
    {
      schema: {
        operationId: "listHistory",
        tags,
        summary: "Read what happened to a run",
        description: "Oldest first: every version of the run and what made it.",
        params: RunParams,
        querystring: PageQuery,
        response: {
          200: pageOf("HistoryEntry", "A page of the history."),
          ...problemResponses({ 400: "FLOW_BAD_CURSOR", 404: "FLOW_UNKNOWN_RUN" }),
        },
      },
    },
    async (request, reply) => {
      const { cursor, limit } = request.query;
      const afterVersion = cursor === undefined ? 0 : (decodeCursor(cursor, ["version"])[0] as number);
      const page = await engine.client.history({ runId: request.params.id, afterVersion, limit });
      const last = page.items.at(-1);
      // The store's own cursor is its own affair; a version says the same and can be asked for.
      const next = page.cursor === null || last === undefined ? null : encodeCursor([last.version]);
      linkNext(request, reply, next);
      return { items: page.items.map(viewHistoryEntry), cursor: next };
    },
  );
}
