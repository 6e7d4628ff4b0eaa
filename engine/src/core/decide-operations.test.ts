import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import { decide } from "./decide.ts";
import { LIMITS, RUN_ID, flowOf, rejectedWith, startedIn } from "./fixtures/drive.ts";
import type { Drive } from "./fixtures/drive.ts";
import type { FlowDefinition, StateDefinition } from "./flow.ts";
import type { Operation } from "./inputs.ts";

type States = Record<string, StateDefinition>;

const SHIPPING: States = {
  first: {
    send: { Ship: "data" },
    retry: { attempts: 2, first: "1s", jitter: "none" },
    on: { Shipped: "second", Tick: { update: ({ data }) => ({ ...data, ticked: true }) } },
  },
  second: { on: { Paid: "end" } },
  end: { final: "end" },
};

function started(states: States = SHIPPING, more: Partial<FlowDefinition> = {}): Drive {
  return startedIn(flowOf(states, more));
}

const OPERATIONS: readonly Operation[] = [
  { type: "cancel", compensate: true },
  { type: "cancel", compensate: false },
  { type: "retry" },
  { type: "redrive" },
  { type: "skip" },
  { type: "force", state: "second" },
  { type: "migrate", toVersion: 1 },
];

describe("an operation", () => {
  test("is explained by one entry that names who and why", () => {
    const drive = started();
    const { entry } = drive.operate({ type: "force", state: "second", data: { id: 2 } }, "op-1");
    assert.equal(typeof entry?.digest, "number");
    assert.deepEqual(
      { ...entry, digest: 0 },
      {
        version: 2,
        atMs: drive.nowMs,
        state: "second",
        kind: "forced",
        type: "force",
        eventId: "op-1",
        digest: 0,
        data: { id: 2 },
        by: "ann",
        reason: "a test",
      },
    );
  });

  test("gives no reason where none was given", () => {
    const drive = started();
    const input = { kind: "operation", runId: RUN_ID, id: "op", by: "ann", reason: null } as const;
    const { entry } = drive.input({ ...input, operation: { type: "cancel", compensate: false } });
    assert.deepEqual([entry?.by, entry !== null && "reason" in entry], ["ann", false]);
  });

  test("happens once by its id, and another under the same id is refused", () => {
    const drive = started();
    drive.operate({ type: "force", state: "first" }, "op");
    const again = drive.operate({ type: "force", state: "first" }, "op");
    assert.deepEqual([again.run, again.answer], [null, { outcome: "applied", version: 2, isRepeat: true }]);
    assert.equal(
      rejectedWith(drive.operate({ type: "force", state: "second" }, "op")),
      "FLOW_IDEMPOTENCY_CONFLICT",
    );
    assert.equal(rejectedWith(drive.event("Tick", {}, "op")), "FLOW_IDEMPOTENCY_CONFLICT");
  });

  test("is the same one whatever the order of its data's members", () => {
    const drive = started();
    const force = (data: JsonObject) => drive.operate({ type: "force", state: "first", data }, "op").answer;
    force({ id: 1, list: { a: [1, 2], b: null } });
    const again = force({ list: { b: null, a: [1, 2] }, id: 1 });
    assert.deepEqual(again, { outcome: "applied", version: 2, isRepeat: true });
    assert.equal(force({ list: { b: null, a: [2, 1] }, id: 1 }).outcome, "rejected");
  });

  test("of two operators happens in their order, and the later one is told what it meets", () => {
    const drive = started();
    drive.operate({ type: "cancel", compensate: false }, "of-ann");
    assert.equal(rejectedWith(drive.operate({ type: "force", state: "second" }, "of-bob")), "FLOW_RUN_FINAL");
    assert.equal(drive.operate({ type: "cancel", compensate: false }, "of-ann").answer.outcome, "applied");
    const both = started();
    both.operate({ type: "force", state: "second" }, "of-ann");
    both.operate({ type: "force", state: "first" }, "of-bob");
    assert.deepEqual([both.run.state, both.run.version], ["first", 3]);
  });

  test("on a run that ended or does not exist is refused", () => {
    const drive = started({ first: { final: "x" } });
    for (const operation of OPERATIONS)
      assert.equal(rejectedWith(drive.operate(operation)), "FLOW_RUN_FINAL", operation.type);
    const input = { kind: "operation", runId: "x", id: "1", by: "ann", reason: null } as const;
    const nobody = decide(drive.flow, null, { ...input, operation: { type: "retry" } }, 0, LIMITS);
    assert.equal(rejectedWith(nobody), "FLOW_UNKNOWN_RUN");
  });

  test("is taken in by a run whose history is full", () => {
    const drive = started();
    while (drive.run.version < LIMITS.entriesMax) drive.event("Tick");
    assert.equal(drive.operate({ type: "cancel", compensate: false }).answer.outcome, "applied");
  });

  test("with data that is nested too deep is refused", () => {
    let deep: Json = {};
    for (let n = 0; n < 100_000; n++) deep = { deep };
    const decision = started().operate({ type: "force", state: "second", data: { id: 1, deep } });
    assert.equal(rejectedWith(decision), "FLOW_BAD_DATA");
  });
});

