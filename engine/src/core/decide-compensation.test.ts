import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NOW_MS, RUN_ID, rejectedWith, startedIn, tripOf } from "./fixtures/drive.ts";
import type { Drive } from "./fixtures/drive.ts";
import { STEPS_MAX } from "./flow.ts";
import type { FlowDefinition, StateDefinition } from "./flow.ts";
import { activeTimers } from "./run.ts";
import type { Step } from "./run.ts";

type States = Record<string, StateDefinition>;

/** Holds a seat, then a room, then charges; a storm takes it all back. */
const TRIP: States = {
  first: {
    send: { HoldSeat: "data" },
    undo: { HoldSeat: { send: { ReleaseSeat: { pick: ["seat"] } } } },
    on: { SeatHeld: { target: "room", update: "merge" }, SeatRefused: "sorry" },
  },
  room: {
    send: { HoldRoom: { pick: ["nights"] } },
    undo: {
      HoldRoom: { send: { ReleaseRoom: "command" }, retry: { attempts: 2, first: "1s", jitter: "none" } },
    },
    on: { RoomHeld: "pay", Stormed: { target: "sorry", compensate: true } },
    after: { delay: "1h", target: "sorry", compensate: true },
  },
  pay: {
    send: { Charge: "data" },
    on: { Charged: "going", commandFailed: { target: "sorry", compensate: true } },
  },
  going: { on: { Stormed: { target: "sorry", compensate: true } } },
  sorry: { final: "sorry" },
};

function started(states: States = {}, more: Partial<FlowDefinition> = {}): Drive {
  return startedIn(tripOf({ ...TRIP, ...states }, more), { id: 1, nights: 2 });
}

/** A trip whose seat and room are held. */
function held(states: States = {}, more: Partial<FlowDefinition> = {}): Drive {
  const drive = started(states, more);
  drive.answer("SeatHeld", { seat: "4A" });
  drive.answer("RoomHeld");
  return drive;
}

describe("compensation", () => {
  test("completed steps are taken back newest first, one at a time, then the target is entered", () => {
    const drive = held();
    drive.answer("Charged");
    assert.deepEqual(drive.steps, ["HoldSeat", "HoldRoom"]);
    const room = drive.event("Stormed");
    assert.deepEqual([drive.run.state, drive.run.steps], ["compensating", []]);
    assert.deepEqual(room.send, [
      {
        id: `${RUN_ID}:5:0`,
        type: "ReleaseRoom",
        channel: "hotel",
        data: { nights: 2 },
        attempt: 1,
        phase: "sending",
        purpose: "undo",
        undoes: `${RUN_ID}:2:0`,
      },
    ]);
    const seat = drive.answer("RoomReleased");
    assert.deepEqual(
      seat.send.map(({ type, data, undoes }) => [type, data, undoes]),
      [["ReleaseSeat", { seat: "4A" }, `${RUN_ID}:1:0`]],
    );
    drive.answer("SeatReleased");
    assert.deepEqual([drive.run.outcome, drive.run.compensation, drive.run.commands], ["sorry", null, []]);
    assert.deepEqual(
      drive.history.slice(4).map(({ kind, type, state }) => [kind, type, state]),
      [
        ["event", "Stormed", "compensating"],
        ["undone", "RoomReleased", "compensating"],
        ["undone", "SeatReleased", "sorry"],
      ],
    );
  });

  test("a run that has done nothing enters the target at once", () => {
    const drive = started({ first: { on: { Stormed: { target: "sorry", compensate: true } } } });
    drive.event("Stormed");
    assert.equal(drive.run.outcome, "sorry");
  });

  test("the time in `compensating` counts from its beginning, and the state outside stays what it was", () => {
    const drive = held({ going: { ...TRIP["going"], businessState: "booked" } });
    drive.answer("Charged");
    drive.nowMs += 10;
    drive.event("Stormed");
    drive.nowMs += 10;
    drive.answer("RoomReleased");
    assert.deepEqual([drive.run.enteredAtMs, drive.run.businessState], [NOW_MS + 10, "booked"]);
  });

  test("a failed command and a timer compensate as an event does", () => {
    const failed = held();
    failed.fail("missing");
    assert.deepEqual([failed.run.state, failed.underWay], ["compensating", ["ReleaseRoom"]]);
    const late = started();
    late.answer("SeatHeld", { seat: "4A" });
    late.fire("after");
    assert.equal(late.run.state, "compensating");
    assert.deepEqual(late.last?.entry?.kind, "timer");
  });

  test("a final state forgets the steps", () => {
    const drive = held({ going: { final: "there" } });
    drive.answer("Charged");
    assert.deepEqual([drive.run.outcome, drive.run.steps], ["there", []]);
  });
});

