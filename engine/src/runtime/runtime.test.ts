/** The runtime on the memory store: what participants, stores and neighbours may do to it, one thing at a time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";
import { createEngine } from "../create-engine.ts";
import type { Engine } from "../create-engine.ts";
import { engineError } from "../core/errors.ts";
import type { FlowDefinition } from "../core/flow.ts";
import type { Peers, TransactionalParticipant, Transport } from "../core/ports.ts";
import type { Settlement } from "../core/inputs.ts";
import type { MemoryDatabase } from "../stores/memory/memory-database.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";
import { assertSound, failing, memoryDatabase, startEngine, until } from "./fixtures/memory-engine.ts";
import type { CommitFailure, TestParts } from "./fixtures/memory-engine.ts";

const OBJECT = { type: "object" };

/** Paid, then shipped by a transactional participant, then told to somebody far away. */
const order: FlowDefinition = {
  name: "order",
  version: 1,
  events: { Paid: OBJECT, Shipped: OBJECT, Told: OBJECT },
  commands: {
    Ship: { channel: "stock", answers: ["Shipped"] },
    Tell: { channel: "mail", answers: ["Told"] },
  },
  initial: "open",
  states: {
    open: { on: { Paid: "paid" }, after: { delay: "1h", target: "expired" } },
    paid: {
      send: { Ship: "data" },
      retry: { attempts: 3, first: "1ms", jitter: "none" },
      on: { Shipped: "shipped" },
    },
    shipped: {
      send: { Tell: "data" },
      retry: { attempts: 3, first: "1ms", jitter: "none" },
      on: { Told: "done" },
    },
    done: { final: "done" },
    expired: { final: "expired" },
  },
};

type Handle = (
  commands: readonly CommandMessage[],
  transaction: unknown,
) => Promise<readonly (EventMessage | null)[]>;

const SHIPPED: EventMessage = { type: "Shipped", data: {} };

function stock(
  handle: Handle = (commands) => Promise.resolve(commands.map(() => SHIPPED)),
  handleMs = 2_000,
): TransactionalParticipant {
  return {
    channel: "stock",
    commandTypes: ["Ship"],
    handleMs,
    handle: (_, commands, transaction) => handle(commands, transaction),
  };
}

const TOLD: Settlement = { type: "answered", event: { type: "Told", data: {} } };

function mail(
  settle: (command: CommandMessage) => Promise<Settlement> = () => Promise.resolve(TOLD),
): Transport {
  return {
    channel: "mail",
    commandsPerSendMax: 1,
    sendsMax: 100,
    send: (commands) => Promise.all(commands.map(settle)),
  };
}

function startShop(
  t: TestContext,
  database: MemoryDatabase,
  parts: Partial<TestParts> = {},
): Promise<Engine> {
  return startEngine(t, database, { flows: [order], participants: [stock(), mail()], ...parts });
}

/** Starts a run, pays it, and waits for its end. */
async function buy(engine: Engine, waitMs = 5_000) {
  const { runId } = await engine.client.start("order", { data: {} });
  await engine.client.send(runId, { type: "Paid", data: {} });
  await engine.client.waitFinal(runId, waitMs);
  return engine.client.require(runId);
}

