/** A broker's transport whose answers come soon: what is written of a delivery, and when. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Engine } from "../create-engine.ts";
import type { FlowDefinition } from "../core/flow.ts";
import type { TakeReply, Transport } from "../core/ports.ts";
import { memoryDatabase, startEngine, until } from "./fixtures/memory-engine.ts";

const order: FlowDefinition = {
  name: "order",
  version: 1,
  events: { Paid: { type: "object" } },
  commands: { Pay: { channel: "bank", answers: ["Paid"] } },
  initial: "paying",
  states: { paying: { send: { Pay: "data" }, on: { Paid: "done" } }, done: { final: "paid" } },
};

interface Bank {
  readonly engine: Engine;
  readonly take: TakeReply;
  /** Starts a run, and waits until its command has been sent. */
  ask(): Promise<string>;
}

async function openBank(t: TestContext): Promise<Bank> {
  const sent = new Set<string>();
  const started = Promise.withResolvers<TakeReply>();
  const transport: Transport = {
    channel: "bank",
    commandsPerSendMax: 100,
    sendsMax: 2,
    answersSoon: true,
    send: async (commands) => {
      for (const { runId } of commands) sent.add(runId);
      return commands.map(() => ({ type: "delivered" }));
    },
    start: async (take) => started.resolve(take),
  };
  const engine = await startEngine(t, memoryDatabase(), { flows: [order], participants: [transport] });
  return {
    engine,
    take: await started.promise,
    ask: async () => {
      const { runId } = await engine.client.start("order", { data: {} });
      await until("the command is sent", () => sent.has(runId));
      return runId;
    },
  };
}

test("the news that a command was delivered is written with its answer, before it", async (t) => {
  const { engine, take, ask } = await openBank(t);
  const runId = await ask();
  const event = { type: "Paid", data: {} };
  await take({ kind: "answer", runId, commandId: `${runId}:1:0`, attempt: 1, event });
  assert.equal((await engine.client.waitFinal(runId, 5_000))?.outcome, "paid");
  const { items } = await engine.client.history({ runId, limit: 100 });
  const delivered = items.findIndex(({ kind }) => kind === "command-delivered");
  const [news, answer] = items.slice(delivered, delivered + 2);
  assert.ok(news !== undefined && answer !== undefined, JSON.stringify(items));
  assert.equal(answer.kind, "event");
  // One batch has one time.
  assert.equal(news.atMs, answer.atMs);
});

test("the news that a command was delivered is written without its answer when that does not come", async (t) => {
  const { engine, ask } = await openBank(t);
  const runId = await ask();
  await until("it is delivered", async () => {
    const run = await engine.client.get(runId);
    return run?.commands[0]?.phase === "delivered";
  });
});
