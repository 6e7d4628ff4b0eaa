/**
 * What a broker keeps that could not be taken in, by services or by the engine: shown, sent back, forgotten.
 * A broker that is away holds up nobody: each answer is bounded, and the dead letters of runs stand elsewhere.
 */
import type { Static } from "typebox";
import type { DeadLetterQueue, DeadMessageFilter } from "../../../core/dead-letter-queue.ts";
import { engineError } from "../../../core/errors.ts";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { askedOf } from "./asked.ts";
import { DeadMessageQuery, QueueParams, SettleBody } from "./dead-letter-queue-schemas.ts";
import type { DeadLetterQueue as QueueShape } from "./dead-letter-queue-schemas.ts";
import { LIMIT_DEFAULT, PageQuery, pageOf, ref } from "./schemas.ts";
import { bindCursor, cutPage, linkNext, openCursor } from "./pages.ts";

const tags = ["operations"];
const AWAY = {
  404: "FLOW_UNKNOWN_QUEUE",
  403: "FLOW_BROKER_REFUSED",
  409: "FLOW_BROKER_MISMATCH",
  503: "FLOW_BROKER_UNAVAILABLE",
  504: "FLOW_COMMAND_TIMEOUT",
};

/** How long a list of all queues waits for each of them. */
const COUNT_MS_MAX = 5_000;

/** `GET /v1/dead-letter-queues` */
export function addQueueListRoute(app: ApiApp, { deadLetterQueues }: ApiEngine): void {
  app.get(
    "/v1/dead-letter-queues",
    {
      schema: {
        operationId: "listDeadLetterQueues",
        tags,
        summary: "List dead-letter queues",
        description:
          "Where brokers keep messages that services, or the engine, could not take in. What runs could not take in is at `/v1/dead-letters`.",
        querystring: PageQuery,
        response: {
          200: pageOf("DeadLetterQueue", "A page of queues, by name."),
          ...problemResponses({ 400: "FLOW_BAD_CURSOR" }),
        },
      },
    },
    async (request, reply) => {
      const { cursor, limit } = request.query;
      const listing = { list: "dead-letter-queues" } as const;
      const after = openCursor(listing, cursor);
      const queues = deadLetterQueues.toSorted((a, b) => (a.name < b.name ? -1 : 1));
      const page = cutPage(queues, limit, {
        of: ({ name }) => name,
        isBehind: ({ name }) => after === undefined || name > after,
      });
      const next = bindCursor(listing, page.cursor);
      linkNext(request, reply, next);
      return { items: await Promise.all(page.items.map(viewQueue)), cursor: next };
    },
  );
}

async function viewQueue(queue: DeadLetterQueue): Promise<Static<typeof QueueShape>> {
  const { name, broker } = queue;
  try {
    return { name, broker, messages: await inTime(queue), away: null };
  } catch (error) {
    return { name, broker, messages: null, away: error instanceof Error ? error.message : String(error) };
  }
}

function inTime(queue: DeadLetterQueue): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const timer = setTimeout(
    () =>
      reject(engineError("FLOW_BROKER_UNAVAILABLE", `${queue.broker} did not say within ${COUNT_MS_MAX} ms`)),
    COUNT_MS_MAX,
  );
  queue.count().then(resolve, reject);
  return promise.finally(() => clearTimeout(timer));
}

/** `GET /v1/dead-letter-queues/{name}` */
export function addQueueRoute(app: ApiApp, { deadLetterQueues }: ApiEngine): void {
  app.get(
    "/v1/dead-letter-queues/:name",
    {
      schema: {
        operationId: "listDeadMessages",
        tags,
        summary: "List the messages of a dead-letter queue",
        description: "The oldest first. Looking changes nothing.",
        params: QueueParams,
        querystring: DeadMessageQuery,
        response: { 200: ref("DeadMessages", "Messages, the oldest first."), ...problemResponses(AWAY) },
      },
    },
    async (request) => requireQueue(deadLetterQueues, request.params.name).list(request.query),
  );
}

/** `POST /v1/dead-letter-queues/{name}/{redrive|discard}` */
export function addSettleRoutes(app: ApiApp, engine: ApiEngine): void {
  addSettleRoute(app, engine, {
    how: "redrive",
    summary: "Send dead messages back",
    description:
      "To where they were read, the oldest first, under the ids they had: a repeat is harmless. Who reads there judges them anew. " +
      "Where one of a run cannot go back, those of that run behind it stay as well.",
  });
  addSettleRoute(app, engine, {
    how: "discard",
    summary: "Forget dead messages",
    description: "For good.",
  });
}

interface SettleRoute {
  readonly how: "redrive" | "discard";
  readonly summary: string;
  readonly description: string;
}

function addSettleRoute(
  app: ApiApp,
  { deadLetterQueues, operator }: ApiEngine,
  { how, summary, description }: SettleRoute,
): void {
  app.post(
    `/v1/dead-letter-queues/:name/${how}`,
    {
      schema: {
        operationId: `${how}DeadMessages`,
        tags,
        summary,
        description: `${description} What is asked for is recorded before it is done, message by message.`,
        params: QueueParams,
        body: SettleBody,
        response: {
          200: ref("SettledMessages", "What became of them."),
          ...problemResponses({
            ...AWAY,
            413: "HOST_BODY_TOO_LARGE",
            415: "HOST_UNSUPPORTED_MEDIA_TYPE",
          }),
        },
      },
    },
    async (request) => {
      const { dryRun = false, limit = LIMIT_DEFAULT, filter, by, reason } = request.body;
      const { all: _, ...wish } = filter;
      const queue = requireQueue(deadLetterQueues, request.params.name);
      const { ids, matched } = await find(queue, { ...wish, limit });
      if (dryRun || ids.length === 0) return { matched, done: ids, failed: [] };
      const subject = { filter: { queue: queue.name, ...filter }, broker: queue.broker, ids };
      await operator.record(
        `queue.${how}`,
        subject,
        askedOf({ caller: request.caller, headers: {} }, { by, reason }),
      );
      return { matched, ...(await queue[how]({ ids, limit: ids.length })) };
    },
  );
}

/** Which they are is settled before it is recorded: what dies meanwhile is left alone. */
async function find(
  queue: DeadLetterQueue,
  filter: DeadMessageFilter,
): Promise<{ readonly ids: readonly string[]; readonly matched: number }> {
  const { items, counts } = await queue.list(filter);
  return {
    ids: [...new Set(items.map(({ id }) => id))],
    matched: counts.reduce((sum, { count }) => sum + count, 0),
  };
}

/** @throws FLOW_UNKNOWN_QUEUE (missing) */
function requireQueue(queues: readonly DeadLetterQueue[], name: string): DeadLetterQueue {
  const queue = queues.find((each) => each.name === name);
  if (queue !== undefined) return queue;
  const known = queues.map((each) => each.name).join(", ");
  throw engineError(
    "FLOW_UNKNOWN_QUEUE",
    `no dead-letter queue ${name.slice(0, 200)}, expected ${known === "" ? "one, but no channel goes over a broker" : `one of: ${known}`}`,
  );
}
