import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JsonObject } from "@sluice/contracts/envelope";
import { Drive, NOW_MS, RUN_ID, rejectedWith, startedIn, tripOf } from "./fixtures/drive.ts";
import { FAN_OUT_MAX } from "./flow.ts";
import type { StateDefinition } from "./flow.ts";
import { JOINS_PASSED_MAX } from "./rules/follow.ts";

type States = Record<string, StateDefinition>;

const ENDS: States = {
  going: { final: "going" },
  sorry: { final: "sorry" },
  alone: { on: { Stormed: "sorry" } },
};

/** The id of the n-th command of the first state. */
const nth = (n: number) => `${RUN_ID}:1:${n}`;

function started(states: States, data: JsonObject = { seats: ["1A", "1B"] }): Drive {
  return startedIn(tripOf({ ...ENDS, ...states }), data);
}

/** A state that holds a seat for each of a list. */
function holding(more: Partial<StateDefinition> = {}): StateDefinition {
  return {
    send: { HoldSeat: { each: "/seats", as: "seat", pick: ["id"] } },
    on: { SeatHeld: { update: ({ data }) => ({ ...data, held: Number(data["held"] ?? 0) + 1 }) } },
    join: { wait: "all", then: "going" },
    ...more,
  };
}

describe("fan-out", () => {
  test("one command is sent for each element of a list, with the fields beside it", () => {
    const drive = started({ first: holding() }, { id: 7, seats: ["1A", "1B"] });
    assert.deepEqual(
      drive.last?.send.map(({ id, data }) => [id, data]),
      [
        [nth(0), { id: 7, seat: "1A" }],
        [nth(1), { id: 7, seat: "1B" }],
      ],
    );
  });

  test("a function may make the list, and elements may be carried as they are", () => {
    const made = started({ first: holding({ send: { HoldSeat: { each: () => [1, 2, 3] } } }) });
    assert.deepEqual(
      made.run.commands.map(({ data }) => data),
      [1, 2, 3],
    );
    const plain = started({ first: holding({ send: { HoldSeat: { each: "/seats" }, HoldRoom: "data" } }) });
    assert.deepEqual(
      plain.run.commands.map(({ id, data }) => [id, data]),
      [
        [nth(0), "1A"],
        [nth(1), "1B"],
        [nth(2), { seats: ["1A", "1B"] }],
      ],
    );
  });

  const counted = { each: ({ count }: JsonObject) => Array.from({ length: Number(count) }, () => 0) };

  test("a state sends at most FAN_OUT_MAX commands, whichever lists they come from", () => {
    const state = holding({ send: { HoldSeat: counted } });
    assert.equal(started({ first: state }, { count: FAN_OUT_MAX }).run.commands.length, FAN_OUT_MAX);
    const refused = (first: StateDefinition, count: number) =>
      new Drive(tripOf({ ...ENDS, first })).start({ count });
    const one = refused(state, FAN_OUT_MAX + 1);
    assert.equal(rejectedWith(one), "FLOW_BAD_DATA");
    assert.match(
      JSON.stringify(one.answer),
      /sent for each of 1001 elements, expected a list of at most 1000/,
    );
    const two = refused(holding({ send: { HoldSeat: counted, HoldRoom: counted } }), 600);
    assert.match(JSON.stringify(two.answer), /sends 1200 commands, at most 1000/);
  });

  test("what is no list is told", () => {
    const refused = (data: JsonObject, as: { as?: string }) =>
      JSON.stringify(
        new Drive(
          tripOf({ ...ENDS, first: holding({ send: { HoldSeat: { each: "/seats", ...as } } }) }),
        ).start(data).answer,
      );
    assert.match(refused({}, {}), /HoldSeat is sent for each of undefined, expected a list/);
    assert.match(
      refused({ seats: { a: 1 } }, { as: "seat" }),
      /HoldSeat is sent for each of object, expected a list/,
    );
  });

  test("a list that is too long parks the run before it enters the state", () => {
    const states: States = {
      first: { on: { Stormed: "many" } },
      many: holding({ send: { HoldSeat: counted } }),
    };
    const drive = started(states, { count: 1_001 });
    drive.event("Stormed");
    assert.deepEqual([drive.run.parked, drive.run.state], ["rule-failed", "first"]);
  });
});

