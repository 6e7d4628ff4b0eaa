import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JsonObject } from "@sluice/contracts/envelope";
import { RUN_ID, rejectedWith, startedIn, tripOf } from "./fixtures/drive.ts";
import type { Drive } from "./fixtures/drive.ts";
import type { StateDefinition } from "./flow.ts";

type States = Record<string, StateDefinition>;

const ENDS: States = { going: { final: "going" }, sorry: { final: "sorry" } };

/** The id of the n-th command of the first state. */
const nth = (n: number) => `${RUN_ID}:1:${n}`;

function started(states: States, data: JsonObject = { seats: ["1A", "1B"] }): Drive {
  return startedIn(tripOf({ ...ENDS, ...states }), data);
}

/** A state that holds a seat for each of a list, and notes which were told. */
function holding(more: Partial<StateDefinition> = {}): StateDefinition {
  const update = ({ data, event }: { data: JsonObject; event: unknown }): JsonObject => ({
    ...data,
    told: [...((data["told"] as string[] | undefined) ?? []), (event as { seat: string }).seat],
  });
  return {
    send: { HoldSeat: { each: "/seats" } },
    on: { SeatHeld: { update } },
    join: { wait: "all", then: "going" },
    ...more,
  };
}

function broken(): never {
  throw new Error("the rule is broken");
}

describe("an event that names the command it answers", () => {
  test("answers that one of several alike, and no other", () => {
    const drive = started({ first: holding() });
    drive.event("SeatHeld", { seat: "1B" }, "e1", nth(1));
    assert.deepEqual([drive.run.state, drive.command.id], ["first", nth(0)]);
    assert.deepEqual(
      [drive.last?.entry?.kind, drive.last?.entry?.eventId, drive.last?.entry?.commandId],
      ["event", "e1", nth(1)],
    );
    drive.event("SeatHeld", { seat: "1A" }, "e0", nth(0));
    assert.deepEqual([drive.run.outcome, drive.run.data["told"]], ["going", ["1B", "1A"]]);
  });

  test("comes too late for a command that is answered, and leaves its siblings waiting", () => {
    const drive = started({ first: holding() });
    drive.answer("SeatHeld", { seat: "1B" }, nth(1));
    const { answer } = drive.event("SeatHeld", { seat: "1B" }, "e1", nth(1));
    assert.equal(answer.outcome, "unexpected");
    assert.deepEqual([drive.command.id, drive.run.data["told"]], [nth(0), ["1B"]]);
    assert.deepEqual([drive.last?.entry?.kind, drive.last?.entry?.commandId], ["unexpected", nth(1)]);
    drive.answer("SeatHeld", { seat: "1A" }, nth(0));
    assert.equal(drive.run.outcome, "going");
  });

  test("comes too late for a command that was withdrawn, though the new state takes such events", () => {
    const drive = started({
      first: holding({ on: { Stormed: "alone", SeatHeld: {} } }),
      alone: { on: { SeatHeld: "sorry", Stormed: "going" } },
    });
    drive.event("Stormed");
    assert.equal(drive.event("SeatHeld", {}, "e1", nth(0)).answer.outcome, "unexpected");
    assert.equal(drive.run.state, "alone");
    drive.event("SeatHeld", {}, "e2");
    assert.equal(drive.run.outcome, "sorry");
  });

  test("is a repeat under its id, and another event where it names another command", () => {
    const drive = started({ first: holding() });
    drive.event("SeatHeld", { seat: "1A" }, "e0", nth(0));
    const { answer } = drive.event("SeatHeld", { seat: "1A" }, "e0", nth(0));
    assert.deepEqual(answer, { outcome: "applied", version: 2, isRepeat: true });
    const other = drive.event("SeatHeld", { seat: "1A" }, "e0", nth(1));
    assert.equal(rejectedWith(other), "FLOW_IDEMPOTENCY_CONFLICT");
    assert.equal(rejectedWith(drive.event("SeatHeld", { seat: "1A" }, "e0")), "FLOW_IDEMPOTENCY_CONFLICT");
  });

  test("is refused where the command is of another run, or cannot be answered so", () => {
    const drive = started({ first: holding({ on: { SeatHeld: {}, Stormed: {} } }) });
    const foreign = drive.event("SeatHeld", {}, "e1", "7d3c4a2e-1111-4222-8333-944445555666:1:0");
    assert.equal(rejectedWith(foreign), "FLOW_BAD_EVENT");
    const strange = drive.event("Stormed", {}, "e2", nth(0));
    assert.equal(rejectedWith(strange), "FLOW_BAD_EVENT");
    assert.match(
      JSON.stringify(strange.answer),
      /Stormed is no answer to HoldSeat, expected one of: SeatHeld, SeatRefused/,
    );
    assert.equal(drive.underWay.length, 2);
  });

  test("ends the wait for its command also where the run stays and counts nothing", () => {
    const drive = started({
      first: { send: { HoldSeat: "data" }, on: { SeatHeld: {}, Stormed: "sorry" } },
    });
    drive.settle({ type: "delivered" });
    drive.event("SeatHeld", {}, "e1", nth(0));
    assert.deepEqual(drive.underWay, []);
  });

  test("is the last answer of a join also where no transition takes it", () => {
    const refusing = { SeatHeld: {}, SeatRefused: { guard: () => false } };
    const drive = started({ first: holding({ on: refusing }) });
    assert.equal(drive.event("SeatRefused", {}, "e0", nth(0)).answer.outcome, "unexpected");
    assert.deepEqual(drive.command.id, nth(1));
    assert.equal(drive.event("SeatRefused", {}, "e1", nth(1)).answer.outcome, "applied");
    assert.equal(drive.run.outcome, "going");
  });

  test("parks the run where nothing takes it and nothing else would move the run on", () => {
    const drive = started({ first: { send: { HoldSeat: "data" }, on: { SeatHeld: "going" } } });
    drive.settle({ type: "delivered" });
    drive.event("SeatRefused", {}, "e1", nth(0));
    assert.deepEqual([drive.run.parked, drive.command.phase], ["answer-not-taken", "delivered"]);
  });

  test("wins a loser's place in a join that waits for any, and its step is left behind", () => {
    const drive = started({
      first: holding({
        join: { wait: "any", then: "going", losers: "undo" },
        undo: { HoldSeat: { send: { ReleaseSeat: "command" } } },
      }),
    });
    drive.event("SeatHeld", { seat: "1B" }, "e1", nth(1));
    assert.deepEqual([drive.command.type, drive.command.undoes], ["ReleaseSeat", nth(0)]);
    assert.deepEqual(drive.steps, ["HoldSeat"]);
  });

  test("answers the undo under way, and no undo that is over", () => {
    const drive = started({
      first: {
        send: { HoldSeat: "data", HoldRoom: "data" },
        undo: { HoldSeat: { send: { ReleaseSeat: "data" } }, HoldRoom: { send: { ReleaseSeat: "data" } } },
        on: { Stormed: { target: "sorry", compensate: true }, SeatHeld: "going", RoomHeld: "going" },
      },
    });
    drive.event("Stormed");
    const first = drive.command.id;
    drive.event("SeatReleased", {}, "e1", first);
    assert.equal(drive.last?.entry?.kind, "undone");
    const second = drive.command.id;
    assert.equal(drive.event("SeatReleased", {}, "e2", first).answer.outcome, "unexpected");
    drive.event("SeatReleased", {}, "e3", second);
    assert.equal(drive.run.outcome, "sorry");
  });

  test("answers the query of a poll", () => {
    const drive = started({
      first: { poll: { send: { HoldSeat: "data" }, every: "1s" }, on: { SeatHeld: "going" } },
    });
    drive.fire("poll");
    drive.event("SeatHeld", {}, "e1", drive.command.id);
    assert.equal(drive.run.outcome, "going");
  });
});