describe("what becomes a step", () => {
  test("a command that may have been carried out when its state is left is taken back first", () => {
    const drive = started();
    drive.answer("SeatHeld", { seat: "4A" });
    const room = drive.command.id;
    drive.event("Stormed");
    assert.deepEqual([drive.command.type, drive.command.undoes], ["ReleaseRoom", room]);
    assert.equal(drive.answer("RoomHeld", {}, room).answer.outcome, "stale");
    assert.equal(drive.run.state, "compensating");
  });

  test("an event of `unless` says that there is nothing to take back", () => {
    const first: StateDefinition = {
      ...TRIP["first"],
      undo: { HoldSeat: { send: { ReleaseSeat: "data" }, unless: ["SeatRefused"] } },
      on: { SeatRefused: "going", SeatHeld: "going" },
    };
    const refused = started({ first });
    refused.answer("SeatRefused");
    assert.deepEqual(refused.steps, []);
    const called = started({ first });
    called.settle({ type: "delivered" });
    called.event("SeatRefused");
    assert.deepEqual(called.steps, []);
    const kept = started({ first });
    kept.answer("SeatHeld");
    assert.deepEqual(kept.steps, ["HoldSeat"]);
  });

  test("a command that failed for good is taken back unless that says otherwise", () => {
    const first: StateDefinition = { ...TRIP["first"], on: { SeatHeld: "going", commandFailed: "going" } };
    const unknown = started({ first });
    unknown.fail("missing");
    assert.deepEqual(unknown.steps, ["HoldSeat"]);
    const undo = { HoldSeat: { send: { ReleaseSeat: "data" as const }, unless: ["commandFailed"] } };
    const known = started({ first: { ...first, undo } });
    known.fail("missing");
    assert.deepEqual(known.steps, []);
  });

  test("an answer speaks for its own command, not for others of its kind", () => {
    const states: States = {
      first: {
        send: { HoldSeat: { each: "/seats" } },
        undo: { HoldSeat: { send: { ReleaseSeat: "command" }, unless: ["SeatRefused"] } },
        on: { SeatHeld: {}, SeatRefused: { target: "sorry", compensate: true } },
        join: { wait: "all", then: "going" },
      },
    };
    const drive = startedIn(tripOf({ ...TRIP, ...states }), { seats: ["1A", "1B", "1C"] });
    drive.answer("SeatHeld", {}, `${RUN_ID}:1:1`);
    drive.answer("SeatRefused", {}, `${RUN_ID}:1:2`);
    const steps = drive.run.compensation?.steps.map(({ undo }) => undo.data);
    assert.deepEqual(steps, ["1B", "1A"]);
    const called = startedIn(tripOf({ ...TRIP, ...states }), { seats: ["1A", "1B"] });
    called.event("SeatRefused");
    assert.deepEqual(
      called.run.compensation?.steps.map(({ undo }) => undo.data),
      ["1B"],
    );
  });

  test("an event that answers nothing speaks for every command that names it", () => {
    const drive = started({
      first: {
        send: { HoldSeat: "data", HoldRoom: "data" },
        undo: {
          HoldSeat: { send: { ReleaseSeat: "data" }, unless: ["Stormed"] },
          HoldRoom: { send: { ReleaseRoom: "data" } },
        },
        on: { Stormed: "going", SeatHeld: "going", RoomHeld: "going" },
      },
    });
    drive.event("Stormed");
    assert.deepEqual(drive.steps, ["HoldRoom"]);
  });

  test("a failure of one command says nothing about the others", () => {
    const drive = started({
      first: {
        send: { HoldSeat: "data", HoldRoom: "data" },
        undo: {
          HoldSeat: { send: { ReleaseSeat: "data" }, unless: ["commandFailed"] },
          HoldRoom: { send: { ReleaseRoom: "data" }, unless: ["commandFailed"] },
        },
        on: { commandFailed: "going", SeatHeld: "going", RoomHeld: "going" },
      },
    });
    drive.fail("missing");
    assert.deepEqual(drive.steps, ["HoldRoom"]);
  });

  test("a query of a poll leaves nothing to take back", () => {
    const drive = started({
      first: {
        poll: { send: { HoldSeat: "data" }, every: "1s" },
        undo: { HoldSeat: { send: { ReleaseSeat: "data" } } },
        on: { SeatHeld: "going" },
      },
    });
    drive.fire("poll");
    drive.answer("SeatHeld");
    assert.deepEqual(drive.steps, []);
  });

  test("an undo carries the data, parts of it, what its command carried, or what a function makes of both", () => {
    const carried = (
      projection: "data" | "command" | { pick: string[] } | ((data: object, old: unknown) => object),
    ) => {
      const undo = { HoldSeat: { send: { ReleaseSeat: projection as "data" } } };
      const drive = started({ first: { ...TRIP["first"], send: { HoldSeat: { pick: ["id"] } }, undo } });
      drive.answer("SeatHeld", { seat: "4A" });
      return drive.run.steps[0]?.undo.data;
    };
    assert.deepEqual(carried("data"), { id: 1, nights: 2, seat: "4A" });
    assert.deepEqual(carried("command"), { id: 1 });
    assert.deepEqual(carried({ pick: ["seat"] }), { seat: "4A" });
    assert.deepEqual(
      carried((data, old) => ({ ...data, old })),
      { id: 1, nights: 2, seat: "4A", old: { id: 1 } },
    );
  });

  test("an undo that may not carry its data parks the run, which keeps the command and its state", () => {
    const undo = { HoldSeat: { send: { Refund: "data" as const } } };
    const drive = started({ first: { ...TRIP["first"], undo } });
    drive.answer("SeatHeld", { seat: "4A" });
    assert.deepEqual([drive.run.parked, drive.run.state, drive.run.steps], ["rule-failed", "first", []]);
    assert.equal(drive.command.phase, "delivered");
    assert.match(drive.last?.deadLetter?.error?.message ?? "", /data of command Refund breaks its schema/);
  });

  test("a run remembers a bounded number of steps", () => {
    const drive = started();
    const step: Step = {
      state: "first",
      command: "HoldSeat",
      commandId: "x",
      undo: { type: "ReleaseSeat", channel: "air", data: {} },
    };
    const steps = Array.from({ length: STEPS_MAX }, () => step);
    drive.known = { run: { ...drive.run, steps }, seen: new Map() };
    drive.answer("SeatHeld", { seat: "4A" });
    assert.equal(drive.run.parked, "rule-failed");
    assert.match(drive.last?.deadLetter?.error?.message ?? "", /10001 steps to take back, at most 10000/);
  });
});

