/** What the log tells of runs, by a whole engine on the memory store. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { createEngine } from "../create-engine.ts";
import type { Engine } from "../create-engine.ts";
import { engineError } from "../core/errors.ts";
import type { FlowDefinition } from "../core/flow.ts";
import type { LogPort, TransactionalParticipant } from "../core/ports.ts";
import { createMemoryDatabase } from "../stores/memory/memory-database.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";

const OBJECT = { type: "object" };

/** Shipped when paid; `commandFailed` is taken in the state that `careful` runs go to. */
const order: FlowDefinition = {
  name: "order",
  version: 3,
  events: { Paid: OBJECT, PaidCarefully: OBJECT, Broken: OBJECT, Shipped: OBJECT },
  commands: { Ship: { channel: "stock", answers: ["Shipped"] } },
  initial: "open",
  states: {
    open: {
      on: {
        Paid: "paid",
        PaidCarefully: "paid-carefully",
        Broken: {
          guard: () => {
            throw new TypeError("no such field");
          },
          target: "done",
        },
      },
    },
    paid: {
      send: { Ship: "data" },
      retry: { attempts: 2, first: "1ms", jitter: "none" },
      on: { Shipped: "done" },
    },
    "paid-carefully": { send: { Ship: "data" }, on: { Shipped: "done", commandFailed: "failed" } },
    done: { final: "done" },
    failed: { final: "failed" },
  },
};

interface Line {
  readonly level: keyof LogPort;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

async function startEngine(t: TestContext, ship: () => never): Promise<{ engine: Engine; lines: Line[] }> {
  const lines: Line[] = [];
  const say = (level: keyof LogPort) => (fields: object, message: string) =>
    void lines.push({ level, message, fields: { ...fields } });
  const stock: TransactionalParticipant = {
    channel: "stock",
    commandTypes: ["Ship"],
    handleMs: 2_000,
    handle: async () => ship(),
  };
  const engine = await createEngine({
    store: createMemoryStore({
      database: createMemoryDatabase({ nowMs: () => Date.now() }),
      engineId: "engine-1",
    }),
    flows: [order],
    participants: [stock],
    log: { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") },
    options: { lanes: 1 },
  });
  t.after(() => engine.stop());
  await engine.start();
  return { engine, lines };
}

const SECRET = "4111-1111-1111-1111";

/** Starts a run and sends it an event; the answer is what the log told of it once it says this. */
async function linesUntil(t: TestContext, type: string, ship: () => never, message: string) {
  const { engine, lines } = await startEngine(t, ship);
  const { runId } = await engine.client.start("order", { data: { card: SECRET } });
  await engine.client.send(runId, { type, data: { card: SECRET } });
  const untilMs = performance.now() + 5_000;
  while (!lines.some((line) => line.message.startsWith(message))) {
    assert.ok(performance.now() < untilMs, `the log says "${message}" within 5 s`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const own = lines.filter(({ fields }) => fields["runId"] === runId);
  assert.doesNotMatch(JSON.stringify(own), new RegExp(SECRET), "the log holds no data of the run");
  return { runId, own };
}

function breakDown(): never {
  throw new Error("the label printer is on fire");
}

function refuse(): never {
  throw engineError("FLOW_BAD_EVENT", "no box fits");
}

describe("the log of runs", () => {
  test("tells each failed attempt of a handler that throws, with its next one and the stack, then that the run is parked", async (t) => {
    const { runId, own } = await linesUntil(t, "Paid", breakDown, "a run is parked");
    const told = own.filter(({ level }) => level !== "debug");
    assert.deepEqual(
      told.map(({ level, message }) => [level, message]),
      [
        ["info", "an attempt of a command failed"],
        ["warn", "a run is parked: command-gave-up"],
      ],
    );
    for (const [at, { fields }] of told.entries()) {
      const { flow, flowVersion, state, attempt, code, err } = fields;
      assert.deepEqual(
        { flow, flowVersion, state, attempt, code },
        { flow: "order", flowVersion: 3, state: "paid", attempt: at + 1, code: "FLOW_HANDLER_FAILED" },
      );
      assert.ok(String(fields["commandId"]).startsWith(`${runId}:`));
      const { message, stack } = err as { message: string; stack: string };
      assert.equal(message, "the label printer is on fire");
      assert.match(stack, /breakDown/);
    }
    assert.match(String(told[0]?.fields["nextAt"]), /^\d{4}-.*Z$/);
  });

  test("tells that a command is given up, also where its state takes that, and no stack of an error with a code", async (t) => {
    const { own } = await linesUntil(t, "PaidCarefully", refuse, "a command is given up");
    const told = own.filter(({ level }) => level !== "debug");
    assert.deepEqual(
      told.map(({ level, message, fields }) => [
        level,
        message,
        fields["attempt"],
        fields["code"],
        fields["err"],
      ]),
      [["warn", "a command is given up", 1, "FLOW_BAD_EVENT", { kind: "invalid", message: "no box fits" }]],
    );
  });

  test("tells that a run is parked by a rule that threw, with the stack of the rule", async (t) => {
    const { own } = await linesUntil(t, "Broken", breakDown, "a run is parked");
    const [line, ...others] = own.filter(({ level }) => level !== "debug");
    assert.equal(others.length, 0);
    assert.equal(line?.message, "a run is parked: rule-failed");
    assert.equal(line.fields["code"], "FLOW_RULE_FAILED");
    assert.match(
      (line.fields["err"] as { stack: string }).stack,
      /TypeError: no such field\n.*run-log\.test/,
    );
  });

  test("tells every other entry of the history to whoever asks for it", async (t) => {
    const { own } = await linesUntil(t, "Paid", breakDown, "a run is parked");
    assert.deepEqual(
      own
        .filter(({ level }) => level === "debug")
        .map(({ message, fields }) => [message, fields["version"], fields["kind"], fields["type"]]),
      [
        ["a run has changed", 1, "started", undefined],
        ["a run has changed", 2, "event", "Paid"],
        ["a run has changed", 4, "timer", "retry"],
      ],
    );
  });
});
