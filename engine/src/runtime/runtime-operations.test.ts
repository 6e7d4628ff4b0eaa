/** What operators do to runs, in the whole engine: durable, once, in order, and across engines that come and go. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import type { CommandMessage, JsonObject } from "@sluice/contracts/envelope";
import type { Engine } from "../create-engine.ts";
import type { Answer } from "../core/decision.ts";
import type { FlowDefinition, StateDefinition } from "../core/flow.ts";
import type { Settlement } from "../core/inputs.ts";
import type { MemoryDatabase } from "../stores/memory/memory-database.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";
import {
  assertSound,
  failing,
  memoryDatabase,
  operate,
  remote,
  startEngine,
  transactional,
  until,
} from "./fixtures/memory-engine.ts";
import type { CommitFailure, TestParts } from "./fixtures/memory-engine.ts";

const OBJECT = { type: "object" };

/** Holds a seat in the batch, then a room far away, then waits for payment; what was held is released when it does not come. */
const trip: FlowDefinition = {
  name: "trip",
  version: 1,
  events: {
    SeatHeld: OBJECT,
    SeatReleased: OBJECT,
    RoomHeld: OBJECT,
    RoomReleased: OBJECT,
    Paid: OBJECT,
    Noted: OBJECT,
  },
  commands: {
    HoldSeat: { channel: "air", answers: ["SeatHeld"] },
    ReleaseSeat: { channel: "air", answers: ["SeatReleased"] },
    HoldRoom: { channel: "hotel", answers: ["RoomHeld"] },
    ReleaseRoom: { channel: "hotel", answers: ["RoomReleased"] },
  },
  initial: "seat",
  states: {
    seat: {
      send: { HoldSeat: "data" },
      undo: { HoldSeat: { send: { ReleaseSeat: "command" } } },
      on: { SeatHeld: "room" },
    },
    room: {
      send: { HoldRoom: "data" },
      retry: { attempts: 3, first: "1h", max: "1h", jitter: "none" },
      undo: { HoldRoom: { send: { ReleaseRoom: "command" }, retry: { attempts: 1 } } },
      on: { RoomHeld: "paying" },
    },
    paying: {
      on: { Paid: "going", Noted: { update: "merge" } },
      after: { delay: "1h", target: "unpaid", compensate: true },
    },
    going: { final: "going" },
    unpaid: { final: "unpaid" },
  },
};

/** Both participants, each with its calls; the hotel answers as told. */
class Sides {
  readonly seats: CommandMessage[] = [];
  readonly rooms: CommandMessage[] = [];
  settle: (command: CommandMessage) => Settlement | Promise<Settlement> = answeredAsAsked;

  readonly participants = [
    transactional("air", ["HoldSeat", "ReleaseSeat"], (command) => {
      this.seats.push(command);
      return { type: command.type === "HoldSeat" ? "SeatHeld" : "SeatReleased", data: {} };
    }),
    remote("hotel", (command) => {
      this.rooms.push(command);
      return this.settle(command);
    }),
  ];
}

function answeredAsAsked({ type }: CommandMessage): Settlement {
  return answered(type === "HoldRoom" ? "RoomHeld" : "RoomReleased");
}

const answered = (type: string): Settlement => ({ type: "answered", event: { type, data: {} } });
const failed = (kind: "unavailable" | "invalid"): Settlement => ({
  type: "failed",
  error: { code: "X", kind, message: "no" },
});

function start(
  t: TestContext,
  database: MemoryDatabase,
  sides: Sides,
  parts: Partial<TestParts> = {},
): Promise<Engine> {
  return startEngine(t, database, { flows: [trip], participants: sides.participants, ...parts });
}

async function book(engine: Engine, data: JsonObject = {}): Promise<string> {
  return (await engine.client.start("trip", { data })).runId;
}

async function reaches(engine: Engine, runId: string, state: string): Promise<void> {
  await until(`the run is ${state}`, async () => (await engine.client.require(runId)).state === state);
}

async function parks(engine: Engine, runId: string): Promise<void> {
  await until("the run is parked", async () => (await engine.client.require(runId)).parked !== null);
}

const rejectionOf = (answer: Answer) => (answer.outcome === "rejected" ? answer.error.code : answer.outcome);

