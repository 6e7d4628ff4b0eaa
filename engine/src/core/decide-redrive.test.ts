import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JsonObject } from "@sluice/contracts/envelope";
import { flowOf, startedIn } from "./fixtures/drive.ts";
import type { Drive } from "./fixtures/drive.ts";
import type { StateDefinition } from "./flow.ts";
import { checkAnswer } from "./rules/commands.ts";

type States = Record<string, StateDefinition>;

/** A rule that is broken until somebody mends it. */
class Rule {
  isBroken = true;

  readonly update = ({ data, event }: { data: JsonObject; event: unknown }): JsonObject => {
    if (this.isBroken) throw new Error("rule is broken");
    return { ...data, event: event as JsonObject };
  };
}

/** A run that ships, whose rules for what comes may be broken. */
function shipping(rule: Rule, more: States = {}): Drive {
  const { update } = rule;
  return startedIn(
    flowOf({
      first: {
        send: { Ship: "data" },
        retry: { attempts: 1 },
        on: {
          Shipped: { target: "second", update },
          Paid: { update },
          commandFailed: { target: "sorry", update },
        },
        after: { delay: "1h", event: "Tick" },
      },
      second: { on: { Paid: "end", Tick: { update } } },
      sorry: { on: { Paid: "end" } },
      end: { final: "end" },
      ...more,
    }),
  );
}

const kindsOf = (drive: Drive, count: number) =>
  drive.history.slice(-count).map(({ kind, type, letter }) => [kind, type, letter]);

