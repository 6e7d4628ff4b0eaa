/** Replies that a transport brings: into their lane wherever that is owned, as often as they come. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { CommandMessage, ReplyMessage } from "@sluice/contracts/envelope";
import type { Engine } from "../create-engine.ts";
import type { FlowDefinition } from "../core/flow.ts";
import type { LaneInput } from "../core/inputs.ts";
import type { Peers, TakeReply, Transport } from "../core/ports.ts";
import type { MemoryDatabase } from "../stores/memory/memory-database.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";
import { memoryDatabase, startEngine, until } from "./fixtures/memory-engine.ts";

const order: FlowDefinition = {
  name: "order",
  version: 1,
  events: { Paid: { type: "object", required: ["by"] } },
  commands: { Pay: { channel: "bank", answers: ["Paid"] } },
  initial: "paying",
  states: {
    paying: {
      send: { Pay: "data" },
      retry: { attempts: 2, first: "1ms" },
      on: { Paid: "done", commandFailed: "failed" },
    },
    done: { final: "paid" },
    failed: { final: "failed" },
  },
};

/** A broker's transport: commands are sent and no more; what is answered comes as a reply. */
function bank() {
  const sent: CommandMessage[] = [];
  const started = Promise.withResolvers<TakeReply>();
  const transport: Transport = {
    channel: "bank",
    commandsPerSendMax: 100,
    sendsMax: 2,
    send: async (commands) => {
      sent.push(...commands);
      return commands.map(() => ({ type: "delivered" }));
    },
    start: async (take) => started.resolve(take),
  };
  return { transport, sent, take: started.promise };
}

type Bank = ReturnType<typeof bank>;

interface Pair {
  readonly owner: Engine;
  /** Commands may leave by either of them. */
  readonly sent: () => readonly CommandMessage[];
  /** Brings a reply to the engine that joined later. */
  readonly take: TakeReply;
}

/** Two engines that share the lanes. */
async function startPair(
  t: TestContext,
  database: MemoryDatabase,
  peers: (owner: Engine) => Peers | null,
): Promise<Pair> {
  const banks: readonly [Bank, Bank] = [bank(), bank()];
  const owner = await startEngine(t, database, {
    engineId: "owner",
    flows: [order],
    participants: [banks[0].transport],
    options: { address: "owner" },
  });
  const given = peers(owner);
  await startEngine(t, database, {
    engineId: "other",
    flows: [order],
    participants: [banks[1].transport],
    ...(given === null ? {} : { peers: () => given }),
  });
  return { owner, sent: () => banks.flatMap(({ sent }) => sent), take: await banks[1].take };
}

const failure = (runId: string, attempt: number): ReplyMessage => ({
  kind: "failure",
  runId,
  commandId: `${runId}:1:0`,
  attempt,
  error: { code: "BANK_AWAY", kind: "unavailable", message: "the bank is away" },
});

const answer = (runId: string, data: { by?: string } = { by: "card" }): ReplyMessage => ({
  kind: "answer",
  runId,
  commandId: `${runId}:1:0`,
  attempt: 2,
  event: { type: "Paid", data },
});

/** Fails the first attempt of each run, and answers the second. */
async function payAll({ owner, sent, take }: Pair): Promise<readonly string[]> {
  const started = await Promise.all(
    Array.from({ length: 12 }, () => owner.client.start("order", { data: {} })),
  );
  const runIds = started.map(({ runId }) => runId);
  const isSent = (runId: string, attempt: number) =>
    sent().some((each) => each.runId === runId && each.attempt === attempt);
  await until("all are asked", () => runIds.every((runId) => isSent(runId, 1)));
  for (const runId of runIds) assert.equal((await take(failure(runId, 1))).outcome, "taken");
  await until("all are asked again", () => runIds.every((runId) => isSent(runId, 2)));
  for (const runId of runIds) assert.equal((await take(answer(runId))).outcome, "taken");
  for (const runId of runIds) assert.equal((await owner.client.waitFinal(runId, 5_000))?.outcome, "paid");
  return runIds;
}