describe("an event that names its command and meets a parked run", () => {
  /** Parked by the answer of the first of two commands. */
  function parked(): Drive {
    let isBroken = true;
    const update = ({ data }: { data: JsonObject }): JsonObject => (isBroken ? broken() : data);
    const drive = started({
      first: holding({ on: { SeatHeld: { update } }, undo: { HoldSeat: { send: { ReleaseSeat: "data" } } } }),
    });
    drive.event("SeatHeld", { seat: "1A" }, "e0", nth(0));
    assert.deepEqual([drive.run.parked, drive.run.commands[0]?.phase], ["rule-failed", "delivered"]);
    isBroken = false;
    return drive;
  }

  test("waits behind it, and its command is not sent again meanwhile", () => {
    const drive = parked();
    drive.event("SeatHeld", { seat: "1B" }, "e1", nth(1));
    assert.deepEqual(
      [drive.last?.entry?.kind, drive.run.commands[1]?.phase, drive.letters.length],
      ["queued", "delivered", 2],
    );
    drive.operate({ type: "redrive" });
    assert.equal(drive.run.outcome, "going");
  });

  test("is unexpected when it is taken in again and its command has gone", () => {
    const drive = parked();
    drive.event("SeatHeld", { seat: "1A" }, "e1", nth(0));
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.history.at(-1)?.kind, drive.underWay.length], ["unexpected", 1]);
    assert.equal(drive.command.id, nth(1));
  });

  test("takes its own command with it when it is skipped", () => {
    const drive = parked();
    drive.operate({ type: "skip" });
    assert.deepEqual([drive.command.id, drive.steps], [nth(1), ["HoldSeat"]]);
    assert.equal(drive.run.steps[0]?.commandId, nth(0));
  });
});
