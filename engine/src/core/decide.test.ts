import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import { compileFlow } from "./compile-flow.ts";
import { decide } from "./decide.ts";
import {
  Drive,
  LIMITS,
  compileSchema,
  NOW_MS,
  RUN_ID,
  flowOf,
  rejectedWith,
  startedIn,
} from "./fixtures/drive.ts";
import type { FlowDefinition, StateDefinition } from "./flow.ts";
import { pollWaitMs } from "./rules/polls.ts";
import { activeTimers } from "./run.ts";

function started(states: Record<string, StateDefinition>, more: Partial<FlowDefinition> = {}): Drive {
  return startedIn(flowOf(states, more));
}

describe("start", () => {
  test("a start makes version 1, issues the first state's commands and sets its timers", () => {
    const drive = started({
      first: {
        businessState: "open",
        send: { Ship: "data" },
        on: { Shipped: "end" },
        after: { delay: "5s", target: "end" },
      },
      end: { final: "done" },
    });
    assert.equal(drive.run.version, 1);
    assert.equal(drive.run.businessState, "open");
    assert.deepEqual(drive.run.commands[0]?.id, `${RUN_ID}:1:0`);
    assert.deepEqual(drive.last?.send.length, 1);
    assert.deepEqual(drive.run.timers, [{ number: 1, kind: "after", dueAtMs: NOW_MS + 5_000, index: 0 }]);
    assert.deepEqual(drive.last?.entry, {
      version: 1,
      atMs: NOW_MS,
      state: "first",
      kind: "started",
      data: { id: 1 },
      commands: [{ id: `${RUN_ID}:1:0`, type: "Ship" }],
    });
  });

  test("data that breaks the flow's schema starts nothing", () => {
    assert.equal(rejectedWith(new Drive(flowOf({})).start({ other: 1 })), "FLOW_BAD_DATA");
  });

  test("data above the limit starts nothing", () => {
    assert.equal(rejectedWith(new Drive(flowOf({})).start({ id: "x".repeat(3_000) })), "FLOW_DATA_TOO_LARGE");
    assert.equal(rejectedWith(new Drive(flowOf({})).start({ id: "ü".repeat(1_000) })), "FLOW_DATA_TOO_LARGE");
    assert.equal(new Drive(flowOf({})).start({ id: "x".repeat(1_900) }).answer.outcome, "started");
  });

  test("a run keeps what the store will give back, and nothing that its caller can still change", () => {
    const order = { id: 1, lines: [{ units: 1 }], note: undefined };
    const drive = new Drive(flowOf({ first: { send: { Ship: "data" } } }));
    drive.start(order as unknown as JsonObject);
    order.lines.push({ units: 2 });
    const { data, dataText, commands } = drive.run;
    assert.deepStrictEqual(data, { id: 1, lines: [{ units: 1 }] });
    assert.deepStrictEqual(JSON.parse(dataText), data);
    assert.deepStrictEqual(commands[0]?.data, data);
  });

  test("a first state that cannot be entered starts nothing", () => {
    const bad = flowOf({ first: { send: { Ship: { pick: ["other"] } } } });
    assert.equal(rejectedWith(new Drive(bad).start()), "FLOW_BAD_DATA");
  });

  test("a start that comes again with its idempotency key answers as the first time", () => {
    const drive = new Drive(flowOf({}));
    drive.start({ id: 1 }, { startId: "k" });
    assert.deepEqual(drive.start({ id: 1 }, { startId: "k" }).answer, {
      outcome: "existing",
      version: 1,
      isRepeat: true,
    });
    assert.equal(rejectedWith(drive.start({ id: 2 }, { startId: "k" })), "FLOW_IDEMPOTENCY_CONFLICT");
    assert.equal(rejectedWith(drive.start({ id: 1 }, { startId: "other" })), "FLOW_RUN_EXISTS");
  });

  test("a start without any key that comes again is our own repeat", () => {
    const drive = new Drive(flowOf({}));
    drive.start();
    assert.equal(drive.start().answer.outcome, "existing");
    assert.equal(rejectedWith(drive.start({ id: 2 })), "FLOW_RUN_EXISTS");
  });

  test("a key is taken once", () => {
    const drive = new Drive(flowOf({}));
    drive.start({ id: 1 }, { key: "order-1" });
    assert.equal(rejectedWith(drive.start({ id: 1 }, { key: "order-1" })), "FLOW_RUN_EXISTS");
  });

  test("a first state that is final ends the run at once", () => {
    const drive = started({ first: { final: "empty" } }, { deadline: { delay: "1h", target: "first" } });
    assert.equal(drive.run.outcome, "empty");
    assert.deepEqual(drive.run.timers, []);
  });
});