test("failures and answers of a broker reach the owner of their lane through the engine that consumed them", async (t) => {
  const forwarded: LaneInput[] = [];
  const pair = await startPair(t, memoryDatabase(), (owner) => ({
    forward: (_address, inputs) => {
      forwarded.push(...inputs);
      return owner.receive(JSON.parse(JSON.stringify(inputs)) as LaneInput[]);
    },
  }));
  const runIds = await payAll(pair);
  assert.ok(forwarded.some(({ kind }) => kind === "settled"));
  // Once more, as a broker may: nothing changes, and nothing is refused.
  for (const runId of runIds) {
    assert.equal((await pair.take(failure(runId, 1))).outcome, "stale");
    assert.equal((await pair.take(answer(runId))).outcome, "stale");
  }
  assert.deepEqual((await pair.owner.store.audit({ quiet: false })).findings, []);
});

test("an owner whose lane another has, and who has not heard of it, dismisses no reply that the other waits for", async (t) => {
  const database = memoryDatabase();
  const [before, now] = [bank(), bank()];
  const store = createMemoryStore({ database, engineId: "before" });
  let held: Promise<void> | null = null;
  const former = await startEngine(t, database, {
    flows: [order],
    participants: [before.transport],
    store: {
      ...store,
      heartbeat: async (...given) => {
        await held;
        return store.heartbeat(...given);
      },
    },
  });
  const { runId } = await former.client.start("order", { data: {} });
  await until("it is asked", () => before.sent.length === 1);
  const hears = Promise.withResolvers<void>();
  held = hears.promise;
  t.after(() => hears.resolve());
  const owner = await startEngine(t, database, {
    engineId: "now",
    flows: [order],
    participants: [now.transport],
  });
  assert.equal((await (await now.take)(failure(runId, 1))).outcome, "taken");
  await until("it is asked again", () => now.sent.some(({ attempt }) => attempt === 2));
  // As far as the former owner knows the first attempt is under way; of a second one that fails it knows nothing.
  const taken = (await before.take)(failure(runId, 2));
  hears.resolve();
  assert.equal((await taken).outcome, "taken");
  assert.equal((await owner.client.waitFinal(runId, 5_000))?.outcome, "failed");
});

test("failures and answers of a broker go through the durable inbox where engines cannot reach each other", async (t) => {
  const pair = await startPair(t, memoryDatabase(), () => null);
  await payAll(pair);
  await until("the inbox is empty", async () => (await pair.owner.store.totals()).inbox === 0);
  assert.deepEqual((await pair.owner.store.audit({ quiet: false })).findings, []);
});

test("an answer over a broker that breaks its schema fails its command, as it does over HTTP", async (t) => {
  const { transport, take } = bank();
  const engine = await startEngine(t, memoryDatabase(), { flows: [order], participants: [transport] });
  const { runId } = await engine.client.start("order", { data: {} });
  assert.equal((await (await take)(answer(runId, {}))).outcome, "taken");
  assert.equal((await engine.client.waitFinal(runId, 5_000))?.outcome, "failed");
});

test("a reply for a run that cannot exist is refused before any batch looks for it", async (t) => {
  const { transport, take } = bank();
  const engine = await startEngine(t, memoryDatabase(), { flows: [order], participants: [transport] });
  for (const runId of ["no-uuid", "01890A5D-AC96-774B-BCCE-B302099A8057", "x".repeat(400)]) {
    const taken = await (await take)(failure(runId, 1));
    assert.deepEqual([taken.outcome, "code" in taken && taken.code], ["refused", "FLOW_UNKNOWN_RUN"]);
  }
  assert.equal(engine.readiness(), true);
});

test("an engine says that it is not ready while a transport is not well", async (t) => {
  const { transport } = bank();
  let isWell: true | string = true;
  const engine = await startEngine(t, memoryDatabase(), {
    flows: [order],
    participants: [{ ...transport, health: () => isWell }],
  });
  assert.equal(engine.readiness(), true);
  isWell = "the broker is away";
  assert.equal(engine.readiness(), "channel bank: the broker is away");
});

test("an engine that is stopping takes no reply, so that its broker keeps it", async (t) => {
  const { transport, take } = bank();
  const engine = await startEngine(t, memoryDatabase(), { flows: [order], participants: [transport] });
  const { runId } = await engine.client.start("order", { data: {} });
  await engine.stop();
  await assert.rejects((await take)(failure(runId, 1)), { code: "FLOW_STOPPING", kind: "unavailable" });
});
