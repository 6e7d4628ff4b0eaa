import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RUN_ID, rejectedWith, startedIn, tripOf } from "./fixtures/drive.ts";
import type { Drive } from "./fixtures/drive.ts";
import type { FlowDefinition, StateDefinition, TransitionDefinition } from "./flow.ts";

type States = Record<string, StateDefinition>;

/** The bank tells of each payment; a storm gives the money back. */
const PAYING: States = {
  first: {
    on: {
      Charged: { target: "going", update: "merge", undo: { send: { Refund: "command" } } },
      Stormed: { target: "sorry", compensate: true },
    },
  },
  going: { on: { Stormed: { target: "sorry", compensate: true } } },
  sorry: { final: "sorry" },
};

function started(states: States = {}, more: Partial<FlowDefinition> = {}): Drive {
  return startedIn(tripOf({ ...PAYING, ...states }, more), { id: 1 });
}

/** A run whose first state takes a payment so. */
function paid(charged: TransitionDefinition | readonly TransitionDefinition[], more: States = {}): Drive {
  const on = { ...PAYING["first"]?.on, Charged: charged };
  const drive = started({ first: { on }, ...more });
  drive.event("Charged", { amount: 7 });
  return drive;
}

function broken(): never {
  throw new Error("the rule is broken");
}

const undo = { send: { Refund: "command" } } as const;

describe("an event with an undo", () => {
  test("is a step, taken back with what it told", () => {
    const drive = started();
    drive.event("Charged", { amount: 7 });
    assert.deepEqual(drive.run.steps, [
      {
        state: "first",
        command: "Charged",
        commandId: `${RUN_ID}:2:Charged`,
        undo: { type: "Refund", channel: "bank", data: { amount: 7 } },
      },
    ]);
    drive.event("Stormed");
    assert.deepEqual(
      [drive.run.state, drive.command.type, drive.command.undoes],
      ["compensating", "Refund", `${RUN_ID}:2:Charged`],
    );
    drive.answer("Refunded");
    assert.deepEqual([drive.run.outcome, drive.run.steps], ["sorry", []]);
  });

  test("is a step each time it comes, also where the run stays", () => {
    const drive = paid({ update: "merge", undo });
    drive.event("Charged", { amount: 5 });
    drive.event("Stormed");
    assert.deepEqual(drive.command.data, { amount: 5 });
    drive.answer("Refunded");
    assert.deepEqual(drive.command.data, { amount: 7 });
    drive.answer("Refunded");
    assert.equal(drive.run.outcome, "sorry");
  });

  test("that comes again under its id is no second step", () => {
    const drive = started({ first: { on: { Charged: { undo } } } });
    drive.event("Charged", { amount: 7 }, "e1");
    drive.event("Charged", { amount: 7 }, "e1");
    assert.deepEqual(drive.steps, ["Charged"]);
  });

  test("is a step only by the transition that is taken", () => {
    const isLarge = ({ event }: { event: unknown }) => (event as { amount: number }).amount > 10;
    const ways = [{ guard: isLarge, undo }, { update: "merge" }] as const;
    const drive = paid(ways);
    assert.deepEqual(drive.steps, []);
    drive.event("Charged", { amount: 70 });
    assert.deepEqual(drive.steps, ["Charged"]);
  });

  test("is taken back from the data that its own update made", () => {
    const drive = paid({ update: "merge", undo: { send: { Refund: { pick: ["id", "amount"] } } } });
    assert.deepEqual(drive.run.steps[0]?.undo.data, { id: 1, amount: 7 });
  });

  test("that leads to compensation is itself taken back first", () => {
    const drive = paid({ target: "sorry", compensate: true, undo });
    assert.deepEqual([drive.run.state, drive.command.type], ["compensating", "Refund"]);
  });

  test("is a step beside the command that it answers, and comes before those that are given up", () => {
    const drive = started({
      first: {
        send: { Charge: "data", HoldSeat: "data" },
        undo: {
          Charge: { send: { Refund: () => ({ amount: 1 }) } },
          HoldSeat: { send: { ReleaseSeat: "data" } },
        },
        on: { Charged: { target: "going", undo } },
      },
    });
    drive.answer("Charged", { amount: 7 });
    assert.deepEqual(drive.steps, ["Charged", "Charge", "HoldSeat"]);
  });

  test("is a step when it is the answer to a query", () => {
    const drive = started({
      first: { poll: { send: { Charge: "data" }, every: "1s" }, on: { Charged: { target: "going", undo } } },
    });
    drive.fire("poll");
    drive.answer("Charged", { amount: 7 });
    assert.deepEqual(drive.run.steps[0]?.undo.data, { amount: 7 });
  });

  test("is a step when a timer raises it", () => {
    const drive = started({
      first: {
        after: { delay: "1h", event: "Stormed" },
        on: { Stormed: { undo: { send: { ReleaseSeat: "command" } } }, Charged: "sorry" },
      },
    });
    drive.fire("after");
    assert.deepEqual(drive.run.steps[0]?.undo.data, {});
  });

  test("whose undo may not carry what it is given parks the run, which stays as it was", () => {
    const drive = paid({ target: "going", update: "merge", undo: { send: { Refund: () => ({}) } } });
    assert.deepEqual(
      [drive.run.parked, drive.run.state, drive.run.data],
      ["rule-failed", "first", { id: 1 }],
    );
    assert.match(drive.last?.deadLetter?.error?.message ?? "", /data of command Refund breaks its schema/);
  });

  test("has its undo tried again by the policy that stands beside it", () => {
    const slow = { attempts: 2, first: "7s", jitter: "none" } as const;
    const isLarge = ({ event }: { event: unknown }) => (event as { amount: number }).amount > 10;
    const drive = paid([
      { target: "going", guard: isLarge, undo: { send: { ReleaseSeat: "data" }, retry: { attempts: 1 } } },
      { target: "going", undo: { ...undo, retry: slow } },
    ]);
    drive.event("Stormed");
    drive.fail("unavailable");
    assert.equal(drive.last?.entry?.nextAtMs, drive.nowMs + 7_000);
    drive.fire("retry");
    drive.fail("unavailable");
    assert.equal(drive.run.parked, "undo-failed");
  });
});