const kindsOf = async (engine: Engine, runId: string) =>
  (await engine.client.history({ runId, limit: 100 })).items.map(({ kind }) => kind);

describe("cancellation", () => {
  test("takes steps back at participants of all kinds, newest first, and names what it takes back", async (t) => {
    const sides = new Sides();
    const engine = await start(t, memoryDatabase(), sides);
    const runId = await book(engine, { for: "ann" });
    await reaches(engine, runId, "paying");
    await operate(engine, runId, { type: "cancel", compensate: true });
    assert.equal((await engine.client.waitFinal(runId, 5_000))?.outcome, "canceled");
    const [hold, release] = sides.rooms;
    assert.deepEqual(
      [release?.type, release?.undoes, release?.data],
      ["ReleaseRoom", hold?.commandId, { for: "ann" }],
    );
    assert.deepEqual(
      sides.seats.map(({ type, undoes }) => [type, undoes]),
      [
        ["HoldSeat", undefined],
        ["ReleaseSeat", sides.seats[0]?.commandId],
      ],
    );
    await assertSound(engine);
  });

  test("takes back a command that is still under way, whose answer then comes too late", async (t) => {
    const sides = new Sides();
    let answer = (_: Settlement): void => {};
    sides.settle = (command) =>
      command.type === "HoldRoom"
        ? new Promise<Settlement>((resolve) => (answer = resolve))
        : answeredAsAsked(command);
    const engine = await start(t, memoryDatabase(), sides);
    const runId = await book(engine);
    await until("the room is asked for", () => sides.rooms.length === 1);
    await operate(engine, runId, { type: "cancel", compensate: true });
    assert.equal((await engine.client.waitFinal(runId, 5_000))?.outcome, "canceled");
    const { version } = await engine.client.require(runId);
    answer(answered("RoomHeld"));
    await until("the outbox is settled", async () => (await engine.store.totals()).outboxDepth === 0);
    assert.equal((await engine.client.require(runId)).version, version);
    assert.deepEqual(
      sides.rooms.map(({ type }) => type),
      ["HoldRoom", "ReleaseRoom"],
    );
    await assertSound(engine);
  });

  test("goes on with an engine that takes over in the middle of it", async (t) => {
    const database = memoryDatabase();
    const silent = new Sides();
    silent.settle = (command) => (command.type === "HoldRoom" ? answered("RoomHeld") : new Promise(() => {}));
    const dying = createMemoryStore({ database, engineId: "engine-1" });
    const first = await start(t, database, silent, { store: dying, options: { stopMs: 0 } });
    const runId = await book(first);
    await reaches(first, runId, "paying");
    await operate(first, runId, { type: "cancel", compensate: true });
    await until("the undo is asked for", () => silent.rooms.length === 2);
    await dying.close();
    const sides = new Sides();
    const second = await start(t, database, sides, { engineId: "engine-2" });
    assert.equal((await second.client.waitFinal(runId, 5_000))?.outcome, "canceled");
    assert.deepEqual(sides.rooms[0]?.commandId, silent.rooms[1]?.commandId);
    await assertSound(second);
  });

  test("may be told of an undo by an event, once", async (t) => {
    const sides = new Sides();
    sides.settle = (command) => (command.type === "HoldRoom" ? answered("RoomHeld") : { type: "delivered" });
    const engine = await start(t, memoryDatabase(), sides);
    const runId = await book(engine);
    await reaches(engine, runId, "paying");
    await operate(engine, runId, { type: "cancel", compensate: true });
    await until(
      "the undo is delivered",
      async () => (await engine.client.require(runId)).commands[0]?.phase === "delivered",
    );
    const event = { id: "released-1", type: "RoomReleased", data: {} };
    assert.equal((await engine.client.send(runId, event)).isRepeat, false);
    assert.equal((await engine.client.send(runId, event)).isRepeat, true);
    assert.equal((await engine.client.require(runId)).outcome, "canceled");
    await assertSound(engine);
  });

  test("of two operators happens once, and the later one is told", async (t) => {
    const engine = await start(t, memoryDatabase(), new Sides());
    const runId = await book(engine);
    await reaches(engine, runId, "paying");
    const cancel = { type: "cancel", compensate: false } as const;
    const answers = await Promise.all([
      operate(engine, runId, cancel, "op-1"),
      operate(engine, runId, cancel, "op-1"),
      operate(engine, runId, cancel, "op-2"),
    ]);
    assert.deepEqual(answers.map(rejectionOf), ["applied", "applied", "FLOW_RUN_FINAL"]);
    assert.equal((await kindsOf(engine, runId)).filter((kind) => kind === "canceled").length, 1);
    await assertSound(engine);
  });

  test("happens once although nobody knows how its commit ended", async (t) => {
    const database = memoryDatabase();
    const failures: CommitFailure[] = [];
    const store = failing(createMemoryStore({ database, engineId: "engine-1" }), failures);
    const engine = await start(t, database, new Sides(), { store });
    const runId = await book(engine);
    await reaches(engine, runId, "paying");
    failures.push("after");
    const answer = await operate(engine, runId, { type: "cancel", compensate: true }, "op-1");
    assert.equal(answer.outcome, "applied");
    assert.equal((await engine.client.waitFinal(runId, 5_000))?.outcome, "canceled");
    assert.equal((await kindsOf(engine, runId)).filter((kind) => kind === "canceled").length, 1);
    await assertSound(engine);
  });
});