describe("force", () => {
  test("puts the run into a state as if a transition had led there", () => {
    const drive = started({
      ...SHIPPING,
      second: { send: { Ask: "data" }, on: { Paid: "end" }, after: { delay: "1s", target: "end" } },
    });
    drive.operate({ type: "force", state: "second" });
    assert.deepEqual([drive.run.state, drive.underWay, drive.kinds], ["second", ["Ask"], ["after"]]);
    assert.deepEqual(
      drive.last?.send.map(({ id }) => id),
      [`${RUN_ID}:2:0`],
    );
  });

  test("into the same state begins it anew: another command, another visit", () => {
    const drive = started({
      ...SHIPPING,
      first: { ...SHIPPING["first"], deadline: { delay: "1m", target: "end" } },
    });
    const before = drive.run.timers[0]?.number;
    drive.nowMs += 5_000;
    drive.operate({ type: "force", state: "first" });
    assert.deepEqual([drive.command.id, drive.run.enteredAtMs], [`${RUN_ID}:2:0`, drive.nowMs]);
    assert.deepEqual(
      drive.run.timers.map(({ dueAtMs }) => dueAtMs - drive.nowMs),
      [60_000],
    );
    assert.notEqual(drive.run.timers[0]?.number, before);
  });

  test("into a final state ends the run", () => {
    const drive = started();
    drive.operate({ type: "force", state: "end" });
    assert.deepEqual([drive.run.outcome, drive.run.commands], ["end", []]);
    const canceled = started();
    canceled.operate({ type: "force", state: "canceled" });
    assert.equal(canceled.run.outcome, "canceled");
  });

  test("into a state that is unknown, or that only a compensation leads to, is refused", () => {
    for (const state of ["nowhere", "compensating"]) {
      const decision = started().operate({ type: "force", state });
      assert.equal(rejectedWith(decision), "FLOW_UNKNOWN_STATE");
      assert.match(JSON.stringify(decision.answer), /expected one of: canceled, first, second, end/);
    }
  });

  test("with data that breaks the schema, is too large, or that the state cannot be entered with is refused", () => {
    const states: States = {
      ...SHIPPING,
      second: { send: { Ship: { pick: ["other"] } }, on: { Shipped: "end" } },
    };
    const refused = (state: string, data?: Record<string, Json>) =>
      rejectedWith(
        started(states).operate({ type: "force", state, ...(data === undefined ? {} : { data }) }),
      );
    assert.equal(refused("end", { other: 1 }), "FLOW_BAD_DATA");
    assert.equal(refused("end", { id: "x".repeat(3_000) }), "FLOW_DATA_TOO_LARGE");
    assert.equal(refused("second"), "FLOW_BAD_DATA");
  });

  test("keeps what can be taken back: steps, commands that are given up, and a compensation it interrupts", () => {
    const undo = { Ship: { send: { Ask: "data" as const } } };
    const states: States = {
      ...SHIPPING,
      first: { ...SHIPPING["first"], undo },
      second: {
        send: { Ship: "data" },
        undo,
        on: { Shipped: "end", Tick: { target: "end", compensate: true } },
      },
    };
    const drive = started(states);
    drive.operate({ type: "force", state: "second" });
    assert.deepEqual(
      drive.run.steps.map(({ commandId }) => commandId),
      [`${RUN_ID}:1:0`],
    );
    drive.event("Tick");
    drive.operate({ type: "force", state: "second" });
    assert.deepEqual([drive.run.state, drive.run.compensation], ["second", null]);
    assert.deepEqual(
      drive.run.steps.map(({ commandId }) => commandId),
      [`${RUN_ID}:1:0`, `${RUN_ID}:2:0`],
    );
  });

  test("passes a join that has nothing to wait for", () => {
    const many: StateDefinition = { send: { Ship: { each: "/none" } }, join: { wait: "all", then: "end" } };
    const drive = started({ ...SHIPPING, many });
    drive.operate({ type: "force", state: "many", data: { id: 1, none: [] } });
    assert.equal(drive.run.outcome, "end");
  });

  test("frees a parked run: what parked it is dropped, what waited behind is taken in there", () => {
    const drive = started();
    drive.fail("missing");
    drive.event("Paid", {}, "e1");
    drive.operate({ type: "force", state: "second" });
    assert.deepEqual([drive.run.outcome, drive.run.parked, drive.letters], ["end", null, []]);
    assert.deepEqual(
      drive.history.slice(-2).map(({ kind, type, letter }) => [kind, type, letter]),
      [
        ["forced", "force", undefined],
        ["event", "Paid", 3],
      ],
    );
  });
});

