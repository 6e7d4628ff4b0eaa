import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { testKafka, whyMissing } from "@sluice/host/stack-testing";
import type { Server } from "@sluice/host/stack-testing";
import { createEngine } from "../../create-engine.ts";
import type { Engine } from "../../create-engine.ts";
import type { FlowDefinition, RetryDefinition } from "../../core/flow.ts";
import { memoryInbox } from "../../participant/inbox.ts";
import { serveCommands } from "../../participant/serve-commands.ts";
import { createMemoryDatabase } from "../../stores/memory/memory-database.ts";
import { createMemoryStore } from "../../stores/memory/memory-store.ts";
import { openPlace } from "./fixtures/place.ts";
import { until } from "../../testing/until.ts";
import { kafkaCommands } from "./kafka-commands.ts";
import { kafkaTransport } from "./kafka-transport.ts";

const parcel: FlowDefinition = {
  name: "parcel",
  version: 1,
  events: { Packed: { type: "object" }, Sent: { type: "object" } },
  commands: {
    Pack: { channel: "depot", answers: ["Packed"] },
    Send: { channel: "depot", answers: ["Sent"] },
  },
  initial: "packing",
  states: {
    packing: { send: { Pack: "data" }, retry: outage(), on: { Packed: "sending" } },
    sending: { send: { Send: "data" }, retry: outage(), on: { Sent: "done" } },
    done: { final: "sent" },
  },
};

/** An outage is no reason to give a run up. */
function outage(): RetryDefinition {
  return { attempts: 100, first: "10ms", max: "500ms" };
}

interface Whole {
  readonly engine: Engine;
  readonly health: () => readonly (true | string)[];
  /** How often each command took effect. */
  readonly effects: ReadonlyMap<string, number>;
}

async function openWhole(t: TestContext, { address }: Server): Promise<Whole> {
  const { commandsTopic, engine: engineSide, service } = await openPlace(t, address);
  const transport = kafkaTransport({ channel: "depot", commandsTopic, ...engineSide, attemptMs: 3_000 });
  const engine = await createEngine({
    store: createMemoryStore({
      database: createMemoryDatabase({ nowMs: () => Date.now() }),
      engineId: "chaos",
    }),
    flows: [parcel],
    participants: [transport],
    options: { lanes: 4, stopMs: 10_000 },
  });
  await engine.start();
  const effects = new Map<string, number>();
  const count =
    (type: string) =>
    async ({ commandId }: { readonly commandId: string }) => {
      effects.set(commandId, (effects.get(commandId) ?? 0) + 1);
      return { type, data: {} };
    };
  const source = kafkaCommands({ commandsTopic, ...service, attemptMs: 3_000 });
  const server = await serveCommands({
    source,
    inbox: memoryInbox(),
    handlers: { Pack: count("Packed"), Send: count("Sent") },
  });
  t.after(async () => {
    await server.stop();
    await engine.stop();
  });
  return { engine, effects, health: () => [transport.health?.() ?? true, server.health()] };
}

/** Starts runs until it is told to stop; answers their ids. */
async function startRuns({ client }: Engine, signal: AbortSignal): Promise<string[]> {
  const ids: string[] = [];
  while (!signal.aborted) {
    ids.push((await client.start("parcel", { data: {} })).runId);
    await wait(5);
  }
  return ids;
}

async function assertAllSent({ engine, effects }: Whole, runIds: readonly string[]): Promise<void> {
  for (const runId of runIds)
    assert.equal((await engine.client.waitFinal(runId, 60_000))?.outcome, "sent", runId);
  assert.equal(effects.size, 2 * runIds.length);
  assert.deepEqual(
    [...effects].filter(([, times]) => times !== 1),
    [],
  );
  assert.deepEqual((await engine.store.audit({ quiet: false })).findings, []);
}

describe("Runs over a Kafka that dies", { skip: await whyMissing("kafka"), timeout: 240_000 }, () => {
  it("all end, each effect once, though the broker is killed under load and comes back", async (t) => {
    const broker = await testKafka(t, { own: true });
    const whole = await openWhole(t, broker);
    const over = new AbortController();
    const started = startRuns(whole.engine, over.signal);
    for (let kill = 1; kill <= 2; kill++) {
      const done = whole.effects.size;
      await until("work is under way", () => whole.effects.size > done + 50);
      await broker.kill("SIGKILL");
      await until("both sides say that the broker is away", () =>
        whole.health().every((each) => each !== true),
      );
      await broker.start();
      await until("both sides are well again", () => whole.health().every((each) => each === true));
    }
    const done = whole.effects.size;
    await until("work goes on", () => whole.effects.size > done + 50);
    over.abort();
    await assertAllSent(whole, await started);
  });

  it("all end, each effect once, though the broker is frozen for longer than a session", async (t) => {
    const broker = await testKafka(t, { own: true });
    const whole = await openWhole(t, broker);
    const over = new AbortController();
    const started = startRuns(whole.engine, over.signal);
    await until("work is under way", () => whole.effects.size > 50);
    await broker.kill("SIGSTOP");
    await until("both sides say that the broker does not answer", () =>
      whole.health().every((each) => each !== true),
    );
    await wait(8_000);
    await broker.kill("SIGCONT");
    await until("both sides are well again", () => whole.health().every((each) => each === true));
    over.abort();
    await assertAllSent(whole, await started);
  });
});