describe("a join that waits for all", () => {
  test("goes on with the last answer, in the same entry", () => {
    const drive = started({ first: holding() });
    drive.answer("SeatHeld", {}, nth(1));
    assert.deepEqual([drive.run.state, drive.underWay], ["first", ["HoldSeat"]]);
    drive.answer("SeatHeld", {}, nth(0));
    assert.deepEqual([drive.run.outcome, drive.run.data["held"], drive.run.version], ["going", 2, 3]);
  });

  test("chooses by its guards, from the data as the last answer left them", () => {
    const update = ({ data, event }: { data: JsonObject; event: unknown }) => ({
      ...data,
      event: event as JsonObject,
    });
    const drive = started({
      first: holding({
        join: {
          wait: "all",
          then: [{ guard: ({ data }) => data["held"] === 2, target: "alone", update }, { target: "sorry" }],
        },
      }),
    });
    drive.answer("SeatHeld");
    drive.answer("SeatHeld");
    assert.deepEqual([drive.run.state, drive.run.data["event"]], ["alone", {}]);
  });

  test("counts an answer that no transition takes, whichever comes last", () => {
    const on = { SeatHeld: {}, SeatRefused: { guard: () => false } };
    const last = started({ first: holding({ on }) });
    last.answer("SeatHeld");
    assert.equal(last.answer("SeatRefused").answer.outcome, "applied");
    assert.equal(last.run.outcome, "going");
    const first = started({ first: holding({ on }) });
    assert.equal(first.answer("SeatRefused").answer.outcome, "unexpected");
    first.answer("SeatHeld");
    assert.equal(first.run.outcome, "going");
  });

  test("counts a failure that is handled, and parks with one that is not", () => {
    const noted = started({ first: holding({ on: { SeatHeld: {}, commandFailed: {} } }) });
    noted.fail("missing");
    noted.answer("SeatHeld");
    assert.equal(noted.run.outcome, "going");
    const last = started({ first: holding({ on: { SeatHeld: {}, commandFailed: {} } }) });
    last.answer("SeatHeld");
    last.fail("missing");
    assert.equal(last.run.outcome, "going");
    const unhandled = started({ first: holding() });
    unhandled.answer("SeatHeld");
    unhandled.fail("missing");
    assert.deepEqual([unhandled.run.parked, unhandled.run.state], ["command-refused", "first"]);
    const guarded = started({
      first: holding({ on: { SeatHeld: {}, commandFailed: { guard: () => false } } }),
    });
    guarded.answer("SeatHeld");
    guarded.fail("missing");
    assert.equal(guarded.run.parked, "command-refused", "a failure nobody handled is no answer");
  });

  test("is left early by an answer with a target, and what is under way may have to be taken back", () => {
    const undo = { HoldSeat: { send: { ReleaseSeat: "command" as const } } };
    const drive = started({ first: holding({ undo, on: { SeatHeld: {}, SeatRefused: "alone" } }) });
    drive.answer("SeatRefused", {}, nth(1));
    assert.deepEqual([drive.run.state, drive.underWay], ["alone", []]);
    assert.deepEqual(
      drive.run.steps.map(({ commandId }) => commandId),
      [nth(1), nth(0)],
    );
    assert.equal(drive.answer("SeatHeld", {}, nth(0)).answer.outcome, "stale");
  });

  test("takes events from outside as answers of its oldest commands", () => {
    const drive = started({ first: holding() });
    drive.event("SeatHeld");
    assert.deepEqual(
      drive.run.commands.map(({ id }) => id),
      [nth(1)],
    );
    assert.equal(drive.answer("SeatHeld", {}, nth(0)).answer.outcome, "stale");
    drive.event("SeatHeld");
    assert.equal(drive.run.outcome, "going");
  });

  test("is not moved by an event that answers nothing", () => {
    const drive = started({ first: holding({ on: { SeatHeld: {}, Stormed: {} } }) });
    drive.event("Stormed");
    assert.deepEqual([drive.run.state, drive.underWay.length], ["first", 2]);
  });

  test("keeps the answers of a parked run, and goes on when they are taken in again", () => {
    let isBroken = true;
    const update = ({ data }: { data: JsonObject }) => {
      if (isBroken) throw new Error("rule is broken");
      return { ...data, counted: true };
    };
    const drive = started({ first: holding({ on: { SeatHeld: { update } } }) });
    drive.answer("SeatHeld", {}, nth(0));
    assert.deepEqual(
      drive.run.commands.map(({ phase }) => phase),
      ["delivered", "sending"],
    );
    drive.answer("SeatHeld", {}, nth(1));
    assert.deepEqual(
      drive.letters.map(({ reason }) => reason),
      ["rule-failed", null],
    );
    isBroken = false;
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.run.outcome, drive.run.data["counted"], drive.letters], ["going", true, []]);
  });

  test("whose guard throws, or that leads nowhere, parks the run with the last answer", () => {
    const broken = () => {
      throw new Error("guard is broken");
    };
    const throwing = started({
      first: holding({ join: { wait: "all", then: { target: "going", guard: broken } } }),
    });
    throwing.answer("SeatHeld");
    throwing.answer("SeatHeld");
    assert.deepEqual([throwing.run.parked, throwing.command.phase], ["rule-failed", "delivered"]);
    assert.match(throwing.letters[0]?.error?.message ?? "", /guard is broken/);
    for (const then of [{ target: "going", guard: () => false }, {}]) {
      const nowhere = started({ first: holding({ join: { wait: "all", then } }) }, { seats: [1] });
      nowhere.answer("SeatHeld");
      assert.match(nowhere.letters[0]?.error?.message ?? "", /the join of state first leads nowhere/);
    }
  });

  test("takes all steps back where its transition compensates", () => {
    const drive = started({
      first: holding({
        undo: { HoldSeat: { send: { ReleaseSeat: "command" } } },
        join: { wait: "all", then: { target: "sorry", compensate: true }, losers: "undo" },
      }),
    });
    drive.answer("SeatHeld", {}, nth(0));
    drive.answer("SeatHeld", {}, nth(1));
    assert.deepEqual([drive.run.state, drive.command.undoes], ["compensating", nth(1)]);
  });
});