describe("retry", () => {
  test("sends a command that waits now, as the attempt that comes next, with all attempts before it", () => {
    const drive = started();
    drive.fail("unavailable");
    const decision = drive.operate({ type: "retry" });
    assert.deepEqual(
      decision.send.map(({ id, attempt, phase }) => [id, attempt, phase]),
      [[`${RUN_ID}:1:0`, 2, "sending"]],
    );
    assert.deepEqual([drive.kinds, drive.command.attemptsForgiven], [[], 1]);
    drive.fail("unavailable");
    assert.equal(drive.command.phase, "waiting", "one attempt of two is forgiven");
    assert.equal(drive.last?.entry?.nextAtMs, drive.nowMs + 1_000, "the wait begins anew as well");
    drive.fire("retry");
    drive.fail("unavailable");
    assert.equal(drive.run.parked, "command-gave-up");
  });

  test("sends a command again whose answer may have got lost, and a late word about the old attempt is known as such", () => {
    const drive = started();
    drive.settle({ type: "delivered" });
    drive.operate({ type: "retry" });
    assert.deepEqual([drive.command.attempt, drive.command.phase], [2, "sending"]);
    const error = { code: "X", kind: "missing", message: "no" } as const;
    assert.equal(drive.settle({ type: "failed", error }, undefined, 1).answer.outcome, "stale");
    assert.equal(drive.settle({ type: "delivered" }, undefined, 1).answer.outcome, "stale");
    assert.equal(
      drive.settle({ type: "answered", event: { type: "Shipped", data: {} } }, undefined, 1).answer.outcome,
      "applied",
    );
    assert.equal(drive.run.state, "second");
  });

  test("leaves alone what is under way, and is refused when nothing waits", () => {
    const states: States = {
      ...SHIPPING,
      first: { send: { Ship: "data", Ask: "data" }, on: { Shipped: "second", Paid: "second" } },
    };
    const drive = started(states);
    assert.equal(rejectedWith(drive.operate({ type: "retry" })), "FLOW_NOTHING_TO_RETRY");
    drive.settle({ type: "delivered" }, `${RUN_ID}:1:1`);
    const { send } = drive.operate({ type: "retry" });
    assert.deepEqual(
      send.map(({ type }) => type),
      ["Ask"],
    );
    assert.deepEqual(
      drive.run.commands.map(({ attempt }) => attempt),
      [1, 2],
    );
  });

  test("leaves a poll to its schedule, a child run to its end, and what is carried out already to its answer", () => {
    const polling = started({
      first: { poll: { send: { Ask: "data" }, every: "1s" }, on: { Paid: "end" } },
      end: { final: "end" },
    });
    polling.fire("poll");
    polling.settle({ type: "failed", error: { code: "X", kind: "timeout", message: "" } });
    assert.equal(rejectedWith(polling.operate({ type: "retry" })), "FLOW_NOTHING_TO_RETRY");
    const parent = started(
      { first: { send: { Ship: "data" }, on: { Shipped: "end" } }, end: { final: "end" } },
      { commands: { Ship: { flow: "parcel", outcomes: { sent: "Shipped" } } } },
    );
    parent.settle({ type: "delivered", childId: "child" });
    assert.equal(rejectedWith(parent.operate({ type: "retry" })), "FLOW_NOTHING_TO_RETRY");
    const carriedOut = started();
    carriedOut.settle({ type: "delivered", isCarriedOut: true });
    assert.equal(rejectedWith(carriedOut.operate({ type: "retry" })), "FLOW_NOTHING_TO_RETRY");
  });

  test("of a parked run is a redrive", () => {
    const drive = started();
    drive.fail("missing");
    drive.operate({ type: "retry" });
    assert.deepEqual([drive.run.parked, drive.command.attempt, drive.command.phase], [null, 2, "sending"]);
    assert.deepEqual(
      drive.history.slice(-2).map(({ kind }) => kind),
      ["redriven", "retried"],
    );
  });

  test("of an undo sends it again", () => {
    const drive = started({
      ...SHIPPING,
      first: { ...SHIPPING["first"], undo: { Ship: { send: { Ask: "data" } } } },
    });
    drive.operate({ type: "cancel", compensate: true });
    drive.settle({ type: "delivered" });
    const { send } = drive.operate({ type: "retry" });
    assert.deepEqual(
      send.map(({ type, purpose, attempt }) => [type, purpose, attempt]),
      [["Ask", "undo", 2]],
    );
  });
});

