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

describe("an event with an undo that comes late", () => {
  const cancel = { type: "cancel", compensate: true } as const;

  /** Two payments are due; a storm after the first sets the compensation off, and the first refund is under way. */
  function compensating(more: States = {}): Drive {
    const drive = started({
      first: {
        on: { Charged: { update: "merge", undo }, Stormed: { target: "sorry", compensate: true } },
      },
      ...more,
    });
    drive.event("Charged", { amount: 7 });
    drive.event("Stormed");
    assert.deepEqual([drive.run.state, drive.command.data], ["compensating", { amount: 7 }]);
    return drive;
  }

  test("is taken back in the same compensation, right after the step under way", () => {
    const drive = compensating();
    const { answer } = drive.event("Charged", { amount: 5 }, "late");
    assert.deepEqual(answer, { outcome: "applied", version: 4, isRepeat: false });
    assert.deepEqual([drive.run.state, drive.underWay], ["compensating", ["Refund"]]);
    assert.equal(drive.event("Charged", { amount: 5 }, "late").answer.outcome, "applied");
    drive.answer("Refunded");
    assert.deepEqual([drive.command.data, drive.command.undoes], [{ amount: 5 }, `${RUN_ID}:4:Charged`]);
    drive.answer("Refunded");
    assert.equal(drive.run.outcome, "sorry");
  });

  test("comes before older steps, which wait their turn", () => {
    const drive = started({
      first: { on: { Charged: { update: "merge", undo }, Stormed: { target: "sorry", compensate: true } } },
    });
    for (const amount of [1, 2]) drive.event("Charged", { amount });
    drive.event("Stormed");
    drive.event("Charged", { amount: 3 });
    const refunded = [2, 3, 1].map((amount) => {
      const { data } = drive.command;
      drive.answer("Refunded");
      return [data, { amount }];
    });
    for (const [found, expected] of refunded) assert.deepEqual(found, expected);
    assert.equal(drive.run.outcome, "sorry");
  });

  test("is unexpected where the state that was left has no undo of it", () => {
    const drive = started();
    drive.event("Charged", { amount: 7 });
    drive.event("Stormed");
    assert.equal(drive.event("Charged", { amount: 5 }).answer.outcome, "unexpected");
    drive.answer("Refunded");
    assert.equal(drive.run.outcome, "sorry");
  });

  test("is taken back also when it names a command that is waited for no more", () => {
    const drive = started({
      first: {
        send: { Charge: "data", HoldSeat: "data" },
        undo: { HoldSeat: { send: { ReleaseSeat: "data" } } },
        on: { Charged: { target: "going", undo }, Stormed: { target: "sorry", compensate: true } },
      },
    });
    drive.event("Stormed");
    assert.equal(drive.command.type, "ReleaseSeat");
    drive.event("Charged", { amount: 5 }, "late", `${RUN_ID}:1:0`);
    drive.answer("SeatReleased");
    assert.deepEqual(drive.command.data, { amount: 5 });
  });

  test("parks the run where its undo may not carry what it is given, and counts when that is mended", () => {
    const drive = compensating();
    drive.event("Charged", { sum: 5 });
    assert.deepEqual([drive.run.parked, drive.run.state], ["rule-failed", "compensating"]);
    drive.answer("Refunded");
    drive.flow = tripOf({
      ...PAYING,
      first: { on: { Charged: { undo: { send: { Refund: () => ({ amount: 5 }) } } } } },
    });
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.run.parked, drive.command.data], [null, { amount: 5 }]);
    drive.answer("Refunded");
    assert.equal(drive.run.outcome, "sorry");
  });

  test("is not lost where the undo before it has failed and is skipped", () => {
    const drive = compensating();
    drive.fail("invalid");
    assert.equal(drive.run.parked, "undo-failed");
    assert.equal(drive.event("Charged", { amount: 5 }).answer.outcome, "applied");
    assert.equal(drive.run.parked, "undo-failed");
    drive.operate({ type: "skip" });
    assert.deepEqual([drive.run.parked, drive.command.data], [null, { amount: 5 }]);
    drive.answer("Refunded");
    assert.deepEqual([drive.run.outcome, drive.letters], ["sorry", []]);
  });

  test("waits behind a parked compensation where its undo may not carry what it is given", () => {
    const drive = compensating();
    drive.fail("invalid");
    assert.equal(drive.event("Charged", { sum: 5 }).answer.outcome, "queued");
    assert.equal(drive.event("Stormed").answer.outcome, "queued");
    assert.equal(drive.event("Refunded", {}).answer.outcome, "queued");
  });

  test("is judged by the state of the new version's name after a migration", () => {
    const drive = compensating();
    const next = tripOf(
      { ...PAYING, begin: { on: { Charged: { undo } } } },
      { version: 2, initial: "begin", migrations: [{ from: 1, states: { first: "begin" } }] },
    );
    drive.migrate(next);
    assert.equal(drive.run.compensation?.from, "begin");
    assert.equal(drive.event("Charged", { amount: 5 }).answer.outcome, "applied");
    assert.equal(drive.run.compensation?.steps.length, 2);
  });

  test("changes nothing in a compensation that began before states were noted, nor after the end", () => {
    const drive = compensating();
    const { from: _, ...compensation } = drive.run.compensation ?? { target: "", steps: [] };
    drive.known = { run: { ...drive.run, compensation }, seen: new Map() };
    assert.equal(drive.event("Charged", { amount: 5 }).answer.outcome, "unexpected");
    drive.answer("Refunded");
    assert.equal(drive.run.outcome, "sorry");
    assert.equal(drive.event("Charged", { amount: 3 }, "too late").answer.outcome, "unexpected");
    assert.equal(drive.last?.entry?.kind, "unexpected");
  });

  test("counts where it waited behind a parked run that is canceled, in its order", () => {
    let isBroken = true;
    const drive = started({
      first: {
        on: {
          Stormed: { update: ({ data }) => (isBroken ? broken() : data), target: "going" },
          Charged: { undo },
        },
      },
      going: { on: { SeatHeld: { target: "sorry", undo: { send: { ReleaseSeat: "command" } } } } },
    });
    drive.event("Stormed");
    drive.event("Charged", { amount: 1 });
    drive.event("SeatHeld", { seat: "1A" });
    drive.event("GuideLost");
    drive.event("Charged", { amount: 2 });
    isBroken = false;
    drive.operate(cancel);
    const undone = [0, 1, 2].map(() => {
      const { data, undoes } = drive.command;
      drive.answer(drive.command.type === "Refund" ? "Refunded" : "SeatReleased");
      return [data, undoes];
    });
    assert.deepEqual(undone, [
      [{ amount: 2 }, `${RUN_ID}:6:Charged`],
      [{ seat: "1A" }, `${RUN_ID}:4:SeatHeld`],
      [{ amount: 1 }, `${RUN_ID}:3:Charged`],
    ]);
    assert.deepEqual([drive.run.outcome, drive.letters], ["canceled", []]);
    assert.equal(drive.history.filter(({ kind }) => kind === "unexpected").length, 1);
  });

  test("is taken in where the run is forced to, if it waited behind a parked one", () => {
    const drive = paid(
      { target: "going", update: broken, undo },
      { going: { on: { SeatHeld: { target: "sorry", undo: { send: { ReleaseSeat: "data" } } } } } },
    );
    drive.event("SeatHeld");
    drive.operate({ type: "force", state: "going" });
    assert.equal(drive.run.outcome, "sorry");
  });
});
