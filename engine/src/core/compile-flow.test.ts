import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileFlow } from "./compile-flow.ts";
import type { CompiledFlow } from "./compile-flow.ts";
import { compileSchema } from "./fixtures/drive.ts";
import { DEFAULT_RETRY } from "./backoff.ts";
import type { FlowDefinition, StateDefinition } from "./flow.ts";

const FLOW: FlowDefinition = {
  name: "order",
  version: 3,
  events: { Shipped: {}, Told: { must: "whom" } },
  commands: {
    Ship: { channel: "stock", data: { must: "id" }, answers: ["Shipped"] },
    Tell: { flow: "mail", outcomes: { told: "Told" }, whenLeft: "keep" },
    Ping: {},
  },
  initial: "first",
  states: { first: {} },
};

function compiled(first: StateDefinition, more: Partial<FlowDefinition> = {}): CompiledFlow {
  return compileFlow({ ...FLOW, states: { first }, ...more }, compileSchema);
}

const stateOf = (first: StateDefinition) => compiled(first).states.get("first") ?? assert.fail();

describe("a compiled flow", () => {
  test("has the states that every flow has, of which one may be declared", () => {
    const flow = compiled({});
    assert.deepEqual([...flow.states.keys()], ["compensating", "canceled", "first"]);
    assert.equal(flow.states.get("canceled")?.outcome, "canceled");
    const declared = compiled({}, { states: { first: {}, canceled: { businessState: "off" } } });
    assert.deepEqual(
      [declared.states.get("canceled")?.outcome, declared.states.get("canceled")?.businessState],
      [null, "off"],
    );
  });

  test("knows its commands: who carries them out, what they carry, and what answers them", () => {
    const { commands, events } = compiled({});
    const [ship, tell, ping] = ["Ship", "Tell", "Ping"].map((type) => commands.get(type) ?? assert.fail());
    assert.deepEqual([ship?.channel, tell?.channel, ping?.channel], ["stock", "$flow", ""]);
    assert.deepEqual(
      [ship?.validate({ id: 1 }), ship?.validate({})?.length, ping?.validate(7)],
      [null, 1, null],
    );
    assert.deepEqual(
      [[...(ship?.answers ?? [])], [...(tell?.answers ?? [])], ping?.answers.size],
      [["Shipped"], ["Told"], 0],
    );
    assert.deepEqual(
      [tell?.child?.flow, tell?.child?.outcomes.get("told"), tell?.child?.isCanceledWhenLeft, ship?.child],
      ["mail", "Told", false, null],
    );
    assert.equal(events.get("Told")?.({ whom: "ann" }), null);
    const left = compiled({}, { commands: { Tell: { flow: "mail" } } }).commands.get("Tell");
    assert.deepEqual(
      [left?.child?.isCanceledWhenLeft, left?.child?.outcomes.size, left?.answers.size],
      [true, 0, 0],
    );
  });

  test("without commands, data, deadline or migrations has none", () => {
    const { commands: _, ...bare } = FLOW;
    const flow = compileFlow(bare, compileSchema);
    assert.deepEqual(
      [flow.commands.size, flow.deadline, flow.migrations.size, flow.schedule],
      [0, null, 0, null],
    );
    assert.equal(flow.validateData({ any: 1 }), null);
  });

  test("keeps its schedule with what is usual where it is silent", () => {
    assert.deepEqual(compiled({}, { schedule: { cron: "0 3 * * *" } }).schedule, {
      cron: "0 3 * * *",
      timeZone: "UTC",
      catchUp: "last",
      data: {},
    });
    const schedule = {
      cron: "* * * * *",
      timeZone: "Europe/Rome",
      catchUp: "all",
      data: { a: 1 },
      dueField: "due",
    } as const;
    assert.deepEqual(compiled({}, { schedule }).schedule, schedule);
  });

  test("knows how runs of former versions come to it", () => {
    const { migrations } = compiled(
      {},
      {
        migrations: [
          { from: 1, states: { a: "first", b: { target: "first", enter: true }, c: { target: "first" } } },
          {
            from: 2,
            data: { set: { "/n": { value: 1 }, "/old": { from: "/data/x" }, "/none": { from: "/data/y" } } },
          },
        ],
      },
    );
    assert.deepEqual(Object.fromEntries(migrations.get(1)?.states ?? []), {
      a: { target: "first", isEntered: false },
      b: { target: "first", isEntered: true },
      c: { target: "first", isEntered: false },
    });
    assert.deepEqual(
      [migrations.get(1)?.data, migrations.get(2)?.data?.({ x: 2 })],
      [null, { x: 2, n: 1, old: 2 }],
    );
  });
});