describe("a parked run", () => {
  /** Parked with a rule that threw, and three events behind it. */
  async function parkedTrip(engine: Engine): Promise<string> {
    const runId = await book(engine);
    await reaches(engine, runId, "paying");
    for (const type of ["Noted", "Paid", "Noted"]) await engine.client.send(runId, { type, data: { type } });
    return runId;
  }

  let isBroken = true;
  const broken: FlowDefinition = {
    ...trip,
    states: {
      ...trip.states,
      paying: {
        on: {
          Paid: "going",
          Noted: {
            update: ({ data, event }) => (isBroken ? assert.fail("this rule is broken") : { ...data, event }),
          },
        },
        after: { delay: "1h", target: "unpaid", compensate: true },
      },
    },
  };

  test("is redriven in order by an engine that did not park it", async (t) => {
    isBroken = true;
    const database = memoryDatabase();
    const sides = new Sides();
    const first = await start(t, database, sides, { flows: [broken] });
    const runId = await parkedTrip(first);
    await assertSound(first);
    await first.stop();
    const second = await start(t, database, sides, { flows: [broken], engineId: "engine-2" });
    await operate(second, runId, { type: "redrive" });
    const parked = await second.store.listDeadLetters({ runId, limit: 10 });
    assert.deepEqual(
      parked.items.map(({ reason, input }) => [reason, input.kind === "event" && input.type]),
      [
        ["rule-failed", "Noted"],
        [null, "Paid"],
        [null, "Noted"],
      ],
      "still broken: the same letters in the same order",
    );
    await assertSound(second);
    isBroken = false;
    await operate(second, runId, { type: "redrive" });
    const run = await second.client.require(runId);
    assert.deepEqual([run.outcome, run.data["event"]], ["going", { type: "Noted" }]);
    assert.deepEqual((await second.store.listDeadLetters({ limit: 10 })).items, []);
    assert.deepEqual((await kindsOf(second, runId)).slice(-4), ["redriven", "event", "event", "unexpected"]);
    await assertSound(second);
  });

  test("may be parked, freed and parked again within one batch", async (t) => {
    isBroken = true;
    const engine = await start(t, memoryDatabase(), new Sides(), {
      flows: [broken],
      options: { writers: 1 },
    });
    const runId = await book(engine);
    await reaches(engine, runId, "paying");
    const note = () => engine.client.send(runId, { type: "Noted", data: {} });
    const [, , skipped, , redriven] = await Promise.all([
      note(),
      note(),
      operate(engine, runId, { type: "skip" }),
      note(),
      operate(engine, runId, { type: "redrive" }),
    ]);
    assert.deepEqual([rejectionOf(skipped), rejectionOf(redriven)], ["applied", "applied"]);
    const { items } = await engine.store.listDeadLetters({ runId, limit: 10 });
    assert.deepEqual(
      items.map(({ reason }) => reason),
      ["rule-failed", null],
    );
    await assertSound(engine);
  });

  test("lets its timers sleep, and they are set again when it goes on", async (t) => {
    isBroken = true;
    const engine = await start(t, memoryDatabase(), new Sides(), { flows: [broken] });
    const runId = await parkedTrip(engine);
    assert.equal((await engine.store.totals()).timers, 0);
    await operate(engine, runId, { type: "force", state: "paying" });
    await until("the run has ended", async () => (await engine.client.require(runId)).outcome === "going");
    const other = await book(engine);
    await reaches(engine, other, "paying");
    await engine.client.send(other, { type: "Noted", data: {} });
    await operate(engine, other, { type: "skip" });
    assert.equal((await engine.store.totals()).timers, 1);
    await assertSound(engine);
  });

  test("by a command that failed for good asks again when it is redriven, under the same id", async (t) => {
    const sides = new Sides();
    sides.settle = () => failed("invalid");
    const engine = await start(t, memoryDatabase(), sides);
    const runId = await book(engine);
    await parks(engine, runId);
    sides.settle = answeredAsAsked;
    await operate(engine, runId, { type: "redrive" });
    await reaches(engine, runId, "paying");
    assert.deepEqual(
      sides.rooms.map(({ commandId, attempt }) => [commandId === sides.rooms[0]?.commandId, attempt]),
      [
        [true, 1],
        [true, 2],
      ],
    );
    await assertSound(engine);
  });

  test("by an undo that failed is freed by skipping that undo alone", async (t) => {
    const sides = new Sides();
    sides.settle = (command) => (command.type === "HoldRoom" ? answered("RoomHeld") : failed("invalid"));
    const engine = await start(t, memoryDatabase(), sides);
    const runId = await book(engine);
    await reaches(engine, runId, "paying");
    await operate(engine, runId, { type: "cancel", compensate: true });
    await parks(engine, runId);
    await operate(engine, runId, { type: "skip" });
    assert.equal((await engine.client.waitFinal(runId, 5_000))?.outcome, "canceled");
    assert.equal(sides.seats.at(-1)?.type, "ReleaseSeat");
    await assertSound(engine);
  });
});