describe("events", () => {
  const states: Record<string, StateDefinition> = {
    first: {
      on: {
        Paid: [
          { guard: ({ event }) => (event as { much?: boolean }).much === true, target: "rich" },
          { target: "second", update: ({ data, event }) => ({ ...data, paid: event }) },
        ],
        Tick: { update: ({ data }) => ({ ...data, ticks: Number(data["ticks"] ?? 0) + 1 }) },
        Strict: "second",
      },
      after: [{ delay: "1s", event: "Tick" }],
    },
    second: { final: "paid" },
    rich: { final: "rich" },
  };

  test("the first transition with a true guard is taken", () => {
    const rich = started(states);
    rich.event("Paid", { much: true });
    assert.equal(rich.run.outcome, "rich");
    const poor = started(states);
    poor.event("Paid", { much: false });
    assert.equal(poor.run.state, "second");
    assert.deepEqual(poor.run.data, { id: 1, paid: { much: false } });
    assert.equal(poor.run.dataText, '{"id":1,"paid":{"much":false}}');
  });

  test("a transition without target changes data and keeps the state's timers", () => {
    const drive = started(states);
    drive.event("Tick");
    assert.deepEqual(drive.run.data, { id: 1, ticks: 1 });
    assert.equal(drive.run.timers[0]?.number, 1);
    assert.equal(drive.run.enteredAtMs, NOW_MS);
  });

  test("data that is nested too deep is refused wherever it comes from", () => {
    let deep: Json = {};
    for (let n = 0; n < 100_000; n++) deep = [deep];
    assert.equal(rejectedWith(new Drive(flowOf({})).start({ id: deep })), "FLOW_BAD_DATA");
    const drive = started(states);
    assert.equal(rejectedWith(drive.event("Paid", deep)), "FLOW_BAD_EVENT");
    const asking = started({
      first: { send: { Ship: "data" }, on: { Shipped: "second" } },
      second: { final: "x" },
    });
    asking.answer("Shipped", deep);
    assert.equal(asking.last?.deadLetter?.error?.code, "FLOW_BAD_ANSWER");
    assert.doesNotThrow(() => JSON.stringify(asking.last));
    assert.equal(rejectedWith(drive.start({ id: deep })), "FLOW_BAD_DATA");
  });

  test("what JSON would change is refused wherever it comes from", () => {
    const refused = new Drive(flowOf({})).start({ id: Number.POSITIVE_INFINITY });
    assert.equal(rejectedWith(refused), "FLOW_BAD_DATA");
    assert.match(JSON.stringify(refused.answer), /\/id is Infinity, expected a finite number/);
    const drive = started({
      first: {
        send: { Ship: "data" },
        on: { Shipped: "second", Paid: { target: "second", update: "merge" } },
      },
      second: { final: "x" },
    });
    assert.equal(rejectedWith(drive.event("Paid", { at: new Date(0) as unknown as Json })), "FLOW_BAD_EVENT");
    assert.equal(rejectedWith(drive.start({ id: Number.NaN })), "FLOW_BAD_DATA");
    drive.answer("Shipped", { weight: Number.NaN });
    assert.equal(drive.run.parked, "command-refused");
    assert.equal(drive.last?.deadLetter?.error?.code, "FLOW_BAD_ANSWER");
    assert.match(drive.last?.deadLetter?.error?.message ?? "", /\/weight is NaN/);
  });

  test("an event id that was seen changes nothing and answers as the first time", () => {
    const drive = started(states);
    drive.event("Tick", {}, "e1");
    const again = drive.event("Tick", {}, "e1");
    assert.equal(again.run, null);
    assert.deepEqual(again.answer, { outcome: "applied", version: 2, isRepeat: true });
    assert.equal(rejectedWith(drive.event("Paid", {}, "e1")), "FLOW_IDEMPOTENCY_CONFLICT");
  });

  test("an unexpected event is recorded and changes nothing else, also when it comes again", () => {
    const drive = started(states);
    const before = drive.run;
    assert.equal(drive.event("Shipped", {}, "e1").answer.outcome, "unexpected");
    assert.deepEqual({ ...drive.run, version: 1 }, before);
    assert.equal(drive.event("Shipped", {}, "e1").answer.outcome, "unexpected");
    assert.equal(drive.run.version, 2);
  });

  test("an event to a final run is unexpected", () => {
    const drive = started(states);
    drive.event("Paid");
    assert.equal(drive.event("Tick").answer.outcome, "unexpected");
  });

  test("an event that is unknown, wrong or for nobody is refused", () => {
    const drive = started(states);
    assert.equal(rejectedWith(drive.event("Nothing")), "FLOW_UNKNOWN_EVENT");
    assert.equal(rejectedWith(drive.event("Strict")), "FLOW_BAD_EVENT");
    const nobody = decide(
      drive.flow,
      null,
      { kind: "event", runId: "x", id: "1", type: "Paid", data: {} },
      0,
      LIMITS,
    );
    assert.equal(rejectedWith(nobody), "FLOW_UNKNOWN_RUN");
  });

  test("a history that is full takes no more events", () => {
    const drive = started(states);
    while (drive.run.version < LIMITS.entriesMax) drive.event("Tick");
    assert.equal(rejectedWith(drive.event("Tick")), "FLOW_HISTORY_FULL");
  });

  test("an event that makes the data too large is refused to its sender", () => {
    const drive = started(states);
    assert.equal(rejectedWith(drive.event("Paid", { text: "x".repeat(3_000) })), "FLOW_DATA_TOO_LARGE");
  });

  test("merge, set and pick do what functions would", () => {
    const drive = started({
      first: { on: { Paid: { target: "second", update: "merge" } } },
      second: {
        on: {
          Tick: {
            guard: { schema: { must: "event" } },
            target: "third",
            update: {
              set: { "/by": { from: "/event/by" }, "/n": { value: 7 }, "/none": { from: "/event/none" } },
            },
          },
        },
      },
      third: {
        send: { Ship: { pick: ["id", "absent"] } },
        on: { Shipped: "end", Paid: { target: "end", update: "merge" } },
      },
      end: { final: "done" },
    });
    drive.event("Paid", { sum: 5 });
    drive.event("Tick", { by: "me" });
    assert.deepEqual(drive.run.data, { id: 1, sum: 5, by: "me", n: 7 });
    assert.deepEqual(drive.run.commands[0]?.data, { id: 1 });
    drive.event("Paid", "no object");
    assert.deepEqual(drive.run.data, { id: 1, sum: 5, by: "me", n: 7 });
  });
});

