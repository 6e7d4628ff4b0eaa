import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { encodeReply } from "@sluice/contracts/broker-message";
import type { DeadLetterQueue } from "../../../core/dead-letter-queue.ts";
import { engineError } from "../../../core/errors.ts";
import type { FlowDefinition } from "../../../core/flow.ts";
import type { Transport } from "../../../core/ports.ts";
import { NO_LOG, NO_METER } from "../../../core/silent.ts";
import { systemClock } from "../../../runtime/clock.ts";
import { memoryBroker } from "../../memory/memory-broker.ts";
import { openApi } from "../fixtures/open-engine.ts";
import { assertProblem } from "../fixtures/problem.ts";
import { until } from "../fixtures/until.ts";

const letter: FlowDefinition = {
  name: "letter",
  version: 1,
  data: { type: "object" },
  events: { Posted: { type: "object" } },
  commands: { Post: { channel: "post", answers: ["Posted"] } },
  initial: "posting",
  states: { posting: { send: { Post: "data" }, on: { Posted: "posted" } }, posted: { final: "posted" } },
};

const NOBODY = "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57";
const QUEUE = "/v1/dead-letter-queues/replies.dead-letters";

interface Messages {
  readonly items: readonly { readonly id: string; readonly reason: string; readonly runId: string }[];
  readonly total: number;
}

/** An API whose engine has a broker in this process, and replies among the dead letters. */
async function openDead(t: TestContext, deadReplies: number, others: readonly Transport[] = []) {
  const broker = memoryBroker({ clock: systemClock(), log: NO_LOG, meter: NO_METER });
  const api = await openApi(t, { flows: [letter], participants: [broker.transport("post"), ...others] });
  for (let nth = 0; nth < deadReplies; nth++) {
    const event = { id: `e-${nth}`, type: "Posted", data: {} };
    broker.replies.append(encodeReply({ kind: "event", runId: NOBODY, event }));
  }
  await until("they are dead", async () => broker.deadReplies.list().length === deadReplies || undefined);
  const list = async (query = "") => (await api.call.get(`${QUEUE}${query}`)).body as unknown as Messages;
  return { ...api, broker, list };
}

function brokenQueue(fail: () => Promise<never>): Transport {
  const queue: DeadLetterQueue = {
    name: "away.dead-letters",
    broker: "RabbitMQ at amqp://127.0.0.1:1",
    count: fail,
    list: fail,
    redrive: fail,
    discard: fail,
  };
  return {
    channel: "away",
    commandsPerSendMax: 1,
    sendsMax: 1,
    send: async () => [],
    deadLetters: [queue],
  };
}

test("dead-letter queues are listed by name, with how many messages each has", async (t) => {
  const { call } = await openDead(t, 2);
  const { items } = (await call.get("/v1/dead-letter-queues")).body as { readonly items: readonly unknown[] };
  assert.deepEqual(items, [
    { name: "commands.dead-letters", broker: "memory", messages: 0, away: null },
    { name: "replies.dead-letters", broker: "memory", messages: 2, away: null },
  ]);
  const first = await call.get("/v1/dead-letter-queues?limit=1");
  const next = /<([^>]+)>; rel="next"/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
  assert.deepEqual((await call.get(next)).body, { items: items.slice(1), cursor: null });
});

test("messages of a dead-letter queue are shown with their reason, and found by it", async (t) => {
  const { call, list } = await openDead(t, 3);
  const { items, total } = await list("?limit=2");
  assert.deepEqual(
    [items.map(({ reason, runId }) => [reason, runId]), total],
    [Array(2).fill(["FLOW_UNKNOWN_RUN", NOBODY]), 3],
  );
  assert.equal((await list("?category=unreadable")).items.length, 0);
  assert.equal((await list(`?category=refused&runId=${NOBODY}`)).items.length, 3);
  for (const query of ["category=odd", "limit=0", "limit=201", "cursor=x"])
    assertProblem(await call.get(`${QUEUE}?${query}`), 400, "HOST_BAD_REQUEST");
  const unknown = await call.get("/v1/dead-letter-queues/mail.dead-letters");
  assertProblem(unknown, 404, "FLOW_UNKNOWN_QUEUE", /one of: commands\.dead-letters, replies\.dead-letters/);
});