describe("an undo under way", () => {
  /** The undo of the room is under way, that of the seat comes next. */
  function compensating(states: States = {}, more: Partial<FlowDefinition> = {}): Drive {
    const drive = held(states, more);
    drive.answer("Charged");
    drive.event("Stormed");
    return drive;
  }

  test("counts once, however often it is answered", () => {
    const drive = compensating();
    const { id } = drive.command;
    drive.answer("RoomReleased");
    assert.equal(drive.answer("RoomReleased", {}, id).answer.outcome, "stale");
    assert.deepEqual(drive.underWay, ["ReleaseSeat"]);
  });

  test("may be answered by an event from outside, which a repeat does not answer again", () => {
    const drive = compensating();
    drive.settle({ type: "delivered" });
    assert.equal(drive.event("RoomReleased", {}, "e1").answer.outcome, "applied");
    assert.equal(drive.last?.entry?.kind, "undone");
    assert.deepEqual(drive.event("RoomReleased", {}, "e1").answer, {
      outcome: "applied",
      version: 7,
      isRepeat: true,
    });
    assert.deepEqual(drive.underWay, ["ReleaseSeat"]);
  });

  test("is interrupted by no event of the definition and by no timer", () => {
    const drive = compensating({}, { deadline: { delay: "2h", target: "sorry" } });
    for (const type of ["Stormed", "SeatHeld", "SeatReleased"])
      assert.equal(drive.event(type).answer.outcome, "unexpected", type);
    assert.deepEqual([drive.kinds, activeTimers(drive.run)], [["flow-deadline"], []]);
    assert.equal(drive.fire("flow-deadline").answer.outcome, "stale");
    assert.deepEqual([drive.run.state, drive.underWay], ["compensating", ["ReleaseRoom"]]);
  });

  test("is tried again by the policy of its own step", () => {
    const drive = compensating();
    drive.fail("unavailable");
    assert.equal(drive.last?.entry?.nextAtMs, drive.nowMs + 1_000);
    assert.deepEqual(
      activeTimers(drive.run).map(({ kind }) => kind),
      ["retry"],
    );
    const again = drive.fire("retry");
    assert.deepEqual(
      again.send.map(({ type, attempt }) => [type, attempt]),
      [["ReleaseRoom", 2]],
    );
    drive.fail("unavailable");
    assert.equal(drive.run.parked, "undo-failed");
  });

  test("that fails for good parks the run, and a redrive tries it anew", () => {
    const drive = compensating();
    drive.fail("forbidden");
    assert.deepEqual([drive.run.parked, drive.run.state], ["undo-failed", "compensating"]);
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.run.parked, drive.letters], [null, []]);
    assert.deepEqual([drive.command.attempt, drive.command.phase], [2, "sending"]);
    drive.fail("unavailable");
    assert.equal(drive.command.phase, "waiting", "the policy counts from the redrive");
    drive.answer("RoomReleased");
    drive.answer("SeatReleased");
    assert.equal(drive.run.outcome, "sorry");
  });

  test("that fails for good is skipped with its step, and the others are still taken back", () => {
    const drive = compensating();
    drive.fail("forbidden");
    drive.operate({ type: "skip" });
    assert.deepEqual([drive.run.parked, drive.underWay], [null, ["ReleaseSeat"]]);
    drive.fail("forbidden");
    drive.operate({ type: "skip" });
    assert.deepEqual([drive.run.outcome, drive.letters], ["sorry", []]);
  });

  test("may fail while its answer is awaited", () => {
    const drive = compensating();
    drive.settle({ type: "delivered" });
    drive.fail("missing");
    assert.equal(drive.run.parked, "undo-failed");
  });

  test("whose answer leads to a target that cannot be entered is not sent again", () => {
    const drive = compensating({
      sorry: { send: { Refund: "data" }, on: { Refunded: "end" } },
      end: { final: "end" },
    });
    drive.answer("RoomReleased");
    drive.answer("SeatReleased");
    assert.deepEqual([drive.run.parked, drive.run.state], ["rule-failed", "compensating"]);
    assert.deepEqual([drive.command.type, drive.command.phase], ["ReleaseSeat", "delivered"]);
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.run.parked, drive.letters.length], ["rule-failed", 1]);
    drive.operate({ type: "force", state: "sorry", data: { amount: 7 } });
    assert.deepEqual([drive.run.state, drive.underWay, drive.letters], ["sorry", ["Refund"], []]);
  });

  test("whose answer came from outside is taken from its dead letter as the undo it was", () => {
    const sorry: StateDefinition = { send: { Refund: "data" }, on: { Refunded: "end" } };
    const drive = compensating({ sorry, end: { final: "end" } });
    drive.answer("RoomReleased");
    drive.event("SeatReleased");
    assert.equal(drive.run.parked, "rule-failed");
    drive.known = { run: { ...drive.run, data: { amount: 1 } }, seen: new Map() };
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.run.parked, drive.run.state, drive.underWay], [null, "sorry", ["Refund"]]);
    assert.deepEqual([drive.history.at(-1)?.kind, drive.history.at(-1)?.letter], ["undone", 7]);
  });

  test("without anything to take back is a mistake of ours", () => {
    const drive = compensating();
    drive.known = { run: { ...drive.run, compensation: null }, seen: new Map() };
    assert.throws(() => drive.fail("unavailable"), { code: "FLOW_UNEXPECTED" });
  });
});