describe("a list that is empty", () => {
  test("leaves a join that waits for all nothing to wait for: the run goes on at once, under one entry", () => {
    const entered = started({ first: { on: { Stormed: "many" } }, many: holding() }, { seats: [] });
    entered.event("Stormed");
    assert.deepEqual([entered.run.outcome, entered.run.version], ["going", 2]);
    const begun = started({ first: holding() }, { seats: [] });
    assert.deepEqual([begun.run.outcome, begun.run.version, begun.run.timers], ["going", 1, []]);
  });

  test("may follow another, and the first command that is sent gets the first number", () => {
    const drive = started(
      {
        first: holding({ join: { wait: "all", then: "second" }, after: { delay: "1s", target: "sorry" } }),
        second: holding({ join: { wait: "all", then: "third" } }),
        third: { send: { HoldRoom: "data" }, on: { RoomHeld: "going" } },
      },
      { seats: [] },
    );
    assert.deepEqual([drive.run.state, drive.command.id, drive.kinds], ["third", nth(0), []]);
  });

  test("that leads round in a circle is refused", () => {
    const circle = holding({ join: { wait: "all", then: "first" } });
    const { answer } = new Drive(tripOf({ ...ENDS, first: circle })).start({ seats: [] });
    assert.match(JSON.stringify(answer), new RegExp(`more than ${JOINS_PASSED_MAX} joins follow each other`));
    const parked = started(
      { first: { on: { Stormed: "many" } }, many: holding({ join: { wait: "all", then: "many" } }) },
      { seats: [] },
    );
    parked.event("Stormed");
    assert.deepEqual([parked.run.parked, parked.run.state], ["rule-failed", "first"]);
  });

  test("is refused where nothing else would move the run on", () => {
    for (const join of [undefined, { wait: "any" as const, then: "going" }]) {
      const { join: _, ...state } = holding();
      const first: StateDefinition =
        join === undefined ? { ...state, on: { SeatHeld: "going" } } : { ...state, join };
      const { answer } = new Drive(tripOf({ ...ENDS, first })).start({ seats: [] });
      assert.match(JSON.stringify(answer), /state first has nothing to send HoldSeat for/);
      const timed = started({ first: { ...first, after: { delay: "1s", target: "sorry" } } }, { seats: [] });
      timed.fire("after");
      assert.equal(timed.run.outcome, "sorry");
      const called = started({ first: { ...first, on: { Stormed: "sorry" } } }, { seats: [] });
      called.event("Stormed");
      assert.equal(called.run.outcome, "sorry");
    }
  });

  test("beside other commands leaves those to wait for", () => {
    const drive = started(
      { first: holding({ send: { HoldSeat: { each: "/seats" }, HoldRoom: "data" }, on: { RoomHeld: {} } }) },
      { seats: [] },
    );
    assert.deepEqual(drive.underWay, ["HoldRoom"]);
    drive.answer("RoomHeld");
    assert.equal(drive.run.outcome, "going");
  });
});

