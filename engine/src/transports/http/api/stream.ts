import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { engineError } from "../../../core/errors.ts";
import type { Access } from "../access/access.ts";
import { problemResponses } from "../problem-responses.ts";
import { pace } from "../stream/pace.ts";
import { createRunFeeds } from "../stream/run-feeds.ts";
import { streamRun } from "../stream/run-stream.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { StreamHeaders } from "./operation-schemas.ts";
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
export function addStreamRoute(
  app: ApiApp,
  { client }: ApiEngine,
  access: Pick<Access, "untilKeyEnds">,
  options: StreamOptions,
): void {
  const signalOf = waitSignals(app);
  const places = createPlaces(options.streamsMax);
  const feeds = createRunFeeds(client);
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
          "reconnects. When the key that opened it has ended, the event `refused` says so and is the last. A comment comes at least " +
          `every ${options.streamBeatMs / 1_000} seconds.`,
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
            500: "FLOW_UNREADABLE",
          }),
        },
      },
    },
    async ({ params, headers, caller }, reply) => {
      const lastVersion = headers["last-event-id"];
      const run = await client.require(params.id);
      if (lastVersion !== undefined && lastVersion > run.version) throw notYet(lastVersion, run.version);
      // A browser comes back after the end unless it is told so.
      if (run.outcome !== null && lastVersion === run.version) return reply.code(204).send();
      places.take(reply);
      const keyEnds = access.untilKeyEnds(caller, reply);
      keyEnds.addEventListener("abort", () => cutLater(reply));
      const blocks = streamRun(feeds, {
        run,
        afterVersion: lastVersion ?? 0,
        beatMs: options.streamBeatMs,
        stop: AbortSignal.any([signalOf(reply), keyEnds]),
      });
      return reply
        .type("text/event-stream; charset=utf-8")
        .headers({ "cache-control": "no-cache, no-transform", "x-accel-buffering": "no" })
        .send(Readable.from(pace(blocks, options.streamStallMs, reply)));
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

/** How long a reader whose key has ended may take to hear of it. */
const PARTING_MS = 1_000;

/** A reader that takes slowly what it was sent before would otherwise stay as long as it likes. */
function cutLater({ raw }: FastifyReply): void {
  // Of one that has gone by itself there is nothing left to destroy.
  setTimeout(() => raw.destroy(), PARTING_MS).unref();
}

function notYet(given: number, version: number): Error {
  return engineError(
    "FLOW_BAD_QUERY",
    `Last-Event-ID is ${given}, expected a version of the run, which has ${version}`,
  );
}