describe("parking", () => {
  const states: Record<string, StateDefinition> = {
    first: {
      on: {
        Paid: {
          target: "second",
          guard: () => {
            throw new Error("rule is broken");
          },
        },
        Tick: { update: () => ({ other: 1 }) },
        Shipped: "second",
      },
      after: { delay: "1s", target: "second" },
      send: { Ship: "data" },
    },
    second: { final: "end" },
  };

  test("a rule that throws parks the run with the event as its dead letter", () => {
    const drive = started(states);
    const decision = drive.event("Paid", {}, "e1");
    assert.equal(decision.answer.outcome, "parked");
    assert.equal(drive.run.parked, "rule-failed");
    assert.equal(drive.run.state, "first");
    assert.equal(decision.deadLetter?.reason, "rule-failed");
    assert.match(decision.deadLetter?.error?.stack ?? "", /rule is broken/);
    assert.equal(decision.entry?.error?.stack, undefined);
    assert.deepEqual(activeTimers(drive.run), []);
    assert.equal(drive.event("Paid", {}, "e1").answer.outcome, "parked");
  });

  test("an update that breaks the flow's schema parks the run", () => {
    const drive = started(states);
    drive.event("Tick");
    assert.equal(drive.run.parked, "rule-failed");
    assert.deepEqual(drive.run.data, { id: 1 });
  });

  test("a rule whose result the store could not keep parks the run with its data as it was", () => {
    const results: readonly unknown[] = [{ id: 1, at: new Date(0) }, { id: [undefined] }, [], undefined];
    for (const result of results) {
      const rules: Record<string, StateDefinition> = {
        first: { on: { Tick: { update: () => result as JsonObject } } },
      };
      const drive = new Drive(
        compileFlow(
          { name: "any", version: 1, events: { Tick: {} }, initial: "first", states: rules },
          compileSchema,
        ),
      );
      drive.start();
      drive.event("Tick");
      assert.equal(drive.run.parked, "rule-failed");
      assert.deepEqual(drive.run.data, { id: 1 });
    }
    const sending = started({
      first: { on: { Tick: "second" } },
      second: { send: { Ship: (() => ({ id: new Map() })) as unknown as "data" }, on: { Shipped: "first" } },
    });
    sending.event("Tick");
    assert.equal(sending.run.parked, "rule-failed");
  });

  test("events and answers queue behind a parked run in order, timers sleep", () => {
    const drive = started(states);
    drive.event("Paid");
    const queued = drive.event("Shipped", {}, "e2");
    assert.equal(queued.answer.outcome, "queued");
    assert.equal(queued.deadLetter?.reason, null);
    assert.equal(queued.deadLetter?.version, 3);
    assert.equal(drive.answer("Shipped").answer.outcome, "queued");
    assert.equal(drive.fail("invalid").answer.outcome, "queued");
    const timer = drive.run.timers[0];
    const asleep = drive.input({ kind: "timer", runId: RUN_ID, number: timer?.number ?? 0 });
    assert.equal(asleep.answer.outcome, "stale");
    assert.equal(drive.run.state, "first");
  });

  test("an answer that makes the data too large parks the run", () => {
    const drive = started({
      first: { send: { Ship: "data" }, on: { Shipped: { target: "second", update: "merge" } } },
      second: { final: "end" },
    });
    drive.answer("Shipped", { text: "x".repeat(3_000) });
    assert.equal(drive.run.parked, "data-too-large");
  });

  test("a timer whose target cannot be entered parks the run", () => {
    const drive = started({
      first: { after: { delay: "1s", target: "second" } },
      second: { send: { Ship: { pick: [] } } },
    });
    drive.fire("after");
    assert.equal(drive.run.parked, "rule-failed");
  });

  test("a state that the version lacks is our own mistake", () => {
    const drive = started(states);
    drive.known = { run: { ...drive.run, state: "gone" }, seen: new Map() };
    assert.throws(() => drive.event("Paid"), { code: "FLOW_UNEXPECTED" });
  });
});