describe("a compiled state", () => {
  test("has its transitions in order, however they are written", () => {
    const { on } = stateOf({ on: { Shipped: "first", Told: [{ target: "first", compensate: true }, {}] } });
    assert.deepEqual(
      [...on].map(([event, transitions]) => [
        event,
        transitions.map(({ target, compensates }) => [target, compensates]),
      ]),
      [
        ["Shipped", [["first", false]]],
        [
          "Told",
          [
            ["first", true],
            [null, false],
          ],
        ],
      ],
    );
  });

  test("has its timers as milliseconds, one or several", () => {
    const target = "first";
    assert.deepEqual(stateOf({ after: { delay: "2s", target, compensate: true } }).after, [
      { delayMs: 2_000, target, event: null, compensates: true },
    ]);
    const { after, deadline } = stateOf({
      after: [
        { delay: "1s", event: "Told" },
        { delay: "1m", target },
      ],
      deadline: { delay: "1h", target },
    });
    assert.deepEqual([after.map(({ delayMs }) => delayMs), deadline?.delayMs], [[1_000, 60_000], 3_600_000]);
  });

  test("tries its commands as it says, and as usual where it is silent", () => {
    assert.deepEqual(stateOf({}).retry, DEFAULT_RETRY);
    assert.deepEqual(stateOf({ retry: {} }).retry, DEFAULT_RETRY);
    const retry = { attempts: 3, first: "1s", factor: 3, max: "9s", jitter: "none", never: ["X"] } as const;
    assert.deepEqual(stateOf({ retry }).retry, {
      attemptsMax: 3,
      firstMs: 1_000,
      factor: 3,
      waitMsMax: 9_000,
      jitter: "none",
      never: ["X"],
    });
  });

  test("polls as it says, and without bounds where it is silent", () => {
    const brief = stateOf({ poll: { send: { Ship: "data" }, every: "5s" } }).poll;
    assert.deepEqual(
      [brief?.firstMs, brief?.everyMs, brief?.factor, brief?.waitMsMax, brief?.giveUp],
      [5_000, 5_000, 1, Number.POSITIVE_INFINITY, null],
    );
    const giveUp = { delay: "1h", target: "first" } as const;
    const full = stateOf({
      poll: { send: { Ship: "data" }, first: "1s", every: "5s", factor: 2, max: "1m", giveUp },
    }).poll;
    assert.deepEqual(
      [full?.firstMs, full?.factor, full?.waitMsMax, full?.giveUp?.delayMs],
      [1_000, 2, 60_000, 3_600_000],
    );
  });

  test("sends the data, parts of it, or what a function makes of it", () => {
    const projected = (projection: "data" | { pick: string[] } | ((data: object) => number)) =>
      stateOf({ send: { Ping: projection } }).send[0]?.project({ a: 1, b: 2, none: null });
    assert.deepEqual(projected("data"), [{ a: 1, b: 2, none: null }]);
    assert.deepEqual(projected({ pick: ["b", "c", "none"] }), [{ b: 2, none: null }]);
    assert.deepEqual(
      projected(() => 7),
      [7],
    );
  });

  test("knows its undos, and the join of its commands", () => {
    const { undo, join } = stateOf({
      send: { Ship: "data" },
      undo: { Ship: { send: { Ping: "command" }, unless: ["Told"], retry: { attempts: 2 } } },
      join: { wait: "any", then: [{ target: "first", guard: () => true }], losers: "undo" },
    });
    const ship = undo.get("Ship");
    assert.deepEqual(
      [ship?.command.type, ship?.unless.has("Told"), ship?.retry.attemptsMax],
      ["Ping", true, 2],
    );
    assert.equal(ship?.project({ a: 1 }, "carried"), "carried");
    assert.deepEqual([join?.wait, join?.undoesLosers, join?.then.length], ["any", true, 1]);
    const silent = stateOf({
      undo: { Ship: { send: { Ping: "data" } } },
      join: { wait: "all", then: "first" },
    });
    assert.deepEqual(
      [silent.undo.get("Ship")?.unless.size, silent.undo.get("Ship")?.retry, silent.join?.undoesLosers],
      [0, DEFAULT_RETRY, false],
    );
  });
});

describe("a definition that cannot be compiled", () => {
  test("is refused with the place of what it lacks", () => {
    const message = (first: StateDefinition) => {
      try {
        compiled(first);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "FLOW_BAD_DEFINITION");
        return (error as Error).message;
      }
      return "";
    };
    assert.match(
      message({ send: { Sing: "data" } }),
      /^state first sends Sing, expected one of the flow's commands/,
    );
    assert.match(
      message({ poll: { send: { Sing: "data" }, every: "1s" } }),
      /^the poll of state first sends Sing/,
    );
    assert.match(
      message({ poll: { send: {}, every: "1s" } }),
      /^the poll of state first sends 0 commands, expected exactly one/,
    );
    assert.match(
      message({ undo: { Ship: { send: { Ping: "data", Ship: "data" } } } }),
      /^the undo of Ship in state first sends 2 commands/,
    );
  });
});
