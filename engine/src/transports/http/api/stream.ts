import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { engineError } from "../../../core/errors.ts";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { StreamHeaders } from "./operation-schemas.ts";
import { streamRun } from "./run-stream.ts";
import { RunParams } from "./schemas.ts";
import { waitSignals } from "./wait-signals.ts";

export interface StreamOptions {
  /** Most streams at once. */
  readonly streamsMax: number;
  /** Longest silence of a stream. */
  readonly streamBeatMs: number;
  /** How long a reader may leave what it was sent. */
  readonly streamStallMs: number;
}

/** `GET /v1/runs/{id}/stream` */
export function addStreamRoute(app: ApiApp, { client }: ApiEngine, options: StreamOptions): void {
  const signalOf = waitSignals(app);
  const places = createPlaces(options.streamsMax);
  app.get(
    "/v1/runs/:id/stream",
    {
      exposeHeadRoute: false,
      schema: {
        operationId: "streamRun",
        tags: ["runs"],
        summary: "Follow a run",
        description:
          "Server-sent events: each history entry as an event `entry` whose `id` is its version, from the first one or from behind " +
          "`Last-Event-ID`, then the event `end` with how the run ended. None is missed and none comes twice, over any number of " +
          "reconnects. A comment comes at least every " +
          `${options.streamBeatMs / 1_000} seconds.`,
        params: RunParams,
        headers: StreamHeaders,
        response: {
          200: {
            description: "The stream.",
            content: { "text/event-stream": { schema: { type: "string" } } },
          },
          204: { type: "null", description: "The run has ended, and its last entry is the one you have." },
          ...problemResponses({
            400: "FLOW_BAD_QUERY",
            404: "FLOW_UNKNOWN_RUN",
            429: "FLOW_WAIT_FULL",
          }),
        },
      },
    },
    async ({ params, headers }, reply) => {
      const lastVersion = headers["last-event-id"];
      const run = await client.require(params.id);
      if (lastVersion !== undefined && lastVersion > run.version) throw notYet(lastVersion, run.version);
      // A browser comes back after the end unless it is told so.
      if (run.outcome !== null && lastVersion === run.version) return reply.code(204).send();
      places.take(reply);
      const texts = streamRun(client, {
        runId: run.runId,
        afterVersion: lastVersion ?? 0,
        beatMs: options.streamBeatMs,
        stop: signalOf(reply),
      });
      return reply
        .type("text/event-stream; charset=utf-8")
        .headers({ "cache-control": "no-cache, no-transform", "x-accel-buffering": "no" })
        .send(Readable.from(cutWhenStalled(texts, options.streamStallMs, reply)));
    },
  );
}

function createPlaces(streamsMax: number) {
  let taken = 0;
  return {
    /** Takes a place until the answer is over; who has gone already takes none. @throws FLOW_WAIT_FULL (overloaded) */
    take({ raw }: FastifyReply): void {
      if (raw.destroyed) return;
      if (taken >= streamsMax)
        throw engineError(
          "FLOW_WAIT_FULL",
          `${taken} streams are open, at most ${streamsMax} may be (streamsMax); read the history instead`,
          { retryAfterMs: 1_000 },
        );
      taken++;
      raw.once("close", () => taken--);
    },
  };
}

/** A reader that takes nothing would keep its place and its buffers for ever. The next text is asked for when there is room for it. */
async function* cutWhenStalled(
  texts: AsyncIterable<string>,
  stallMs: number,
  { raw, log }: FastifyReply,
): AsyncGenerator<string> {
  for await (const text of texts) {
    const cut = setTimeout(() => {
      log.warn({ stallMs }, "a stream's reader takes nothing; it is cut");
      raw.destroy();
    }, stallMs);
    try {
      yield text;
    } finally {
      clearTimeout(cut);
    }
  }
}

function notYet(given: number, version: number): Error {
  return engineError(
    "FLOW_BAD_QUERY",
    `Last-Event-ID is ${given}, expected a version of the run, which has ${version}`,
  );
}