describe("commands", () => {
  const states: Record<string, StateDefinition> = {
    first: {
      send: { Ship: "data" },
      retry: { attempts: 3, first: "1s", factor: 2, max: "3s", jitter: "none", never: ["NEVER"] },
      on: { Shipped: "second", Strict: "second" },
    },
    second: { final: "shipped" },
  };

  test("an answer is taken as an event and counts once", () => {
    const drive = started(states);
    const commandId = drive.run.commands[0]?.id ?? "";
    assert.equal(drive.answer("Shipped").answer.outcome, "applied");
    assert.equal(drive.run.outcome, "shipped");
    assert.equal(
      drive.settle({ type: "answered", event: { type: "Shipped", data: {} } }, commandId).answer.outcome,
      "stale",
    );
  });

  test("a delivered command waits for its event and is not repeated", () => {
    const drive = started(states);
    drive.settle({ type: "delivered" });
    assert.equal(drive.run.commands[0]?.phase, "delivered");
    assert.equal(drive.settle({ type: "delivered" }).answer.outcome, "stale");
    assert.equal(drive.event("Shipped").answer.outcome, "applied");
  });

  test("a failed attempt is repeated after its backoff, with the same id", () => {
    const drive = started(states);
    const { id } = drive.run.commands[0] ?? {};
    drive.fail("unavailable");
    assert.deepEqual([drive.run.commands[0]?.phase, drive.run.commands[0]?.attempt], ["waiting", 2]);
    assert.equal(drive.last?.entry?.nextAtMs, NOW_MS + 1_000);
    const again = drive.fire("retry");
    assert.deepEqual(
      again.send.map((command) => [command.id, command.attempt, command.phase]),
      [[id, 2, "sending"]],
    );
    drive.fail("overloaded", { retryAfterMs: 60_000 });
    assert.equal(drive.last?.entry?.nextAtMs, drive.nowMs + 60_000);
  });

  test("the outcome of an attempt that a later one has replaced is stale", () => {
    const drive = started(states);
    drive.fail("timeout");
    assert.equal(
      drive.settle({ type: "failed", error: { code: "X", kind: "timeout", message: "" } }, undefined, 1)
        .answer.outcome,
      "stale",
    );
    assert.equal(drive.fail("timeout").answer.outcome, "stale");
    drive.fire("retry");
    assert.equal(drive.settle({ type: "delivered" }, undefined, 1).answer.outcome, "stale");
  });

  test("an answer counts whichever attempt brought it, and clears the retry", () => {
    const drive = started({ ...states, second: { on: { Paid: "first" } } });
    drive.fail("timeout");
    drive.answer("Shipped");
    assert.equal(drive.run.state, "second");
    assert.deepEqual(drive.run.timers, []);
  });

  test("after the last attempt the run meets commandFailed or is parked", () => {
    const drive = started(states);
    drive.fail("unavailable");
    drive.fire("retry");
    drive.fail("unavailable");
    drive.fire("retry");
    drive.fail("unavailable");
    assert.equal(drive.run.parked, "command-gave-up");
    assert.equal(drive.last?.deadLetter?.input.kind, "settled");
  });

  test("kinds and codes that cannot get better are not repeated", () => {
    for (const kind of ["invalid", "unauthenticated", "forbidden", "missing", "bug"] as const) {
      const drive = started(states);
      drive.fail(kind);
      assert.equal(drive.run.parked, "command-refused", kind);
    }
    const never = started(states);
    never.fail("unavailable", { code: "NEVER" });
    assert.equal(never.run.parked, "command-refused");
  });

  test("a state may handle commandFailed", () => {
    const drive = started({
      first: {
        send: { Ship: "data" },
        on: {
          Shipped: "second",
          commandFailed: { target: "failed", update: ({ data, event }) => ({ ...data, why: event }) },
        },
      },
      second: { final: "shipped" },
      failed: { final: "failed" },
    });
    drive.fail("missing");
    assert.equal(drive.run.outcome, "failed");
    assert.deepEqual(drive.run.data["why"], {
      commandId: `${RUN_ID}:1:0`,
      type: "Ship",
      attempts: 1,
      error: { code: "X", kind: "missing", message: "no" },
    });
  });

  test("a commandFailed that no guard lets through parks the run", () => {
    const drive = started({
      first: {
        send: { Ship: "data" },
        on: { Shipped: "end", commandFailed: { target: "end", guard: () => false } },
      },
      end: { final: "x" },
    });
    drive.fail("missing");
    assert.equal(drive.run.parked, "command-refused");
  });

  test("an answer that is undeclared or wrong is a mistake of the participant", () => {
    const undeclared = started(states);
    undeclared.answer("Paid");
    assert.equal(undeclared.last?.deadLetter?.error?.code, "FLOW_UNDECLARED_EVENT");
    const wrong = started(states);
    wrong.answer("Strict");
    assert.equal(wrong.last?.deadLetter?.error?.code, "FLOW_BAD_ANSWER");
    const silent = started(states);
    silent.settle({ type: "no-news" });
    assert.equal(silent.last?.deadLetter?.error?.code, "FLOW_BAD_ANSWER");
  });

  test("an answer that the state does not take parks a run that waits for nothing else", () => {
    const never = { target: "second", guard: () => false };
    const stranded = started({
      ...states,
      first: { ...states["first"], on: { Shipped: never, Strict: "second" } },
    });
    stranded.answer("Shipped");
    assert.equal(stranded.run.parked, "answer-not-taken");
    const timed = started({
      ...states,
      first: { ...states["first"], on: { Shipped: never }, after: { delay: "1s", target: "second" } },
    });
    timed.answer("Shipped");
    assert.equal(timed.run.parked, null);
    const waiting = started({
      ...states,
      first: { ...states["first"], on: { Shipped: never, Paid: "second" } },
    });
    waiting.answer("Shipped");
    assert.equal(waiting.run.parked, null);
  });

  test("a command without declared answers may get none", () => {
    const drive = started(
      { first: { send: { Ping: "data" }, on: { Paid: "end" } }, end: { final: "x" } },
      { commands: { Ping: { channel: "c" } } },
    );
    drive.answer("Paid");
    assert.match(drive.last?.deadLetter?.error?.message ?? "", /expected one of: none/);
  });

  test("leaving a state withdraws its commands and their retries", () => {
    const drive = started({
      first: { send: { Ship: "data" }, on: { Paid: "second", Shipped: "second" } },
      second: {},
    });
    drive.fail("timeout");
    drive.event("Paid");
    assert.deepEqual([drive.run.commands, drive.run.timers], [[], []]);
  });

  test("a retry whose command is gone does nothing", () => {
    const drive = started(states);
    drive.fail("timeout");
    drive.known = { run: { ...drive.run, commands: [] }, seen: new Map() };
    assert.equal(drive.fire("retry").answer.outcome, "stale");
  });
});