describe("transactional participants", () => {
  test("a group that fails is halved until the bad command stands alone", async (t) => {
    const database = memoryDatabase();
    const calls: number[] = [];
    const handle: Handle = async (commands, transaction) => {
      calls.push(commands.length);
      (transaction as { increment(key: string, by: number): void }).increment("shipped", commands.length);
      if (commands.some(({ data }) => (data as { bad?: boolean }).bad === true))
        throw new Error("bad parcel");
      return commands.map(() => SHIPPED);
    };
    const engine = await startShop(t, database, {
      participants: [stock(handle), mail()],
      options: { writers: 1 },
    });
    const runIds = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const { runId } = await engine.client.start("order", { data: n === 17 ? { bad: true } : {} });
        return runId;
      }),
    );
    await Promise.all(runIds.map((runId) => engine.client.send(runId, { type: "Paid", data: {} })));
    await until("all but one end", async () =>
      (await Promise.all(runIds.map((id) => engine.client.get(id)))).every(
        (run) => run?.outcome === "done" || run?.parked === "command-gave-up",
      ),
    );
    const parked = (await Promise.all(runIds.map((id) => engine.client.require(id)))).filter(
      (run) => run.parked !== null,
    );
    assert.deepEqual(
      parked.map(({ data }) => data),
      [{ bad: true }],
    );
    assert.equal(JSON.parse(database.values.get("shipped") ?? "0"), 39);
    assert.ok(calls.length > 3, "the handler was called for halves");
    await assertSound(engine);
  });

  test("a handler that answers with an undeclared event is undone and its run parked", async (t) => {
    const database = memoryDatabase();
    const handle: Handle = async (commands, transaction) => {
      (transaction as { increment(key: string): void }).increment("shipped");
      return commands.map(() => ({ type: "Told", data: {} }));
    };
    const engine = await startShop(t, database, { participants: [stock(handle), mail()] });
    const { runId } = await engine.client.start("order", { data: {} });
    await engine.client.send(runId, { type: "Paid", data: {} });
    const run = await engine.client.require(runId);
    assert.equal(run.parked, "command-refused");
    const letters = await engine.store.listDeadLetters({ limit: 10 });
    assert.equal(letters.items[0]?.error?.code, "FLOW_UNDECLARED_EVENT");
    assert.equal(database.values.get("shipped"), undefined);
  });

  test("a handler that answers for fewer commands than it got is undone", async (t) => {
    const engine = await startShop(t, memoryDatabase(), {
      participants: [stock(() => Promise.resolve([])), mail()],
    });
    const { runId } = await engine.client.start("order", { data: {} });
    await engine.client.send(runId, { type: "Paid", data: {} });
    const letters = await engine.store.listDeadLetters({ runId, limit: 10 });
    assert.equal(letters.items[0]?.error?.code, "FLOW_BAD_ANSWER");
  });

  test("a handler that hangs is paused, and runs that do not need it go on", async (t) => {
    let isHanging = true;
    const handle: Handle = (commands) =>
      isHanging ? new Promise(() => {}) : Promise.resolve(commands.map(() => SHIPPED));
    const engine = await startShop(t, memoryDatabase(), { participants: [stock(handle, 50), mail()] });
    const { runId } = await engine.client.start("order", { data: {} });
    await engine.client.send(runId, { type: "Paid", data: {} });
    const other = await engine.client.start("order", { data: {} });
    assert.equal((await engine.client.require(other.runId)).state, "open");
    isHanging = false;
    assert.equal((await engine.client.waitFinal(runId, 10_000))?.outcome, "done");
    const history = await engine.client.history({ runId, limit: 50 });
    assert.equal(
      history.items.find(({ kind }) => kind === "command-attempted")?.error?.code,
      "FLOW_HANDLER_PAUSED",
    );
    await assertSound(engine);
  });

  test("a chain of commands longer than one batch's rounds goes on in the next", async (t) => {
    const loop: FlowDefinition = {
      name: "order",
      version: 1,
      events: { Shipped: OBJECT },
      commands: { Ship: { channel: "stock", answers: ["Shipped"] } },
      initial: "going",
      states: {
        going: {
          send: { Ship: "data" },
          on: {
            Shipped: [
              { guard: ({ data }) => Number(data["left"]) === 0, target: "done" },
              { target: "going", update: ({ data }) => ({ ...data, left: Number(data["left"]) - 1 }) },
            ],
          },
        },
        done: { final: "done" },
      },
    };
    const engine = await startShop(t, memoryDatabase(), {
      flows: [loop],
      participants: [stock()],
      options: { roundsMax: 2 },
    });
    const { runId } = await engine.client.start("order", { data: { left: 20 } });
    const run = await engine.client.waitFinal(runId, 5_000);
    assert.deepEqual([run?.outcome, run?.version], ["done", 22]);
    await until("the outbox is settled", async () => (await engine.store.totals()).outboxDepth === 0);
    await assertSound(engine);
  });
});