test("dead messages are redriven and discarded by filter, and the audit has who, why and which", async (t) => {
  const { call, list, engine } = await openDead(t, 3);
  const ids = (await list()).items.map(({ id }) => id);
  const asked = { by: "anna", reason: "mended" };
  const dry = await call.post(`${QUEUE}/redrive`, {
    body: { filter: { all: true }, dryRun: true, ...asked },
  });
  assert.deepEqual(dry.body, { matched: 3, done: ids, failed: [] });
  assert.equal((await list()).total, 3);
  const filter = { reason: "FLOW_UNKNOWN_RUN" };
  const discarded = await call.post(`${QUEUE}/discard`, { body: { filter, limit: 1, ...asked } });
  assert.deepEqual(discarded.body, { matched: 3, done: ids.slice(0, 1), failed: [] });
  const redriven = await call.post(`${QUEUE}/redrive`, { body: { filter: { ids: ids.slice(1) }, ...asked } });
  assert.deepEqual((redriven.body as { readonly done: unknown }).done, ids.slice(1));
  await until("they have died again", async () => ((await list()).total === 2 ? true : undefined));
  const { items } = await engine.operator.listActions({ kind: "queue", limit: 10 });
  assert.deepEqual(
    items.map(({ kind, by, reason, subject }) => [kind, by, reason, subject["ids"]]),
    [
      ["queue.redrive", "anna", "mended", ids.slice(1)],
      ["queue.discard", "anna", "mended", ids.slice(0, 1)],
    ],
  );
  assert.equal((await call.get("/v1/audit?kind=queue.discard")).status, 200);
});

test("nothing is settled, and nothing recorded, without a filter or where nothing fits", async (t) => {
  const { call, engine } = await openDead(t, 1);
  for (const body of [{}, { filter: {} }, { filter: { all: false } }, { filter: { ids: [] } }])
    assertProblem(await call.post(`${QUEUE}/discard`, { body }), 400, "HOST_BAD_REQUEST");
  const { body } = await call.post(`${QUEUE}/discard`, { body: { filter: { reason: "not-json" } } });
  assert.deepEqual(body, { matched: 0, done: [], failed: [] });
  assert.deepEqual((await engine.operator.listActions({ kind: "queue", limit: 10 })).items, []);
});

test("a broker that is away answers 503 for its own queue, and holds up no other", async (t) => {
  const away = engineError("FLOW_BROKER_UNAVAILABLE", "RabbitMQ at amqp://127.0.0.1:1 gave no connection");
  const { call, list } = await openDead(t, 1, [brokenQueue(() => Promise.reject(away))]);
  const { items } = (await call.get("/v1/dead-letter-queues")).body as {
    readonly items: readonly { readonly messages: number | null; readonly away: string | null }[];
  };
  assert.deepEqual(
    items.map(({ messages, away: why }) => [messages, why]),
    [
      [null, away.message],
      [0, null],
      [1, null],
    ],
  );
  const path = "/v1/dead-letter-queues/away.dead-letters";
  assertProblem(await call.get(path), 503, "FLOW_BROKER_UNAVAILABLE");
  const redrive = await call.post(`${path}/redrive`, { body: { filter: { all: true } } });
  assertProblem(redrive, 503, "FLOW_BROKER_UNAVAILABLE");
  assert.equal((await call.get("/v1/dead-letters")).status, 200);
  assert.equal((await list()).total, 1);
});

test("a broker that says nothing is not waited for by a list of all queues", async (t) => {
  const { call } = await openDead(t, 0, [brokenQueue(() => new Promise<never>(() => {}))]);
  const { items } = (await call.get("/v1/dead-letter-queues")).body as {
    readonly items: readonly { readonly away: string | null }[];
  };
  assert.match(items[0]?.away ?? "", /did not say within 5000 ms/);
});

test("two brokers with dead letters under one name are refused at the start", async (t) => {
  const first = brokenQueue(() => Promise.reject(new Error("away")));
  const second = { ...first, channel: "other" };
  const elsewhere = [{ ...first.deadLetters![0]!, broker: "RabbitMQ at amqp://127.0.0.1:2" }];
  await assert.rejects(openApi(t, { participants: [first, { ...second, deadLetters: elsewhere }] }), {
    code: "FLOW_BAD_OPTION",
    message: /both have dead letters in away\.dead-letters/,
  });
  await assert.doesNotReject(openApi(t, { participants: [first, second] }));
});