describe("timers", () => {
  test("a timer moves the run or meets it with an event", () => {
    const states: Record<string, StateDefinition> = {
      first: {
        after: [
          { delay: "1s", event: "Tick" },
          { delay: "2s", target: "late" },
        ],
        on: { Tick: { update: ({ data }) => ({ ...data, ticked: true }) } },
      },
      late: { final: "late" },
    };
    const drive = started(states);
    drive.fire("after");
    assert.equal(drive.run.data["ticked"], true);
    assert.equal(drive.last?.entry?.kind, "timer");
    drive.fire("after");
    assert.equal(drive.run.outcome, "late");
  });

  test("a timer that is not set any more does nothing", () => {
    const drive = started({
      first: { after: { delay: "1s", target: "end" }, on: { Paid: "first" } },
      end: { final: "x" },
    });
    drive.event("Paid");
    assert.equal(drive.input({ kind: "timer", runId: RUN_ID, number: 1 }).answer.outcome, "stale");
    assert.equal(drive.run.timers[0]?.number, 2);
  });

  test("a self-transition sets `after` anew and keeps the deadline", () => {
    const drive = started({
      first: {
        after: { delay: "1s", target: "end" },
        deadline: { delay: "10s", target: "end" },
        on: { Paid: "first" },
      },
      end: { final: "x" },
    });
    drive.nowMs += 500;
    drive.event("Paid");
    assert.deepEqual(
      drive.run.timers.map(({ kind, dueAtMs }) => [kind, dueAtMs - NOW_MS]),
      [
        ["deadline", 10_000],
        ["after", 1_500],
      ],
    );
    drive.fire("deadline");
    assert.equal(drive.run.outcome, "x");
  });

  test("the flow's deadline outlives states and ends with the run", () => {
    const drive = started(
      {
        first: { on: { Paid: "second" } },
        second: { on: { Paid: "third" } },
        third: { final: "ok" },
        expired: { final: "expired" },
      },
      { deadline: { delay: "1h", target: "expired" } },
    );
    drive.event("Paid");
    assert.deepEqual(drive.kinds, ["flow-deadline"]);
    drive.fire("flow-deadline");
    assert.equal(drive.run.outcome, "expired");
  });

  test("timers of a definition that has lost them do nothing", () => {
    const drive = started({ first: {} });
    for (const kind of ["after", "deadline", "flow-deadline", "give-up", "poll"] as const) {
      drive.known = { run: { ...drive.run, timers: [{ number: 9, kind, dueAtMs: 1 }] }, seen: new Map() };
      assert.equal(drive.fire(kind).answer.outcome, "stale", kind);
    }
  });
});