describe("remote participants", () => {
  test("an attempt that fails is repeated with the same id until it is answered", async (t) => {
    const ids: string[] = [];
    const settle = async ({ commandId, attempt }: CommandMessage): Promise<Settlement> => {
      ids.push(commandId);
      if (attempt < 3)
        return { type: "failed", error: { code: "X", kind: "unavailable", message: "not now" } };
      return TOLD;
    };
    const engine = await startShop(t, memoryDatabase(), { participants: [stock(), mail(settle)] });
    assert.equal((await buy(engine)).outcome, "done");
    assert.deepEqual([ids.length, new Set(ids).size], [3, 1]);
  });

  test("a transport that throws or stays silent fails the attempt, not the engine", async (t) => {
    let calls = 0;
    const broken: Transport = {
      ...mail(),
      send: async () => {
        calls++;
        if (calls === 1) throw new Error("broken");
        return calls === 2 ? [] : [TOLD];
      },
    };
    const engine = await startShop(t, memoryDatabase(), { participants: [stock(), broken] });
    const { runId } = await engine.client.start("order", { data: {} });
    await engine.client.send(runId, { type: "Paid", data: {} });
    // An answer for fewer commands than were sent is a mistake of the transport and is not repeated.
    await until(
      "the run is parked",
      async () => (await engine.client.require(runId)).parked === "command-refused",
    );
  });

  test("an answer that comes later as an event ends the wait, once", async (t) => {
    const engine = await startShop(t, memoryDatabase(), {
      participants: [stock(), mail(() => Promise.resolve({ type: "delivered" }))],
    });
    const { runId } = await engine.client.start("order", { data: {} });
    await engine.client.send(runId, { type: "Paid", data: {} });
    await until(
      "the command is delivered",
      async () => (await engine.client.require(runId)).commands[0]?.phase === "delivered",
    );
    const event = { id: "told-1", type: "Told", data: {} };
    assert.equal((await engine.client.send(runId, event)).isRepeat, false);
    assert.equal((await engine.client.send(runId, event)).isRepeat, true);
    assert.equal((await engine.client.require(runId)).outcome, "done");
  });
});