describe("a redrive", () => {
  test("takes in an event as it was meant, and a repeat of it is answered as the first time", () => {
    const rule = new Rule();
    const drive = shipping(rule);
    drive.event("Paid", { sum: 1 }, "e1");
    rule.isBroken = false;
    const { answer, entry } = drive.operate({ type: "redrive" });
    assert.deepEqual(
      [answer.outcome, entry?.kind, drive.run.parked, drive.letters],
      ["applied", "redriven", null, []],
    );
    assert.deepEqual(drive.run.data["event"], { sum: 1 });
    assert.deepEqual(kindsOf(drive, 1), [["event", "Paid", 2]]);
    assert.deepEqual(drive.event("Paid", { sum: 1 }, "e1").answer, {
      outcome: "parked",
      version: 2,
      isRepeat: true,
    });
  });

  test("takes in an answer whose rule threw: the command was kept, and is not sent again meanwhile", () => {
    const rule = new Rule();
    const drive = shipping(rule);
    const { id } = drive.command;
    drive.answer("Shipped", { by: "air" });
    assert.deepEqual([drive.command.id, drive.command.phase], [id, "delivered"]);
    rule.isBroken = false;
    drive.operate({ type: "redrive" });
    assert.deepEqual(
      [drive.run.state, drive.run.data["event"], drive.underWay],
      ["second", { by: "air" }, []],
    );
  });

  test("keeps the answer of a command that was waiting to be tried again, and forgets that wait", () => {
    const rule = new Rule();
    const drive = startedIn(
      flowOf({
        first: { send: { Ship: "data" }, on: { Shipped: { target: "end", update: rule.update } } },
        end: { final: "end" },
      }),
    );
    drive.fail("timeout");
    drive.answer("Shipped");
    assert.deepEqual([drive.run.parked, drive.command.phase, drive.kinds], ["rule-failed", "delivered", []]);
  });

  test("fires a timer in its place among the letters", () => {
    const rule = new Rule();
    const drive = shipping(rule, {
      first: {
        after: { delay: "1s", event: "Tick" },
        on: { Tick: { target: "second", update: rule.update } },
      },
    });
    drive.fire("after");
    drive.event("Paid");
    drive.operate({ type: "redrive" });
    assert.deepEqual(
      drive.letters.map(({ input, reason }) => [input.kind, reason]),
      [
        ["timer", "rule-failed"],
        ["event", null],
      ],
    );
    rule.isBroken = false;
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.run.outcome, drive.kinds], ["end", []]);
    assert.deepEqual(kindsOf(drive, 3), [
      ["redriven", "redrive", undefined],
      ["timer", "Tick", 5],
      ["event", "Paid", 6],
    ]);
  });

  test("makes a query that could not be made", () => {
    const rule = new Rule();
    const send = { Ask: (data: JsonObject) => rule.update({ data, event: 1 }) };
    const drive = startedIn(
      flowOf({ first: { poll: { send, every: "10s" }, on: { Paid: "end" } }, end: { final: "end" } }),
    );
    drive.fire("poll");
    rule.isBroken = false;
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.command.type, drive.command.purpose, drive.run.parked], ["Ask", "poll", null]);
  });

  test("of a timer that was replaced meanwhile does nothing", () => {
    const drive = shipping(new Rule(), {
      first: {
        after: { delay: "1s", event: "Tick" },
        on: { Tick: { target: "second", update: new Rule().update } },
      },
    });
    drive.fire("after");
    drive.known = { run: { ...drive.run, timers: [] }, seen: new Map() };
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.run.parked, drive.letters, drive.history.at(-1)?.kind], [null, [], "redriven"]);
  });

  test("behind a letter that parks the run again keeps the others in their order", () => {
    const rule = new Rule();
    const drive = shipping(rule);
    drive.event("Paid", {}, "e1");
    drive.event("Tick", {}, "e2");
    drive.answer("Shipped");
    drive.operate({ type: "redrive" });
    assert.deepEqual(
      drive.letters.map(({ version, reason, input }) => [version, reason, input.kind]),
      [
        [6, "rule-failed", "event"],
        [7, null, "event"],
        [8, null, "settled"],
      ],
    );
    assert.deepEqual(kindsOf(drive, 4), [
      ["redriven", "redrive", undefined],
      ["parked", "Paid", 2],
      ["queued", "Tick", 3],
      ["queued", undefined, 4],
    ]);
    rule.isBroken = false;
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.run.state, drive.letters], ["second", []]);
    assert.deepEqual(kindsOf(drive, 3), [
      ["event", "Paid", 6],
      ["unexpected", "Tick", 7],
      ["event", "Shipped", 8],
    ]);
  });

  test("of an event that has made the data too large meanwhile keeps it", () => {
    const rule = new Rule();
    const drive = shipping(rule);
    drive.event("Paid", {}, "e1");
    drive.event("Paid", { text: "x".repeat(3_000) }, "e2");
    rule.isBroken = false;
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.run.parked, drive.letters.length], ["data-too-large", 1]);
    assert.equal(drive.letters[0]?.error?.code, "FLOW_DATA_TOO_LARGE");
  });

  test("that cannot even be judged keeps its letter", () => {
    const drive = shipping(new Rule());
    drive.event("Paid", {}, "e1");
    drive.known = { run: { ...drive.run, state: "gone" }, seen: new Map() };
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.run.parked, drive.letters.length], ["rule-failed", 1]);
    assert.equal(drive.letters[0]?.error?.code, "FLOW_UNEXPECTED");
    const { update } = new Rule();
    const timed = shipping(new Rule(), {
      first: { after: { delay: "1s", event: "Tick" }, on: { Tick: { update } } },
    });
    timed.fire("after");
    timed.known = { run: { ...timed.run, state: "gone" }, seen: new Map() };
    timed.operate({ type: "redrive" });
    assert.deepEqual([timed.run.parked, timed.letters[0]?.input.kind], ["rule-failed", "timer"]);
  });

  test("of an event that nothing takes parks a run that nothing else moves, and no other", () => {
    const unexpected = (state: StateDefinition) => {
      const drive = startedIn(flowOf({ first: state, end: { final: "end" } }));
      drive.fail("missing");
      drive.event("Tick");
      drive.known = { run: { ...drive.run, commands: [] }, seen: new Map() };
      drive.letters = drive.letters.slice(1);
      drive.operate({ type: "redrive" });
      return drive.run.parked;
    };
    const send = { Ship: "data" as const };
    assert.equal(unexpected({ send, on: { Shipped: "end" } }), "answer-not-taken");
    assert.equal(unexpected({ send, on: { Shipped: "end", Paid: "end" } }), null);
  });

  test("of a parked run whose letters are gone lets it go on", () => {
    const drive = shipping(new Rule());
    drive.event("Paid");
    drive.letters = [];
    drive.operate({ type: "redrive" });
    assert.equal(drive.run.parked, null);
  });
});

