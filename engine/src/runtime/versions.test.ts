/** Engines of a rolling deployment: the older one knows less than the newer one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createEngine } from "../create-engine.ts";
import type { Engine } from "../create-engine.ts";
import type { FlowDefinition } from "../core/flow.ts";
import type { TakeReply, Transport } from "../core/ports.ts";
import { createMemoryDatabase } from "../stores/memory/memory-database.ts";
import type { MemoryDatabase } from "../stores/memory/memory-database.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";
import { NO_METER } from "../core/silent.ts";

const parcel = (version: number): FlowDefinition => ({
  name: "parcel",
  version,
  events: { Sent: { type: "object" } },
  commands: { Send: { channel: "post", answers: ["Sent"] } },
  initial: "sending",
  states: { sending: { send: { Send: "data" }, on: { Sent: "done" } }, done: { final: "sent" } },
});

/** A post office: open, it sends at once; closed, it keeps everybody waiting. */
function post(isOpen: boolean): Transport {
  return {
    channel: "post",
    commandsPerSendMax: 100,
    sendsMax: 100,
    send: (commands, signal) =>
      isOpen
        ? Promise.resolve(commands.map(() => ({ type: "answered", event: { type: "Sent", data: {} } })))
        : new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
  };
}

function open(
  database: MemoryDatabase,
  engineId: string,
  versions: number[],
  isOpen: boolean,
): Promise<Engine> {
  return createEngine({
    store: createMemoryStore({ database, engineId }),
    flows: versions.map(parcel),
    participants: [post(isOpen)],
    options: { lanes: 8, leaseMs: 300, stopMs: 50, submitMs: 2_000 },
  });
}

test("an event of a broker for a version that nobody serves is kept until somebody does, and no refusal", async (t) => {
  const database = createMemoryDatabase({ nowMs: () => Date.now() });
  let take: TakeReply = () => assert.fail("the transport was not started");
  const broker: Transport = { ...post(true), start: async (given) => void (take = given) };
  const refused: object[] = [];
  const older = await createEngine({
    store: createMemoryStore({ database, engineId: "older" }),
    flows: [parcel(1)],
    participants: [broker],
    meter: {
      ...NO_METER,
      counter: (name) => ({
        inc: (labels) => void (name === "sluice_refused_inputs_total" && refused.push(labels)),
      }),
    },
    options: { lanes: 8, leaseMs: 300, stopMs: 50 },
  });
  t.after(() => older.stop());
  const newer = await open(database, "newer", [1, 2], false);
  await newer.start();
  const { runId } = await newer.client.start("parcel", { data: {} });
  await newer.stop();
  await older.start();
  const taken = await take({ kind: "event", runId, event: { id: "e-1", type: "Sent", data: {} } });
  assert.equal(taken.outcome, "taken");
  assert.equal((await older.store.totals()).inbox, 1);
  assert.deepEqual(refused, []);
  const again = await open(database, "again", [1, 2], false);
  t.after(() => again.stop());
  await older.stop();
  await again.start();
  assert.equal((await again.client.waitFinal(runId, 5_000))?.outcome, "sent");
});

test("an engine that does not serve the version of a run leaves its command for one that does", async (t) => {
  const database = createMemoryDatabase({ nowMs: () => Date.now() });
  const older = await open(database, "older", [1], true);
  const newer = await open(database, "newer", [1, 2], false);
  t.after(() => Promise.all([older.stop(), newer.stop()]));
  // Alone at first, so that every lane takes the start.
  await newer.start();
  const started = await Promise.all(
    Array.from({ length: 20 }, () => newer.client.start("parcel", { data: {} })),
  );
  await older.start();
  await newer.stop();
  const untilMs = Date.now() + 5_000;
  while (!(await older.store.listLanes()).every(({ ownerId }) => ownerId === "older")) {
    assert.ok(Date.now() < untilMs, "the older engine has every lane");
    await new Promise((resolve) => setImmediate(resolve));
  }
  await assert.rejects(older.client.send(started[0]?.runId ?? "", { type: "Sent", data: {} }), {
    code: "FLOW_VERSION_UNSERVED",
    kind: "unavailable",
  });
  const again = await open(database, "again", [1, 2], true);
  t.after(() => again.stop());
  await older.stop();
  await again.start();
  for (const { runId } of started)
    assert.equal((await again.client.waitFinal(runId, 5_000))?.outcome, "sent");
  assert.deepEqual((await again.store.audit({ quiet: false })).findings, []);
});