describe("several engines on one store", () => {
  test("share the lanes evenly and hand them on when one leaves", async (t) => {
    const database = memoryDatabase();
    const first = await startShop(t, database, { engineId: "a" });
    const second = await startShop(t, database, { engineId: "b" });
    const owners = async () => (await first.store.listLanes()).map(({ ownerId }) => ownerId);
    await until("two lanes each", async () => (await owners()).filter((id) => id === "b").length === 2);
    await first.stop();
    await until("all lanes move", async () =>
      (await second.store.listLanes()).every(({ ownerId }) => ownerId === "b"),
    );
    assert.equal((await buy(second)).outcome, "done");
  });

  test("forward what belongs to another's lane, and answer as if it were their own", async (t) => {
    const database = memoryDatabase();
    const engines = new Map<string, Engine>();
    const peers = (): Peers => ({
      forward: (address, inputs) => {
        const engine = engines.get(address);
        if (engine === undefined) throw engineError("FLOW_NO_OWNER", "nobody there");
        return engine.receive(inputs);
      },
    });
    for (const id of ["a", "b"]) {
      engines.set(id, await startShop(t, database, { engineId: id, peers, options: { address: id } }));
    }
    const first = engines.get("a");
    assert.ok(first);
    await until(
      "lanes are shared",
      async () => new Set((await first.store.listLanes()).map(({ ownerId }) => ownerId)).size === 2,
    );
    const runs = await Promise.all(Array.from({ length: 40 }, () => buy(first)));
    assert.ok(runs.every(({ outcome }) => outcome === "done"));
    await assertSound(first);
  });

  test("keep an input for an owner that cannot be reached, and its next owner takes it in", async (t) => {
    const database = memoryDatabase();
    const dead = createMemoryStore({ database, engineId: "dead" });
    await dead.openDeployment(4);
    await dead.heartbeat({ engineId: "dead", address: null, leaseMs: 2_000 });
    await dead.claimLanes({ engineId: "dead", laneIds: [0, 1, 2, 3], leaseMs: 2_000 });
    const engine = await startShop(t, database, { engineId: "b", options: { submitMs: 1_000 } }).catch(
      () => null,
    );
    assert.ok(engine);
    const started = await engine.client.start("order", { data: {} });
    await until("the run is there", async () => (await engine.client.get(started.runId)) !== null);
    await until("the inbox is empty", async () => (await engine.store.totals()).inbox === 0);
    await assertSound(engine);
  });

  test("an owner that died leaves nothing behind: its commands are sent by the next", async (t) => {
    const database = memoryDatabase();
    const never = mail(() => new Promise(() => {}));
    const dying = createMemoryStore({ database, engineId: "a" });
    const first = await createEngine({
      store: dying,
      flows: [order],
      participants: [stock(), never],
      options: { lanes: 4, leaseMs: 300, stopMs: 0 },
    });
    await first.start();
    const { runId } = await first.client.start("order", { data: {} });
    await first.client.send(runId, { type: "Paid", data: {} });
    await dying.close();
    t.after(() => first.stop());
    const second = await startShop(t, database, { engineId: "b" });
    assert.equal((await second.client.waitFinal(runId, 5_000))?.outcome, "done");
    await until("the outbox is settled", async () => (await second.store.totals()).outboxDepth === 0);
    await assertSound(second);
  });
});

describe("a store that fails", () => {
  test("tells callers of whom nothing happened, and goes on by itself", async (t) => {
    const database = memoryDatabase();
    const outcomes: CommitFailure[] = [];
    const engine = await startShop(t, database, {
      store: failing(createMemoryStore({ database, engineId: "a" }), outcomes),
      options: { writers: 1 },
    });
    outcomes.push("before", "before");
    await assert.rejects(engine.client.start("order", { data: {} }), {
      code: "FLOW_STORE_UNAVAILABLE",
      retryAfterMs: 1_000,
    });
    await until("it works again", async () => {
      try {
        return (await buy(engine)).outcome === "done";
      } catch {
        return false;
      }
    });
    await assertSound(engine);
  });

  test("says to callers and to whoever asks how it feels why it cannot work", async (t) => {
    const database = memoryDatabase();
    const outcomes: ("before" | "after")[] = [];
    const engine = await startShop(t, database, {
      store: failing(createMemoryStore({ database, engineId: "a" }), outcomes),
      options: { writers: 1 },
    });
    outcomes.push("before");
    await assert.rejects(engine.client.start("order", { data: {} }), { message: "away" });
    assert.equal(engine.readiness(), "batches fail: away");
    await until("it works again", () =>
      buy(engine).then(
        () => true,
        () => false,
      ),
    );
    assert.equal(engine.readiness(), true);
  });

  test("a commit of unknown outcome is looked up, and its callers get their true answer", async (t) => {
    const database = memoryDatabase();
    const outcomes: CommitFailure[] = [];
    const engine = await startShop(t, database, {
      store: failing(createMemoryStore({ database, engineId: "a" }), outcomes),
    });
    outcomes.push("after");
    const { runId } = await engine.client.start("order", { data: {} });
    outcomes.push("after");
    await engine.client.send(runId, { type: "Paid", data: {} });
    assert.equal((await engine.client.waitFinal(runId, 5_000))?.outcome, "done");
    await assertSound(engine);
  });
});