describe("skip", () => {
  test("is for parked runs, as is redrive", () => {
    const drive = started();
    assert.equal(rejectedWith(drive.operate({ type: "skip" })), "FLOW_RUN_NOT_PARKED");
    assert.equal(rejectedWith(drive.operate({ type: "redrive" })), "FLOW_RUN_NOT_PARKED");
  });

  const broken = () => {
    throw new Error("rule is broken");
  };

  test("drops the event that parked the run and takes in those behind it", () => {
    const drive = started({
      ...SHIPPING,
      first: { ...SHIPPING["first"], on: { Paid: { update: broken }, Tick: "second" } },
    });
    drive.event("Paid");
    drive.event("Tick");
    drive.operate({ type: "skip" });
    assert.deepEqual([drive.run.state, drive.run.parked, drive.letters], ["second", null, []]);
  });

  test("of a failed command waits for it no more, and can still take it back", () => {
    const undo = { Ship: { send: { Ask: "data" as const } } };
    const on = { ...SHIPPING["first"]?.on, Paid: "second" };
    const drive = started({ ...SHIPPING, first: { ...SHIPPING["first"], on, undo } });
    drive.fail("missing");
    drive.operate({ type: "skip" });
    assert.deepEqual([drive.run.parked, drive.underWay, drive.steps], [null, [], ["Ship"]]);
    drive.event("Paid");
    assert.equal(drive.run.state, "second");
  });

  test("of an answer lets `unless` say whether there is something to take back", () => {
    const undo = { Ship: { send: { Ask: "data" as const }, unless: ["Strict"] } };
    const on = { Shipped: { target: "second", update: broken }, Strict: { update: broken }, Paid: "second" };
    const stepsAfter = (type: string) => {
      const drive = started({ ...SHIPPING, first: { ...SHIPPING["first"], on, undo } });
      drive.answer(type, { by: 1 });
      assert.equal(drive.run.parked, "rule-failed");
      drive.operate({ type: "skip" });
      return drive.steps;
    };
    assert.deepEqual([stepsAfter("Shipped"), stepsAfter("Strict")], [["Ship"], []]);
    const silent = started({ ...SHIPPING, first: { ...SHIPPING["first"], on, undo } });
    silent.settle({ type: "no-news" });
    silent.operate({ type: "skip" });
    assert.deepEqual(silent.steps, ["Ship"], "a word that says nothing leaves it open");
  });

  test("of an event that answered a command takes that for answered, unless its answer waits behind", () => {
    const undo = { Ship: { send: { Ask: "data" as const } } };
    const on = { Shipped: { target: "second", update: broken }, Tick: "second" };
    const answered = started({ ...SHIPPING, first: { ...SHIPPING["first"], on, undo } });
    answered.settle({ type: "delivered" });
    answered.event("Shipped");
    answered.operate({ type: "skip" });
    assert.deepEqual([answered.run.parked, answered.underWay, answered.steps], [null, [], ["Ship"]]);
    const told = started({ ...SHIPPING, first: { ...SHIPPING["first"], on, undo } });
    told.settle({ type: "delivered" });
    told.event("Shipped");
    told.settle({ type: "answered", event: { type: "Shipped", data: {} } });
    told.operate({ type: "skip" });
    assert.deepEqual([told.run.parked, told.underWay, told.letters.length], ["rule-failed", ["Ship"], 1]);
    const unsent = started({ ...SHIPPING, first: { ...SHIPPING["first"], on, undo } });
    unsent.event("Shipped");
    unsent.operate({ type: "skip" });
    assert.deepEqual([unsent.run.parked, unsent.underWay], [null, ["Ship"]]);
  });

  test("of an event that answered an undo counts that as done", () => {
    const undo = { Ship: { send: { Ask: "data" as const } } };
    const second: StateDefinition = { send: { Ship: { pick: [] } }, on: { Shipped: "end" } };
    const cancel: StateDefinition = {
      ...SHIPPING["first"],
      undo,
      on: { Tick: { target: "second", compensate: true } },
    };
    const drive = started({ ...SHIPPING, first: cancel, second });
    drive.event("Tick");
    drive.settle({ type: "delivered" });
    drive.event("Paid");
    assert.equal(drive.run.parked, "rule-failed");
    assert.equal(
      rejectedWith(drive.operate({ type: "skip" })),
      "FLOW_BAD_DATA",
      "the target still cannot be entered",
    );
    drive.flow = flowOf({ ...SHIPPING, first: cancel });
    drive.operate({ type: "skip" });
    assert.deepEqual([drive.run.parked, drive.run.state], [null, "second"]);
  });

  test("of the last command of a join goes on with the join", () => {
    const drive = started({
      ...SHIPPING,
      first: {
        send: { Ship: "data", Ask: "data" },
        on: { Shipped: {}, Paid: {} },
        join: { wait: "all", then: "second" },
      },
    });
    drive.settle({ type: "answered", event: { type: "Paid", data: {} } }, `${RUN_ID}:1:1`);
    drive.fail("missing");
    drive.operate({ type: "skip" });
    assert.deepEqual([drive.run.state, drive.run.parked], ["second", null]);
  });

  test("of a timer clears it", () => {
    const drive = started({
      ...SHIPPING,
      second: {
        after: [
          { delay: "1s", event: "Tick" },
          { delay: "1h", target: "end" },
        ],
        on: { Tick: { update: broken } },
      },
    });
    drive.answer("Shipped");
    drive.fire("after");
    assert.deepEqual([drive.run.parked, drive.kinds], ["rule-failed", ["after", "after"]]);
    drive.operate({ type: "skip" });
    assert.deepEqual([drive.run.parked, drive.kinds], [null, ["after"]]);
  });

  test("of a query goes on asking", () => {
    let isBroken = true;
    const poll = {
      send: { Ask: () => (isBroken ? broken() : {}) },
      every: "10s",
      giveUp: { delay: "1h", target: "end" },
    } as const;
    const polling: States = {
      first: { poll, on: { Paid: { target: "second", update: broken } } },
      second: {},
      end: { final: "end" },
    };
    const unasked = started(polling);
    unasked.fire("poll");
    assert.equal(unasked.run.parked, "rule-failed");
    unasked.operate({ type: "skip" });
    const [timer] = unasked.run.timers.filter(({ kind }) => kind === "poll");
    assert.equal(timer?.index, 1);
    assert.ok(timer.dueAtMs >= unasked.nowMs + 9_000);
    isBroken = false;
    unasked.fire("poll");
    assert.equal(unasked.command.attempt, 2);
    unasked.answer("Paid");
    assert.equal(unasked.run.parked, "rule-failed");
    unasked.operate({ type: "skip" });
    assert.deepEqual([unasked.underWay, unasked.kinds.toSorted()], [[], ["give-up", "poll"]]);
  });

  test("of a query whose poll is gone only drops it", () => {
    const poll = { send: { Ask: broken }, every: "10s", giveUp: { delay: "1h", target: "end" } } as const;
    const drive = started({
      first: { poll, on: { Paid: "end" } },
      second: { on: { Tick: "end" } },
      end: { final: "end" },
    });
    drive.fire("poll");
    drive.known = { run: { ...drive.run, state: "second" }, seen: new Map() };
    drive.operate({ type: "skip" });
    assert.deepEqual(drive.kinds, ["give-up"]);
  });

  test("that would leave the run with nothing to wait for is refused", () => {
    const drive = started({ ...SHIPPING, first: { send: { Ship: "data" }, on: { Shipped: "second" } } });
    drive.fail("missing");
    const decision = drive.operate({ type: "skip" });
    assert.equal(rejectedWith(decision), "FLOW_WOULD_STRAND");
    assert.equal(drive.run.parked, "command-refused");
  });

  test("with an event behind it that nothing takes parks the run with that event", () => {
    const drive = started({ ...SHIPPING, first: { send: { Ship: "data" }, on: { Shipped: "second" } } });
    drive.fail("missing");
    drive.event("Tick");
    drive.operate({ type: "skip" });
    assert.deepEqual(
      [drive.run.parked, drive.letters.map(({ input }) => input.kind)],
      ["answer-not-taken", ["event"]],
    );
  });

  test("of a run whose letters are gone lets it go on", () => {
    const drive = started();
    drive.fail("missing");
    drive.letters = [];
    drive.operate({ type: "skip" });
    assert.deepEqual([drive.run.parked, drive.underWay], [null, ["Ship"]]);
  });

  test("of a command that the run waits for no more only drops the letter", () => {
    const drive = started({
      ...SHIPPING,
      first: { ...SHIPPING["first"], on: { Shipped: "second", Paid: "end" } },
    });
    drive.fail("missing");
    drive.known = { run: { ...drive.run, commands: [] }, seen: new Map() };
    drive.operate({ type: "skip" });
    assert.deepEqual([drive.run.parked, drive.run.state], [null, "first"]);
  });
});