describe("a join that waits for any", () => {
  const any = (more: Partial<StateDefinition> = {}) =>
    holding({
      undo: { HoldSeat: { send: { ReleaseSeat: "command" } } },
      join: { wait: "any", then: "alone" },
      ...more,
    });

  test("goes on with the first answer, and gives the others up", () => {
    const drive = started({ first: any() });
    drive.answer("SeatHeld", {}, nth(1));
    assert.deepEqual([drive.run.state, drive.underWay, drive.run.data["held"]], ["alone", [], 1]);
    assert.deepEqual(
      drive.run.steps.map(({ commandId }) => commandId),
      [nth(1), nth(0)],
    );
    assert.equal(drive.answer("SeatHeld", {}, nth(0)).answer.outcome, "stale");
  });

  test("takes its losers back where it says so, and keeps the winner", () => {
    const seats = { seats: ["1A", "1B", "1C"] };
    const then = { target: "alone", update: ({ data }: { data: JsonObject }) => ({ ...data, done: true }) };
    const drive = started({ first: any({ join: { wait: "any", then, losers: "undo" } }) }, seats);
    drive.answer("SeatHeld", {}, nth(1));
    assert.deepEqual([drive.run.state, drive.run.data["done"]], ["compensating", true]);
    assert.deepEqual(
      drive.run.steps.map(({ commandId }) => commandId),
      [nth(1)],
    );
    drive.answer("SeatReleased");
    drive.answer("SeatReleased");
    assert.deepEqual([drive.run.state, drive.run.steps.length, drive.run.enteredAtMs], ["alone", 1, NOW_MS]);
    assert.deepEqual(
      drive.history.map(({ kind }) => kind),
      ["started", "event", "undone", "undone"],
    );
  });

  test("that takes its losers back takes its winner back too when the run is canceled meanwhile", () => {
    const drive = started({ first: any({ join: { wait: "any", then: "canceled", losers: "undo" } }) });
    drive.answer("SeatHeld", {}, nth(1));
    assert.equal(drive.run.compensation?.target, "canceled");
    drive.operate({ type: "cancel", compensate: true });
    assert.deepEqual(
      drive.run.compensation?.steps.map(({ commandId }) => commandId),
      [nth(1), nth(0)],
    );
    drive.answer("SeatReleased");
    drive.answer("SeatReleased");
    assert.equal(drive.run.outcome, "canceled");
  });

  test("that takes its losers back goes on at once when there are none", () => {
    const drive = started(
      { first: any({ join: { wait: "any", then: "alone", losers: "undo" } }) },
      { seats: [1] },
    );
    drive.answer("SeatHeld");
    assert.equal(drive.run.state, "alone");
  });

  test("takes everything back where its transition compensates", () => {
    const then = { target: "sorry", compensate: true as const };
    const drive = started({ first: any({ join: { wait: "any", then, losers: "undo" } }) });
    drive.answer("SeatHeld", {}, nth(0));
    assert.equal(drive.run.compensation?.steps.length, 2);
  });

  test("goes on with the first answer that a transition takes", () => {
    const guard = ({ event }: { event: unknown }) => (event as { price: number }).price < 100;
    const drive = started({ first: any({ on: { SeatHeld: { guard } } }) });
    assert.equal(drive.answer("SeatHeld", { price: 120 }).answer.outcome, "unexpected");
    drive.answer("SeatHeld", { price: 80 });
    assert.equal(drive.run.state, "alone");
  });

  test("parks the run when nobody is left to answer", () => {
    const on = { SeatHeld: { guard: () => false }, commandFailed: {} };
    const failed = started({ first: any({ on }) });
    failed.fail("missing");
    assert.equal(failed.run.parked, null);
    failed.fail("missing");
    assert.equal(failed.run.parked, "command-refused");
    assert.deepEqual(failed.operate({ type: "redrive" }).letters?.again.length, 1);
    assert.deepEqual([failed.command.phase, failed.command.attempt], ["sending", 2]);
    const untaken = started({ first: any({ on }) });
    untaken.answer("SeatHeld");
    untaken.answer("SeatHeld");
    assert.equal(untaken.run.parked, "answer-not-taken");
  });

  test("is not won by a query of a poll", () => {
    const drive = started({
      first: any({ poll: { send: { Charge: "data" }, every: "1s" }, on: { SeatHeld: {}, Charged: {} } }),
    });
    drive.fire("poll");
    const query = drive.run.commands.at(-1)?.id;
    drive.answer("Charged", {}, query);
    assert.deepEqual([drive.run.state, drive.underWay], ["first", ["HoldSeat", "HoldSeat"]]);
  });

  test("may be won by an event from outside", () => {
    const drive = started({ first: any() });
    drive.event("SeatHeld");
    assert.equal(drive.run.state, "alone");
  });
});

test("a failure that is only noted parks a run that nothing else would move on", () => {
  const state: StateDefinition = {
    send: { HoldSeat: "data" },
    on: { SeatHeld: "going", commandFailed: { update: ({ data }) => ({ ...data, noted: true }) } },
  };
  const stuck = started({ first: state });
  stuck.fail("missing");
  assert.deepEqual([stuck.run.parked, stuck.run.data["noted"]], ["command-refused", undefined]);
  const timed = started({ first: { ...state, after: { delay: "1s", target: "sorry" } } });
  timed.fail("missing");
  assert.deepEqual([timed.run.parked, timed.run.data["noted"]], [null, true]);
});