describe("the flow's deadline and compensation", () => {
  const states: States = {
    sorry: { send: { Refund: () => ({ amount: 1 }) }, on: { Refunded: "end" } },
    late: { final: "late" },
    end: { final: "end" },
  };

  test("a deadline that passes while steps are taken back fires afterwards", () => {
    const drive = held(states, { deadline: { delay: "2h", target: "late" } });
    drive.answer("Charged");
    drive.event("Stormed");
    drive.nowMs += 10_000_000;
    drive.answer("RoomReleased");
    drive.answer("SeatReleased");
    assert.deepEqual([drive.run.state, drive.kinds], ["sorry", ["flow-deadline"]]);
    assert.equal(activeTimers(drive.run)[0]?.dueAtMs, NOW_MS + 7_200_000);
    drive.fire("flow-deadline");
    assert.equal(drive.run.outcome, "late");
  });

  test("a deadline that compensates fires once", () => {
    const drive = held(states, { deadline: { delay: "2h", target: "sorry", compensate: true } });
    drive.fire("flow-deadline");
    drive.answer("RoomReleased");
    drive.answer("SeatReleased");
    assert.deepEqual([drive.run.state, drive.kinds], ["sorry", []]);
  });
});

describe("cancellation", () => {
  test("with compensation takes back what was done, and what may have been", () => {
    const drive = held();
    const { answer, entry } = drive.operate({ type: "cancel", compensate: true }, "op-1");
    assert.deepEqual(answer, { outcome: "applied", version: 4, isRepeat: false });
    assert.deepEqual(
      [entry?.kind, entry?.type, entry?.eventId, entry?.by, entry?.reason, entry?.state],
      ["canceled", "cancel", "op-1", "ann", "a test", "compensating"],
    );
    drive.answer("RoomReleased");
    drive.answer("SeatReleased");
    assert.deepEqual([drive.run.state, drive.run.outcome], ["canceled", "canceled"]);
    const waiting = started();
    waiting.operate({ type: "cancel", compensate: true });
    assert.deepEqual(waiting.underWay, ["ReleaseSeat"]);
  });

  test("without compensation ends the run where it is", () => {
    const drive = held();
    drive.operate({ type: "cancel", compensate: false });
    assert.deepEqual([drive.run.outcome, drive.run.commands, drive.run.steps], ["canceled", [], []]);
    const undoing = held();
    undoing.operate({ type: "cancel", compensate: true });
    undoing.operate({ type: "cancel", compensate: false });
    assert.deepEqual([undoing.run.outcome, undoing.run.compensation], ["canceled", null]);
  });

  test("of a run that has nothing to take back ends it at once", () => {
    const drive = started({ first: { on: { Stormed: "sorry" } } });
    drive.operate({ type: "cancel", compensate: true });
    assert.equal(drive.run.outcome, "canceled");
  });

  test("of a run that takes steps back lets it end canceled, without a second undo", () => {
    const drive = held();
    drive.answer("Charged");
    drive.event("Stormed");
    const { id } = drive.command;
    assert.equal(drive.operate({ type: "cancel", compensate: true }).answer.outcome, "applied");
    assert.deepEqual([drive.command.id, drive.run.compensation?.target], [id, "canceled"]);
    assert.equal(rejectedWith(drive.operate({ type: "cancel", compensate: true })), "FLOW_COMPENSATING");
    drive.answer("RoomReleased");
    drive.answer("SeatReleased");
    assert.equal(drive.run.outcome, "canceled");
  });

  test("of a run whose undo has failed leaves that undo to be tried or skipped", () => {
    const drive = held();
    drive.answer("Charged");
    drive.event("Stormed");
    drive.fail("forbidden");
    drive.operate({ type: "cancel", compensate: true });
    assert.deepEqual([drive.run.parked, drive.letters.length], ["undo-failed", 1]);
    assert.equal(rejectedWith(drive.operate({ type: "cancel", compensate: true })), "FLOW_COMPENSATING");
    drive.operate({ type: "skip" });
    drive.answer("SeatReleased");
    assert.equal(drive.run.outcome, "canceled");
  });

  test("goes on in the flow's own state of that name", () => {
    const drive = held({ canceled: { send: { Refund: () => ({ amount: 1 }) }, on: { Refunded: "sorry" } } });
    drive.operate({ type: "cancel", compensate: false });
    assert.deepEqual([drive.run.state, drive.underWay], ["canceled", ["Refund"]]);
    assert.deepEqual(drive.steps, ["HoldSeat", "HoldRoom"], "they may still be taken back");
  });

  test("of a run whose undo cannot be made is refused with compensation only", () => {
    const undo = { HoldSeat: { send: { Refund: "data" as const } } };
    const drive = started({ first: { ...TRIP["first"], undo } });
    assert.equal(rejectedWith(drive.operate({ type: "cancel", compensate: true })), "FLOW_BAD_DATA");
    drive.operate({ type: "cancel", compensate: false });
    assert.equal(drive.run.outcome, "canceled");
  });

  test("drops what parked the run and takes in what waited behind", () => {
    const drive = held({ pay: { send: { Charge: "data" }, on: { Charged: "going" } } });
    drive.fail("missing");
    drive.event("Stormed", {}, "e1");
    drive.operate({ type: "cancel", compensate: true });
    assert.deepEqual([drive.run.parked, drive.letters], [null, []]);
    assert.deepEqual(
      drive.history.slice(-2).map(({ kind, letter }) => [kind, letter]),
      [
        ["canceled", undefined],
        ["unexpected", 5],
      ],
    );
    assert.equal(
      drive.event("Stormed", {}, "e1").answer.outcome,
      "queued",
      "a repeat is answered as the first time",
    );
  });
});
