import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkFlow, NAMES_MAX } from "./check-flow.ts";
import type { FindingCode } from "./findings.ts";

type Fault = readonly [code: FindingCode, path: string, state: string | null];

/** A flow of states alone, for what concerns their ways: each event is declared, and each command is answered by its `Done` and `Failed`. */
function flowOf(
  states: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): unknown {
  return {
    name: "ways",
    version: 1,
    events: { Go: {}, Done: {}, Failed: {} },
    commands: {
      Try: { channel: "a", answers: ["Done", "Failed"] },
      Child: { flow: "child", outcomes: { done: "Done", failed: "Failed", lost: "Failed" } },
    },
    initial: Object.keys(states)[0],
    states: { ...states, end: { final: "end" } },
    ...more,
  };
}

/** Findings about ways alone: these flows do not use all they declare. */
function waysOf(definition: unknown): Fault[] {
  return checkFlow(definition)
    .filter(({ code }) => !code.startsWith("unused-"))
    .map(({ code, path, state }) => [code, path, state]);
}

const WAYS: readonly (readonly [what: string, flow: unknown, ...faults: Fault[]])[] = [
  [
    "no final state",
    { ...(flowOf({}) as object), initial: "a", states: { a: { on: { Go: "a" } } } },
    ["no-final-state", "/states", null],
  ],
  [
    "a dead end, and not what leads to it",
    flowOf({ a: { on: { Go: "b", Done: "end" } }, b: { on: { Go: "c" } }, c: {} }),
    ["no-way-to-final", "/states/c", "c"],
  ],
  [
    "a state that leads only to itself",
    flowOf({ a: { on: { Go: "b", Done: "end" } }, b: { on: { Go: "b" } } }),
    ["no-way-to-final", "/states/b", "b"],
  ],
  [
    "states that lead only to one another, once",
    flowOf({
      a: { on: { Go: "b", Done: "end" } },
      b: { on: { Go: "c" } },
      c: { after: { delay: "1s", target: "b" } },
    }),
    ["no-way-to-final", "/states/b", "b"],
  ],
  [
    "nothing wrong with a loop that an event or a timer can leave",
    flowOf({ a: { on: { Go: "b" } }, b: { on: { Go: "a" }, after: { delay: "1s", target: "end" } } }),
  ],
  [
    "nothing more where a target is unknown",
    flowOf({ a: { on: { Go: "nowhere-near" } }, end: { final: "end" } }),
    ["unknown-target", "/states/a/on/Go", "a"],
    ["unreachable-state", "/states/end", "end"],
  ],
  [
    "a way to the end by the deadline of the run",
    flowOf({ a: { on: { Go: "a" } } }, { deadline: { delay: "1d", target: "end" } }),
  ],
  [
    "a command in a loop without a pause",
    flowOf({ a: { send: { Try: "data" }, on: { Done: "end", Failed: "a" } } }),
    ["endless-loop", "/states/a/on/Failed", "a"],
  ],
  [
    "two commands in a loop without a pause",
    flowOf({
      a: { send: { Try: "data" }, on: { Done: "end", Failed: "b" } },
      b: { send: { Try: "data" }, on: { Done: "a", Failed: "end" } },
    }),
    ["endless-loop", "/states/a/on/Failed", "a"],
  ],
  [
    "a loop by a failure that comes at once",
    flowOf({ a: { send: { Try: "data" }, on: { Done: "end", Failed: "end", commandFailed: "a" } } }),
    ["endless-loop", "/states/a/on/commandFailed", "a"],
  ],
  [
    "a loop that a guard may end",
    flowOf({
      a: {
        send: { Try: "data" },
        on: { Done: "end", Failed: [{ guard: { schema: {} }, target: "a" }, { target: "end" }] },
      },
    }),
    ["guarded-loop", "/states/a/on/Failed/0", "a"],
  ],
  [
    "a loop behind a transition that may leave it",
    flowOf({
      a: {
        send: { Try: "data" },
        on: { Done: "end", Failed: [{ guard: { schema: {} }, target: "end" }, { target: "a" }] },
      },
    }),
    ["guarded-loop", "/states/a/on/Failed/1", "a"],
  ],
  [
    "a loop that the deadline of its visit ends",
    flowOf({
      a: {
        send: { Try: "data" },
        on: { Done: "end", Failed: "a" },
        deadline: { delay: "1h", target: "end" },
      },
    }),
    ["guarded-loop", "/states/a/on/Failed", "a"],
  ],
  [
    "a loop that the deadline of the run ends",
    flowOf(
      { a: { send: { Try: "data" }, on: { Done: "end", Failed: "a" } } },
      { deadline: { delay: "1h", target: "end" } },
    ),
    ["guarded-loop", "/states/a/on/Failed", "a"],
  ],
  [
    "nothing wrong with a loop that waits",
    flowOf({
      a: { send: { Try: "data" }, on: { Done: "end", Failed: "b" } },
      b: { after: { delay: "10s", target: "a" } },
    }),
  ],
  [
    "nothing wrong with an answer that stays",
    flowOf({ a: { send: { Try: "data" }, on: { Done: "end", Failed: {} } } }),
  ],
  [
    "a command whose answers nobody takes",
    flowOf({ a: { send: { Try: "data" }, on: { Go: "end" } } }),
    ["unanswered-command", "/states/a/send/Try", "a"],
  ],
  [
    "a command without answers",
    flowOf({ a: { send: { Tell: "data" }, on: { Go: "end" } } }, { commands: { Tell: { channel: "a" } } }),
    ["unanswered-command", "/states/a/send/Tell", "a"],
  ],
  [
    "one answer that nobody takes",
    flowOf({ a: { send: { Try: "data" }, on: { Done: "end" } } }),
    ["untaken-answer", "/states/a/send/Try", "a"],
  ],
  [
    "nothing wrong with a command that time moves on",
    flowOf({ a: { send: { Try: "data" }, on: { Go: "end" }, after: { delay: "1h", event: "Go" } } }),
  ],
  [
    "nothing wrong with a command that a poll asks after",
    flowOf(
      { a: { send: { Tell: "data" }, poll: { send: { Try: "data" }, every: "5s" }, on: { Done: "end" } } },
      { commands: { Tell: { channel: "a" }, Try: { channel: "a", answers: ["Done", "Failed"] } } },
    ),
  ],
  [
    "a way by a join",
    flowOf({
      a: { send: { Try: "data" }, join: { wait: "all", then: "b" }, on: { Done: {}, Failed: {} } },
      b: { on: { Go: "end" } },
    }),
  ],
  [
    "a join in a loop without a pause",
    flowOf({
      a: { send: { Try: "data" }, join: { wait: "all", then: "b" }, on: { Done: {}, Failed: "end" } },
      b: { send: { Try: "data" }, on: { Done: "a", Failed: "end" } },
    }),
    ["endless-loop", "/states/a/join/then", "a"],
  ],
  [
    "a join in a loop that a guard may end",
    flowOf({
      a: {
        send: { Try: "data" },
        join: { wait: "any", then: [{ guard: { schema: {} }, target: "a" }, { target: "end" }] },
        on: { Done: {}, Failed: {} },
      },
    }),
    ["guarded-loop", "/states/a/join/then/0", "a"],
  ],
  [
    "nothing wrong with a loop through a child flow, which may wait",
    flowOf({ a: { send: { Child: "data" }, on: { Done: "end", Failed: "a" } } }),
  ],
  [
    "nothing wrong with a join that waits for a child flow in a loop",
    flowOf({
      a: {
        send: { Try: "data", Child: "data" },
        join: { wait: "all", then: "a" },
        on: { Done: {}, Failed: {}, Go: "end" },
      },
    }),
  ],
  [
    "a join in a loop that need not wait for its child flow",
    flowOf({
      a: {
        send: { Try: "data", Child: "data" },
        join: { wait: "any", then: "a" },
        on: { Done: {}, Failed: {}, Go: "end" },
      },
    }),
    ["endless-loop", "/states/a/join/then", "a"],
  ],
  [
    "a join in a loop that goes on at once when there is no child flow to wait for",
    flowOf({
      a: {
        send: { Child: { each: "/list" } },
        join: { wait: "all", then: "a" },
        on: { Done: {}, Failed: {}, Go: "end" },
      },
    }),
    ["endless-loop", "/states/a/join/then", "a"],
  ],
  [
    "a child flow that fails at once in a loop without a pause",
    flowOf({ a: { send: { Child: "data" }, on: { Done: "end", Failed: "end", commandFailed: "a" } } }),
    ["endless-loop", "/states/a/on/commandFailed", "a"],
  ],
  [
    "an event that nobody takes and that two outcomes of a child flow answer with, once",
    flowOf({ a: { send: { Child: "data" }, on: { Done: "end" } } }),
    ["untaken-answer", "/states/a/send/Child", "a"],
  ],
  [
    "a state that only canceled runs enter",
    flowOf({ a: { on: { Go: "end" } }, canceled: { on: { Go: "end" } } }),
  ],
  [
    "a state for canceled runs that leads only to itself",
    flowOf({ a: { on: { Go: "end" } }, canceled: { on: { Go: "canceled" } } }),
    ["no-way-to-final", "/states/canceled", "canceled"],
  ],
  [
    "an end in the built-in state of canceled runs",
    {
      ...(flowOf({}) as object),
      initial: "a",
      states: { a: { on: { Go: "canceled" } } },
    },
  ],
  [
    "a state that only runs of an older version enter",
    {
      ...(flowOf({ a: { on: { Go: "end" } }, old: { on: { Go: "end" } } }) as object),
      version: 2,
      migrations: [{ from: 1, states: { older: "old" } }],
    },
  ],
  [
    "compensation before anything is done",
    flowOf({
      a: { on: { Go: { target: "end", compensate: true }, Done: "b" } },
      b: {
        send: { Try: "data" },
        undo: { Try: { send: { Try: "data" } } },
        on: { Done: { target: "c" }, Failed: { target: "end", compensate: true } },
      },
      c: { after: { delay: "1s", target: "end", compensate: true } },
    }),
    ["nothing-to-undo", "/states/a/on/Go", "a"],
  ],
  [
    "compensation before an event has told of anything, and none behind it",
    flowOf({
      a: {
        on: {
          Go: { target: "end", compensate: true },
          Done: { target: "b", undo: { send: { Try: "command" } } },
        },
      },
      b: { after: { delay: "1s", target: "end", compensate: true } },
    }),
    ["nothing-to-undo", "/states/a/on/Go", "a"],
  ],
  [
    "nothing wrong with compensation by the event that tells, or after one that lets the run stay",
    flowOf({
      a: {
        on: {
          Go: { target: "b", compensate: true, undo: { send: { Try: "command" } } },
          Done: "c",
        },
      },
      b: {
        on: { Done: { undo: { send: { Try: "command" } } }, Go: { target: "end", compensate: true } },
      },
      c: { on: { Go: "end" } },
    }),
  ],
  [
    "compensation at the deadline of a run without an undo",
    flowOf({ a: { on: { Go: "end" } } }, { deadline: { delay: "1d", target: "end", compensate: true } }),
    ["nothing-to-undo", "/deadline", null],
  ],
];

describe("checkFlow, on the ways of a flow", () => {
  for (const [what, flow, ...faults] of WAYS) {
    it(`finds ${what}`, () => {
      assert.deepEqual(waysOf(flow), faults);
    });
  }

  it("takes a chain of as many states as there may be without overflowing the stack", () => {
    const states = Object.fromEntries(
      Array.from({ length: NAMES_MAX - 1 }, (_, n) => [
        `s${n}`,
        { on: { Go: n === NAMES_MAX - 2 ? "end" : `s${n + 1}` } },
      ]),
    );
    assert.deepEqual(waysOf(flowOf(states)), []);
  });
});