describe("limits", () => {
  test("a queue that is full refuses callers and says when to come back", async (t) => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const handle: Handle = async (commands) => {
      await held;
      return commands.map(() => SHIPPED);
    };
    const engine = await startShop(t, memoryDatabase(), {
      participants: [stock(handle), mail()],
      options: { writers: 1, queueMax: 5 },
    });
    const { runId } = await engine.client.start("order", { data: {} });
    const paid = engine.client.send(runId, { type: "Paid", data: {} });
    await new Promise((resolve) => setImmediate(resolve));
    const waiting = Array.from({ length: 5 }, () => engine.client.start("order", { data: {} }));
    await assert.rejects(engine.client.start("order", { data: {} }), {
      code: "FLOW_INBOX_FULL",
      retryAfterMs: 1_000,
    });
    release();
    await Promise.all([paid, ...waiting]);
  });

  test("an engine that stops takes nothing in and finishes what it has", async (t) => {
    const engine = await startShop(t, memoryDatabase());
    const buying = buy(engine);
    await until("the run exists", async () => (await engine.store.audit({ quiet: false })).runs === 1);
    await engine.stop();
    await assert.rejects(engine.client.start("order", { data: {} }), { code: "FLOW_STOPPING" });
    await buying.catch(() => {});
    assert.deepEqual((await engine.store.audit({ quiet: true })).findings, []);
    assert.ok((await engine.store.listLanes()).every(({ ownerId }) => ownerId === null));
  });

  test("an engine that stops lets go who waits for a run that goes on", async (t) => {
    const engine = await startShop(t, memoryDatabase());
    const { runId } = await engine.client.start("order", { data: {} });
    const stopped = new AbortController();
    const [ended, left] = [
      engine.client.waitFinal(runId, 60_000),
      engine.client.waitFinal(runId, 60_000, stopped.signal),
    ];
    stopped.abort();
    assert.equal(await left, null);
    await engine.stop();
    assert.equal(await ended, null);
  });

  test("an option that makes no sense names itself", async () => {
    const database = memoryDatabase();
    const store = createMemoryStore({ database, engineId: "a" });
    await assert.rejects(
      createEngine({ store, flows: [order], participants: [stock(), mail()], options: { writers: 0 } }),
      {
        code: "FLOW_BAD_OPTION",
        message: "engine: writers is 0, expected a whole number from 1 to 16",
      },
    );
  });

  test("a channel that nobody serves, or two serve, is found at the start", async () => {
    const store = createMemoryStore({ database: memoryDatabase(), engineId: "a" });
    await assert.rejects(createEngine({ store, flows: [order], participants: [stock()] }), {
      code: "FLOW_UNKNOWN_CHANNEL",
      message: /Tell.*mail.*bound are: stock/,
    });
    await assert.rejects(createEngine({ store, flows: [order], participants: [stock(), stock()] }), {
      code: "FLOW_UNKNOWN_CHANNEL",
      message: /two/,
    });
  });

  test("runs that wait in a version nobody serves stop the start", async (t) => {
    const database = memoryDatabase();
    const engine = await startShop(t, database);
    await engine.client.start("order", { data: {} });
    await engine.stop();
    const store = createMemoryStore({ database, engineId: "b" });
    const next = { ...order, version: 2 };
    await assert.rejects(createEngine({ store, flows: [next], participants: [stock(), mail()] }), {
      code: "FLOW_VERSION_MISSING",
      message: /1 in order version 1, state open/,
    });
    await assert.rejects(
      createEngine({
        store,
        flows: [{ ...order, deadline: { delay: "2h", target: "expired" } }],
        participants: [stock(), mail()],
      }),
      // A version that was refused is not stored: the next one is free.
      { code: "FLOW_VERSION_CHANGED", message: /differs at \/deadline; .* version 2/ },
    );
    await createEngine({ store, flows: [order, next], participants: [stock(), mail()] });
  });
});
