/** The book of steps is shown histories with a fault, since no port can make the rules themselves break their word. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileFlow } from "../../core/compile-flow.ts";
import { decide } from "../../core/decide.ts";
import type { LaneInput, Operation } from "../../core/inputs.ts";
import type { Run } from "../../core/run.ts";
import { compileSchema } from "../../definition/compile-schema.ts";
import { checkSteps } from "./check-steps.ts";
import type { ReplayedStep } from "./replay-history.ts";

const LIMITS = { dataBytesMax: 65_536, entriesMax: 1_000 };
const RUN_ID = "run";

const flow = compileFlow(
  {
    name: "trip",
    version: 1,
    events: { Booked: {}, Sold: {}, Left: {}, Paid: {} },
    commands: {
      Book: { channel: "hotel", answers: ["Booked", "Sold"] },
      Fly: { channel: "air", answers: ["Booked"] },
      Cancel: { channel: "hotel", answers: ["Left"] },
    },
    initial: "hotel",
    states: {
      hotel: {
        send: { Book: "data" },
        undo: { Book: { send: { Cancel: "command" }, unless: ["Sold"] } },
        on: {
          Booked: "flight",
          Sold: { target: "taken-back", compensate: true },
          Paid: { undo: { send: { Cancel: "data" } } },
        },
      },
      flight: {
        send: { Fly: "data" },
        undo: { Fly: { send: { Cancel: "data" } } },
        on: { Booked: "waiting" },
      },
      // Nothing is sent, so its join is passed at once.
      passing: {
        send: { Fly: { each: "/flights" } },
        on: { Booked: {} },
        join: { wait: "all", then: { target: "taken-back", compensate: true } },
      },
      waiting: { on: { Left: { target: "taken-back", compensate: true } } },
      "taken-back": { final: "taken-back" },
    },
  },
  compileSchema,
);

/** What the rules make of these inputs, step by step. */
function play(...inputs: readonly ((run: Run | null) => LaneInput)[]): ReplayedStep[] {
  let run: Run | null = null;
  return inputs.map((make, at) => {
    const input = make(run);
    const known = run === null ? null : { run, seen: new Map() };
    const decision = decide(flow, known, input, at, LIMITS);
    assert.ok(decision.run !== null && decision.entry !== null, `${input.kind} at ${at} changes nothing`);
    const step: ReplayedStep = { input, entry: decision.entry, flow, before: run, after: decision.run };
    run = decision.run;
    return step;
  });
}

const start = (): LaneInput => ({
  kind: "start",
  runId: RUN_ID,
  flow: "trip",
  flowVersion: 1,
  key: null,
  startId: null,
  lane: 0,
  data: {},
});
const answer =
  (type: string) =>
  (run: Run | null): LaneInput => {
    const [command] = run?.commands ?? [];
    return {
      kind: "settled",
      runId: RUN_ID,
      commandId: command?.id ?? "",
      attempt: 1,
      settlement: { type: "answered", event: { type, data: {} } },
    };
  };
const tell = (type: string) => (): LaneInput => ({
  kind: "event",
  runId: RUN_ID,
  id: `e-${type}`,
  type,
  data: {},
});
const operation = (type: Operation) => (): LaneInput => ({
  kind: "operation",
  runId: RUN_ID,
  id: "o1",
  operation: type,
  by: "somebody",
  reason: null,
});
const cancel = operation({ type: "cancel", compensate: true });

function faultsOf(steps: readonly ReplayedStep[]): readonly string[] {
  const found: string[] = [];
  checkSteps(RUN_ID, steps, (_, message) => found.push(message));
  return found;
}

/** The same history, told with another compensation from one of its steps on. */
function withSteps(
  steps: readonly ReplayedStep[],
  change: (taken: readonly { commandId: string }[]) => unknown,
): readonly ReplayedStep[] {
  return steps.map((step) => {
    const { compensation } = step.after;
    const changed = compensation && { ...compensation, steps: change(compensation.steps) };
    return { ...step, after: { ...step.after, compensation: changed } as Run };
  });
}

describe("the book of steps", () => {
  const undone = play(start, answer("Booked"), answer("Booked"), cancel, answer("Left"), answer("Left"));

  it("finds nothing where all is taken back, the newest first", () => {
    assert.deepEqual(faultsOf(undone), []);
  });

  it("finds nothing where an answer said that there is nothing to take back", () => {
    assert.deepEqual(faultsOf(play(start, answer("Sold"))), []);
  });

  it("finds nothing where what an event told is taken back in its turn", () => {
    const paid = play(
      start,
      tell("Paid"),
      answer("Booked"),
      cancel,
      answer("Left"),
      answer("Left"),
      answer("Left"),
    );
    assert.deepEqual(faultsOf(paid), []);
    assert.match(
      faultsOf(withSteps(paid, (steps) => steps.slice(1))).join(),
      /takes back run:1:0,run:3:0, and owes run:2:Paid,run:1:0/,
    );
  });

  it("finds nothing where what an event told late is taken back next, and finds that it is forgotten", () => {
    const late = play(start, cancel, tell("Paid"), answer("Left"), answer("Left"));
    assert.deepEqual(faultsOf(late), []);
    const forgotten = withSteps(late, (steps) => steps.filter(({ commandId }) => commandId !== "run:3:Paid"));
    assert.match(faultsOf(forgotten).join(), /takes back run:3:Paid, and it is the turn of none/);
    const other = withSteps(late, (steps) =>
      steps.map((step) => (step.commandId === "run:3:Paid" ? { ...step, commandId: "run:9:Paid" } : step)),
    );
    assert.match(faultsOf(other).join(), /run:9:Paid is taken back too, and late was run:3:Paid/);
  });

  it("finds a step that is forgotten", () => {
    assert.match(
      faultsOf(withSteps(undone, (steps) => steps.slice(0, 1))).join(),
      /takes back run:1:0, and owes run:1:0,run:2:0/,
    );
  });

  it("finds a step that is taken back out of turn", () => {
    assert.match(
      faultsOf(withSteps(undone, (steps) => steps.toReversed())).join(),
      /takes back run:2:0,run:1:0, and owes/,
    );
  });

  it("finds a compensation that ends before all is taken back", () => {
    assert.match(faultsOf(undone.filter((_, at) => at !== 4)).join(), /before run:1:0 is taken back/);
  });

  it("finds a run that ends as if it were compensated, and has taken nothing back", () => {
    const [started, booked, flown] = undone;
    const end = play(start, answer("Sold")).at(-1);
    assert.ok(started && booked && flown && end);
    assert.match(
      faultsOf([started, booked, flown, { ...end, before: flown.after }]).join(),
      /is not taken back/,
    );
  });

  it("finds an undo that comes twice, unless an operator has interrupted the first", () => {
    const twice = [...undone.slice(0, 5), { ...undone[4], before: undone[3]?.after } as ReplayedStep];
    assert.match(faultsOf(twice).join(), /a second time|it is the turn of/);
    const force = operation({ type: "force", state: "waiting" });
    const interrupted = play(start, answer("Booked"), answer("Booked"), cancel, force, tell("Left"));
    assert.deepEqual(faultsOf(interrupted), []);
  });

  it("knows that an operator who forces a run out of a compensation into another begins it anew", () => {
    const anew = operation({ type: "force", state: "passing", data: { flights: [] } });
    const forced = play(
      start,
      answer("Booked"),
      answer("Booked"),
      cancel,
      anew,
      answer("Left"),
      answer("Left"),
    );
    assert.deepEqual(forced.at(4)?.after.compensation?.target, "taken-back");
    assert.deepEqual(faultsOf(forced), []);
  });
});