describe("a retry", () => {
  test("sends a command now that would wait for an hour", async (t) => {
    const sides = new Sides();
    sides.settle = ({ attempt }) => (attempt === 1 ? failed("unavailable") : answered("RoomHeld"));
    const engine = await start(t, memoryDatabase(), sides);
    const runId = await book(engine);
    await until(
      "the room waits",
      async () => (await engine.client.require(runId)).commands[0]?.phase === "waiting",
    );
    await operate(engine, runId, { type: "retry" });
    await reaches(engine, runId, "paying");
    await assertSound(engine);
  });

  test("meets an answer of the old attempt as one of the same command, and its failure as nothing", async (t) => {
    for (const late of [answered("RoomHeld"), failed("invalid")]) {
      const sides = new Sides();
      sides.settle = () => ({ type: "delivered" });
      const engine = await start(t, memoryDatabase(), sides);
      const runId = await book(engine);
      await until(
        "it is delivered",
        async () => (await engine.client.require(runId)).commands[0]?.phase === "delivered",
      );
      await operate(engine, runId, { type: "retry" });
      await until("it is asked again", () => sides.rooms.length === 2);
      const { commandId = "" } = sides.rooms[0] ?? {};
      await engine.submit({ kind: "settled", runId, commandId, attempt: 1, settlement: late });
      const { state, parked } = await engine.client.require(runId);
      assert.deepEqual([state, parked], [late.type === "answered" ? "paying" : "room", null]);
      await until("the outbox is settled", async () => (await engine.store.totals()).outboxDepth === 0);
      await assertSound(engine);
    }
  });

  test("is refused for what a participant has carried out within the batch", async (t) => {
    const engine = await start(t, memoryDatabase(), new Sides(), {
      participants: [
        transactional("air", ["HoldSeat", "ReleaseSeat"], () => null),
        ...new Sides().participants.slice(1),
      ],
    });
    const runId = await book(engine);
    assert.equal((await engine.client.require(runId)).commands[0]?.phase, "delivered");
    assert.equal(rejectionOf(await operate(engine, runId, { type: "retry" })), "FLOW_NOTHING_TO_RETRY");
    await engine.client.send(runId, { type: "SeatHeld", data: {} });
    await reaches(engine, runId, "paying");
  });
});