describe("the redrive of a failed command", () => {
  const plain: States = { first: { send: { Ship: "data" }, on: { Shipped: "end" } } };

  test("that parked the run sends it again under its id, with all its attempts", () => {
    const drive = shipping(new Rule(), plain);
    const { id } = drive.command;
    drive.fail("missing");
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.command.id, drive.command.attempt, drive.command.attemptsForgiven], [id, 2, 1]);
    assert.deepEqual(kindsOf(drive, 2), [
      ["redriven", "redrive", undefined],
      ["retried", "Ship", 2],
    ]);
    drive.answer("Shipped");
    assert.equal(drive.run.outcome, "end");
  });

  test("that was answered wrongly sends it again, unless the answer is right by now", () => {
    const wrong = shipping(new Rule(), plain);
    wrong.answer("Paid");
    assert.equal(wrong.run.parked, "command-refused");
    wrong.operate({ type: "redrive" });
    assert.deepEqual([wrong.run.parked, wrong.command.attempt], [null, 2]);
    const right = shipping(new Rule(), plain);
    right.answer("Paid");
    right.flow = flowOf(
      { first: { send: { Ship: "data" }, on: { Paid: "end" } }, end: { final: "end" } },
      { commands: { Ship: { channel: "stock", answers: ["Paid"] } } },
    );
    right.operate({ type: "redrive" });
    assert.equal(right.run.outcome, "end");
    const silent = shipping(new Rule(), plain);
    silent.settle({ type: "no-news" });
    silent.operate({ type: "redrive" });
    assert.deepEqual([silent.run.parked, silent.command.attempt], [null, 2]);
  });

  test("that was answered with what cannot be kept sends it again", () => {
    const drive = shipping(new Rule(), plain);
    const bad = { weight: Number.NaN };
    assert.equal(
      checkAnswer(drive.flow, drive.command, { type: "Shipped", data: bad })?.code,
      "FLOW_BAD_ANSWER",
    );
    drive.answer("Shipped", bad);
    assert.equal(drive.run.parked, "command-refused");
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.run.parked, drive.command.attempt], [null, 2]);
  });

  test("that only waited behind another letter is told to the flow, as it would have been", () => {
    const rule = new Rule();
    const drive = shipping(rule);
    drive.event("Paid");
    drive.fail("missing");
    rule.isBroken = false;
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.run.state, drive.underWay], ["sorry", []]);
    const unhandled = shipping(rule, {
      first: { ...plain["first"], on: { Shipped: "end", Paid: { update: rule.update } } },
    });
    rule.isBroken = true;
    unhandled.event("Paid");
    unhandled.fail("missing");
    rule.isBroken = false;
    unhandled.operate({ type: "redrive" });
    assert.equal(unhandled.run.parked, "command-refused");
    unhandled.operate({ type: "redrive" });
    assert.deepEqual([unhandled.run.parked, unhandled.command.phase], [null, "sending"]);
  });

  test("whose rule threw is told to that rule again", () => {
    const rule = new Rule();
    const drive = shipping(rule);
    drive.fail("missing");
    assert.equal(drive.run.parked, "rule-failed");
    rule.isBroken = false;
    drive.operate({ type: "redrive" });
    assert.equal(drive.run.state, "sorry");
  });

  test("that nobody waits for any more does nothing", () => {
    const drive = shipping(new Rule(), plain);
    drive.fail("missing");
    drive.known = { run: { ...drive.run, commands: [] }, seen: new Map() };
    const decision = drive.operate({ type: "redrive" });
    assert.deepEqual([decision.send, drive.letters, drive.history.at(-1)?.kind], [[], [], "redriven"]);
  });
});