describe("polls", () => {
  const states: Record<string, StateDefinition> = {
    first: {
      poll: {
        send: { Ask: "data" },
        first: "1s",
        every: "10s",
        factor: 2,
        max: "30s",
        giveUp: { delay: "5m", target: "lost" },
      },
      on: { Paid: "paid" },
    },
    paid: { final: "paid" },
    lost: { final: "lost" },
  };

  test("a poll asks first soon, then after growing waits, one query at a time", () => {
    const drive = started(states);
    assert.equal(drive.run.timers[0]?.dueAtMs, NOW_MS + 1_000);
    const waits: number[] = [];
    for (let n = 1; n <= 4; n++) {
      const asked = drive.fire("poll");
      assert.deepEqual([asked.send.length, asked.send[0]?.attempt, drive.kinds], [1, n, ["give-up"]]);
      drive.settle({ type: "no-news" });
      waits.push((drive.last?.entry?.nextAtMs ?? 0) - drive.nowMs);
    }
    [10_000, 20_000, 30_000, 30_000].forEach((expected, at) => {
      assert.ok(Math.abs((waits[at] ?? 0) - expected) <= expected / 10, `wait ${at} is ${waits[at]}`);
    });
  });

  test("a query that fails or is answered later is followed by the next, whatever the retry policy", () => {
    const drive = started(states);
    drive.fire("poll");
    drive.fail("bug", { retryAfterMs: 90_000 });
    assert.ok((drive.last?.entry?.nextAtMs ?? 0) >= drive.nowMs + 90_000);
    assert.equal(drive.last?.entry?.error?.code, "X");
    drive.fire("poll");
    drive.settle({ type: "delivered" });
    assert.deepEqual(drive.kinds.toSorted(), ["give-up", "poll"]);
  });

  test("an answer ends the poll, and giving up moves the run", () => {
    const paid = started(states);
    paid.fire("poll");
    paid.answer("Paid");
    assert.equal(paid.run.outcome, "paid");
    const lost = started(states);
    lost.fire("give-up");
    assert.equal(lost.run.outcome, "lost");
  });

  test("a query that cannot be made parks the run, one that has no poll any more is stale", () => {
    const drive = started({
      first: { poll: { send: { Ship: { pick: ["none"] } }, every: "1s" }, on: { Shipped: "end" } },
      end: { final: "x" },
    });
    drive.fire("poll");
    assert.equal(drive.run.parked, "rule-failed");
    const gone = started(states);
    gone.fire("poll");
    gone.known = { run: { ...gone.run, state: "paid" }, seen: new Map() };
    assert.equal(gone.settle({ type: "no-news" }).answer.outcome, "stale");
  });

  test("a query whose count is not known is the first", () => {
    const drive = started(states);
    const timers = [{ number: 9, kind: "poll" as const, dueAtMs: NOW_MS }];
    drive.known = { run: { ...drive.run, timers }, seen: new Map() };
    drive.fire("poll");
    assert.equal(drive.command.attempt, 1);
  });

  test("polls of runs that entered together drift apart by a tenth", () => {
    const poll = flowOf(states).states.get("first")?.poll;
    assert.ok(poll);
    assert.deepEqual(
      [pollWaitMs(poll, 1, 0), pollWaitMs(poll, 1, 0.5), pollWaitMs(poll, 1, 1)],
      [9_000, 10_000, 11_000],
    );
  });
});