describe("versions", () => {
  const paying: StateDefinition = {
    on: { Paid: "going", Noted: "going" },
    after: { delay: "1h", target: "unpaid" },
  };
  const second: FlowDefinition = {
    ...trip,
    version: 2,
    migrations: [{ from: 1, states: { paying: "awaiting-money" } }],
    states: {
      seat: trip.states["seat"] ?? {},
      room: { ...trip.states["room"], on: { RoomHeld: "awaiting-money" } },
      "awaiting-money": paying,
      going: { final: "going" },
      unpaid: { final: "unpaid" },
    },
  };

  test("a migration to the version that the run has, or to one that is not served, is refused", async (t) => {
    const engine = await start(t, memoryDatabase(), new Sides(), { flows: [trip, second] });
    const { runId } = await engine.client.start("trip", { data: {} });
    await reaches(engine, runId, "awaiting-money");
    assert.equal((await engine.client.require(runId)).flowVersion, 2);
    assert.equal(
      rejectionOf(await operate(engine, runId, { type: "migrate", toVersion: 2 })),
      "FLOW_MIGRATION_REFUSED",
    );
    assert.equal(
      rejectionOf(await operate(engine, runId, { type: "migrate", toVersion: 3 })),
      "FLOW_MIGRATION_MISSING",
    );
  });

  test("a run of the old version is migrated and redriven after a restart with both", async (t) => {
    const database = memoryDatabase();
    const sides = new Sides();
    const refusing: FlowDefinition = {
      ...trip,
      states: {
        ...trip.states,
        paying: {
          ...paying,
          on: { Paid: "going", Noted: { guard: () => assert.fail("broken"), target: "going" } },
        },
      },
    };
    const first = await start(t, database, sides, { flows: [refusing] });
    const runId = await book(first);
    await reaches(first, runId, "paying");
    await first.client.send(runId, { type: "Noted", data: {} });
    await first.stop();
    const both = await start(t, database, sides, { flows: [refusing, second], engineId: "engine-2" });
    await operate(both, runId, { type: "migrate", toVersion: 2 });
    const migrated = await both.client.require(runId);
    assert.deepEqual(
      [migrated.flowVersion, migrated.state, migrated.parked],
      [2, "awaiting-money", "rule-failed"],
    );
    await assertSound(both);
    await operate(both, runId, { type: "redrive" });
    assert.equal((await both.client.require(runId)).outcome, "going");
    await assertSound(both);
  });

  test("runs that take steps back, or were canceled, do not hinder an engine that starts", async (t) => {
    const database = memoryDatabase();
    const sides = new Sides();
    sides.settle = (command) => (command.type === "HoldRoom" ? answered("RoomHeld") : { type: "delivered" });
    const first = await start(t, database, sides);
    const [undoing, canceled] = [await book(first), await book(first)];
    for (const runId of [undoing, canceled]) await reaches(first, runId, "paying");
    await operate(first, undoing, { type: "cancel", compensate: true });
    await operate(first, canceled, { type: "cancel", compensate: false });
    await first.stop();
    const again = await start(t, database, sides, { engineId: "engine-2" });
    await again.client.send(undoing, { type: "RoomReleased", data: {} });
    assert.equal((await again.client.waitFinal(undoing, 5_000))?.outcome, "canceled");
    await again.stop();
    const newest = await start(t, database, sides, { engineId: "engine-3", flows: [second] });
    assert.equal((await newest.client.require(canceled)).outcome, "canceled");
  });

  test("a version in which runs still take steps back is not left out", async (t) => {
    const database = memoryDatabase();
    const sides = new Sides();
    sides.settle = (command) => (command.type === "HoldRoom" ? answered("RoomHeld") : { type: "delivered" });
    const first = await start(t, database, sides);
    const runId = await book(first);
    await reaches(first, runId, "paying");
    await operate(first, runId, { type: "cancel", compensate: true });
    await first.stop();
    await assert.rejects(start(t, database, sides, { engineId: "engine-2", flows: [second] }), {
      code: "FLOW_VERSION_MISSING",
      message: /1 in trip version 1, state compensating/,
    });
  });
});
