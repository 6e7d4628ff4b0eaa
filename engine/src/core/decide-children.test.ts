import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RUN_ID, startedIn, tripOf } from "./fixtures/drive.ts";
import type { Drive } from "./fixtures/drive.ts";
import type { FlowDefinition, StateDefinition } from "./flow.ts";

type States = Record<string, StateDefinition>;

function started(states: States = {}, more: Partial<FlowDefinition> = {}): Drive {
  const guided: States = {
    first: {
      send: { FindGuide: { pick: ["place"] } },
      on: { GuideFound: { target: "going", update: "merge" }, GuideLost: "sorry" },
    },
    going: { final: "going" },
    sorry: { final: "sorry" },
  };
  return startedIn(tripOf({ ...guided, ...states }, more), { place: "Rome" });
}

const ended = (drive: Drive, outcome: string, data = {}) =>
  drive.settle({ type: "ended", outcome, data }, undefined, 1);

describe("the end of a child run", () => {
  test("is the answer that its outcome stands for, with the child's data", () => {
    const drive = started();
    assert.deepEqual([drive.command.channel, drive.command.data], ["$flow", { place: "Rome" }]);
    const { entry } = drive.settle({ type: "delivered", childId: "child-1" });
    assert.deepEqual(
      [entry?.child, drive.command.childId, drive.command.phase],
      ["child-1", "child-1", "delivered"],
    );
    ended(drive, "found", { guide: "Livia" });
    assert.deepEqual([drive.run.outcome, drive.run.data["guide"]], ["going", "Livia"]);
    assert.deepEqual(
      [drive.last?.entry?.kind, drive.last?.entry?.type, drive.last?.entry?.commandId],
      ["event", "GuideFound", `${RUN_ID}:1:0`],
    );
  });

  test("counts before the parent has heard that it began", () => {
    const drive = started();
    ended(drive, "found");
    assert.equal(drive.run.outcome, "going");
    assert.equal(drive.settle({ type: "delivered" }, `${RUN_ID}:1:0`).answer.outcome, "stale");
  });

  test("counts once, and not for a parent that waits no more", () => {
    const drive = started({ going: { on: { Stormed: "sorry" } } });
    ended(drive, "found");
    const again = drive.settle({ type: "ended", outcome: "found", data: {} }, `${RUN_ID}:1:0`, 1);
    assert.equal(again.answer.outcome, "stale");
  });

  test("with an outcome that stands for nothing is a failure of the command", () => {
    const parked = started();
    parked.settle({ type: "delivered", childId: "child-1" });
    ended(parked, "eaten");
    assert.equal(parked.run.parked, "command-refused");
    assert.deepEqual(
      parked.letters[0]?.error?.message,
      "the guide run of FindGuide ended eaten, expected one of: found, canceled",
    );
    const handled = started({
      first: { send: { FindGuide: "data" }, on: { GuideFound: "going", commandFailed: "sorry" } },
    });
    ended(handled, "eaten");
    assert.equal(handled.run.outcome, "sorry");
  });

  test("stays what it is when it is redriven, and another version may know what it means", () => {
    const drive = started();
    ended(drive, "eaten");
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.run.parked, drive.command.phase], ["command-refused", "delivered"]);
    drive.flow = tripOf(drive.flow.definition.states, {
      commands: { FindGuide: { flow: "guide", outcomes: { eaten: "GuideLost" } } },
    });
    drive.operate({ type: "redrive" });
    assert.equal(drive.run.outcome, "sorry");
  });

  test("waits behind a parked run, and is taken in with it", () => {
    let isBroken = true;
    const update = ({ data }: { data: object }) => {
      if (isBroken) throw new Error("rule is broken");
      return { ...data };
    };
    const drive = started({
      first: {
        send: { FindGuide: "data" },
        on: { GuideFound: "going", Stormed: { update }, GuideLost: "sorry" },
      },
    });
    drive.event("Stormed");
    ended(drive, "canceled");
    assert.deepEqual(
      drive.letters.map(({ reason }) => reason),
      ["rule-failed", null],
    );
    isBroken = false;
    drive.operate({ type: "redrive" });
    assert.equal(drive.run.outcome, "sorry");
  });

  test("that is skipped may leave something to take back, as its outcome says", () => {
    const stepsAfter = (outcome: string) => {
      const drive = started(
        {
          first: {
            send: { FindGuide: "data" },
            undo: { FindGuide: { send: { Refund: () => ({ amount: 1 }) }, unless: ["GuideLost"] } },
            on: { GuideFound: "going", GuideLost: { guard: () => false, target: "sorry" }, Stormed: "sorry" },
          },
        },
        {},
      );
      if (outcome === "canceled") {
        drive.known = { run: { ...drive.run, parked: "rule-failed" }, seen: new Map() };
        ended(drive, outcome);
        drive.letters = drive.letters.map((letter) => ({ ...letter, reason: "rule-failed" }));
      } else ended(drive, outcome);
      drive.operate({ type: "skip" });
      return drive.steps;
    };
    assert.deepEqual([stepsAfter("eaten"), stepsAfter("canceled")], [["FindGuide"], []]);
  });

  test("of a flow that no version knows as a child any more is a failure", () => {
    const drive = started();
    drive.flow = tripOf(drive.flow.definition.states, {
      commands: { FindGuide: { channel: "agency", answers: ["GuideFound"] } },
    });
    ended(drive, "found");
    assert.match(
      drive.letters[0]?.error?.message ?? "",
      /the child run of FindGuide ended found, expected one of: none/,
    );
  });
});

describe("a start of a child run", () => {
  test("that is refused is a failure of the command, which a redrive tries again", () => {
    const drive = started();
    const error = { code: "FLOW_CHILD_REFUSED", kind: "invalid", message: "bad data" } as const;
    drive.settle({ type: "failed", error });
    assert.equal(drive.run.parked, "command-refused");
    drive.operate({ type: "redrive" });
    assert.deepEqual([drive.command.phase, drive.command.attempt], ["sending", 2]);
  });
});

describe("an undo that is a child flow", () => {
  const states: States = {
    first: {
      send: { Charge: "data" },
      undo: { Charge: { send: { FindGuide: "data" } } },
      on: { Charged: "on-the-way" },
    },
    "on-the-way": { on: { Stormed: { target: "sorry", compensate: true } } },
  };

  test("is done with the child's end", () => {
    const drive = started(states);
    drive.answer("Charged");
    drive.event("Stormed");
    drive.settle({ type: "delivered", childId: "child-1" });
    ended(drive, "found");
    assert.equal(drive.run.outcome, "sorry");
  });

  test("parks the run where the outcome stands for nothing", () => {
    const drive = started(states);
    drive.answer("Charged");
    drive.event("Stormed");
    ended(drive, "eaten");
    assert.equal(drive.run.parked, "undo-failed");
    drive.operate({ type: "redrive" });
    assert.equal(drive.run.parked, "undo-failed");
    drive.operate({ type: "skip" });
    assert.equal(drive.run.outcome, "sorry");
  });
});