describe("an event with an undo that parked its run", () => {
  /** Parked because the state behind the payment cannot be entered. */
  function stuck(charged: TransitionDefinition | readonly TransitionDefinition[]): Drive {
    const drive = paid(charged, { going: { send: { Refund: () => ({}) }, on: { Refunded: "sorry" } } });
    assert.equal(drive.run.parked, "rule-failed");
    return drive;
  }

  const cancel = { type: "cancel", compensate: true } as const;

  test("is taken back when the run is canceled, from the data that its update would have made", () => {
    const picked = { send: { Refund: { pick: ["amount"] } } };
    const drive = stuck({ target: "going", update: "merge", undo: picked });
    drive.operate(cancel);
    assert.deepEqual([drive.command.type, drive.command.data], ["Refund", { amount: 7 }]);
    drive.answer("Refunded");
    assert.deepEqual([drive.run.outcome, drive.letters], ["canceled", []]);
  });

  test("is a step when the run is forced elsewhere, and when the event is skipped", () => {
    const forced = stuck({ target: "going", undo });
    forced.operate({ type: "force", state: "first" });
    assert.deepEqual([forced.run.parked, forced.steps], [null, ["Charged"]]);
    const skipped = stuck({ target: "going", undo });
    skipped.operate({ type: "skip" });
    assert.deepEqual([skipped.run.parked, skipped.steps], [null, ["Charged"]]);
  });

  test("is taken back with the data as it is where the update is what throws", () => {
    const whole = { send: { Refund: (data: object, told: unknown) => ({ ...data, ...(told as object) }) } };
    const drive = stuck({ target: "going", update: broken, undo: whole });
    drive.operate(cancel);
    assert.deepEqual(drive.command.data, { id: 1, amount: 7 });
  });

  test("is taken back where a guard throws, for nobody knows which transition it meant", () => {
    const drive = stuck([
      { target: "going", guard: broken },
      { target: "first", undo },
    ]);
    drive.operate(cancel);
    assert.equal(drive.command.type, "Refund");
  });

  test("is no step by a transition that it did not mean", () => {
    const closed = stuck([{ target: "going", guard: () => false, undo }, { target: "going" }]);
    closed.operate(cancel);
    assert.equal(closed.run.outcome, "canceled");
    const unsure = stuck([{ target: "going", guard: broken }]);
    unsure.operate(cancel);
    assert.equal(unsure.run.outcome, "canceled");
  });

  test("is not taken back by an operation that its undo refuses", () => {
    const drive = stuck({ target: "going", update: broken, undo: { send: { Refund: "data" } } });
    assert.equal(rejectedWith(drive.operate(cancel)), "FLOW_BAD_DATA");
    drive.operate({ type: "cancel", compensate: false });
    assert.equal(drive.run.outcome, "canceled");
  });

  test("counts in the same way where it answered a command, if it was a right answer", () => {
    const asking = (charged: TransitionDefinition, more: Partial<FlowDefinition> = {}): Drive =>
      started({ first: { send: { Charge: "data" }, on: { Charged: charged } } }, more);
    const answered = asking({ target: "going", update: broken, undo });
    answered.answer("Charged", { amount: 7 });
    answered.operate(cancel);
    assert.deepEqual(answered.command.data, { amount: 7 });
    const skipped = asking({ update: broken, undo });
    skipped.answer("Charged", { amount: 7 });
    skipped.operate({ type: "force", state: "going" });
    assert.deepEqual(skipped.steps, ["Charged"]);
    const failed = asking({ target: "going", undo });
    failed.fail("missing");
    failed.operate(cancel);
    assert.equal(failed.run.outcome, "canceled");
    const events = { Charged: { must: "amount" }, Refunded: {}, Stormed: {} };
    const wrong = asking({ target: "going", undo }, { events });
    wrong.answer("Charged", { sum: 7 });
    assert.equal(wrong.run.parked, "command-refused");
    wrong.operate(cancel);
    assert.equal(wrong.run.outcome, "canceled");
  });

  test("is a step by the new rules when it is taken in again", () => {
    let isBroken = true;
    const drive = stuck({ target: "going", update: ({ data }) => (isBroken ? broken() : data), undo });
    isBroken = false;
    drive.flow = tripOf(PAYING);
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.run.state, drive.steps], ["going", ["Charged"]]);
  });
});
