/** Runs at their limits, as an engine has them that nobody has configured: data of one megabyte, and a long history. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import type { JsonObject } from "@sluice/contracts/envelope";
import type { Engine } from "../create-engine.ts";
import type { FlowDefinition } from "../core/flow.ts";
import type { MemoryDatabase } from "../stores/memory/memory-database.ts";
import {
  assertSound,
  memoryDatabase,
  operate,
  startEngine,
  transactional,
} from "./fixtures/memory-engine.ts";

const DATA_BYTES_MAX = 1_048_576;

const OBJECT = { type: "object" };

const file: FlowDefinition = {
  name: "file",
  version: 1,
  events: { Written: OBJECT, Read: OBJECT, Copied: OBJECT, Closed: OBJECT },
  commands: { Copy: { channel: "disk", answers: ["Copied"] } },
  initial: "open",
  states: {
    open: { on: { Written: { update: "merge" }, Read: "copying", Closed: "closed" } },
    copying: { send: { Copy: { pick: [] } }, on: { Copied: { target: "open", update: "merge" } } },
    closed: { final: "closed" },
  },
};

/** Data of so many bytes as JSON, `filler` being one character. */
function dataOf(bytes: number, filler = "x"): JsonObject {
  const frame = Buffer.byteLength(JSON.stringify({ text: "" }));
  const size = Buffer.byteLength(filler);
  const text = filler.repeat(Math.floor((bytes - frame) / size)) + "x".repeat((bytes - frame) % size);
  const data = { text };
  assert.equal(Buffer.byteLength(JSON.stringify(data)), bytes);
  return data;
}

const AT_LIMIT = dataOf(DATA_BYTES_MAX);
const OVER = dataOf(DATA_BYTES_MAX + 1);

function start(
  t: TestContext,
  database: MemoryDatabase,
  { copied = {}, engineId = "one" }: { readonly copied?: JsonObject; readonly engineId?: string } = {},
): Promise<Engine> {
  const disk = transactional("disk", ["Copy"], () => ({ type: "Copied", data: copied }));
  return startEngine(t, database, { flows: [file], participants: [disk], engineId });
}

async function open(engine: Engine, data: JsonObject = {}): Promise<string> {
  return (await engine.client.start("file", { data })).runId;
}

const TOO_LARGE = { code: "FLOW_DATA_TOO_LARGE", message: /1048577 bytes.*at most 1048576/ };

describe("data of one megabyte", () => {
  test("starts a run, survives a restart and moves on; one byte more starts nothing", async (t) => {
    const database = memoryDatabase();
    const engine = await start(t, database);
    const runId = await open(engine, AT_LIMIT);
    await assert.rejects(open(engine, OVER), TOO_LARGE);
    assert.equal(database.runs.size, 1);
    await engine.stop();
    const next = await start(t, database, { engineId: "two" });
    assert.deepEqual((await next.client.require(runId)).data, AT_LIMIT);
    await next.client.send(runId, { type: "Closed", data: {} });
    assert.equal((await next.client.require(runId)).outcome, "closed");
    await assertSound(next);
  });

  test("is counted in bytes and not in characters", async (t) => {
    const engine = await start(t, memoryDatabase());
    await open(engine, dataOf(DATA_BYTES_MAX, "ü"));
    await open(engine, dataOf(DATA_BYTES_MAX, "🎟"));
    await assert.rejects(open(engine, dataOf(DATA_BYTES_MAX + 1, "ü")), TOO_LARGE);
    await assert.rejects(open(engine, dataOf(DATA_BYTES_MAX + 1, "🎟")), TOO_LARGE);
  });

  test("may come by an event; one byte more is refused to its sender, and the run is as it was", async (t) => {
    const engine = await start(t, memoryDatabase());
    const runId = await open(engine);
    const write = (data: JsonObject) => engine.client.send(runId, { type: "Written", data });
    await assert.rejects(write(OVER), TOO_LARGE);
    assert.deepEqual((await engine.client.require(runId)).version, 1);
    await write(AT_LIMIT);
    assert.deepEqual((await engine.client.require(runId)).data, AT_LIMIT);
    await assert.rejects(write({ more: 1 }), { code: "FLOW_DATA_TOO_LARGE" });
    const { parked, version } = await engine.client.require(runId);
    assert.deepEqual([parked, version], [null, 2]);
    await assertSound(engine);
  });

  test("may come by an answer; one byte more parks the run, since nobody is there to be refused", async (t) => {
    const fitting = await start(t, memoryDatabase(), { copied: AT_LIMIT });
    const kept = await open(fitting);
    await fitting.client.send(kept, { type: "Read", data: {} });
    assert.deepEqual((await fitting.client.require(kept)).data, AT_LIMIT);
    const bursting = await start(t, memoryDatabase(), { copied: OVER });
    const runId = await open(bursting);
    await bursting.client.send(runId, { type: "Read", data: {} });
    const { parked, state, data } = await bursting.client.require(runId);
    assert.deepEqual([parked, state, data], ["data-too-large", "copying", {}]);
    await assertSound(bursting);
  });

  test("may be given by an operator; one byte more is refused", async (t) => {
    const engine = await start(t, memoryDatabase());
    const runId = await open(engine);
    const refused = await operate(engine, runId, { type: "force", state: "open", data: OVER });
    assert.equal(refused.outcome === "rejected" && refused.error.code, "FLOW_DATA_TOO_LARGE");
    await operate(engine, runId, { type: "force", state: "open", data: AT_LIMIT });
    assert.deepEqual((await engine.client.require(runId)).data, AT_LIMIT);
  });
});

describe("a run of 10,000 events", () => {
  const EVENTS = 10_000;
  const AT_ONCE = 500;

  test("knows each of them, takes operations, and goes on with another engine", async (t) => {
    const database = memoryDatabase();
    const engine = await start(t, database);
    const runId = await open(engine);
    const send = (on: Engine, nth: number) =>
      on.client.send(runId, { id: `written-${nth}`, type: "Written", data: { nth } });
    for (let from = 0; from < EVENTS; from += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => send(engine, from + at)));
    assert.equal((await engine.client.require(runId)).version, EVENTS + 1);

    for (const nth of [0, EVENTS / 2, EVENTS - 1])
      assert.deepEqual(await send(engine, nth), {
        eventId: `written-${nth}`,
        outcome: "applied",
        version: nth + 2,
        isRepeat: true,
      });
    await operate(engine, runId, { type: "force", state: "open" }, "forced-1");
    await engine.stop();

    const next = await start(t, database, { engineId: "two" });
    assert.equal((await send(next, 0)).isRepeat, true);
    const again = await operate(next, runId, { type: "force", state: "open" }, "forced-1");
    assert.deepEqual(again, { outcome: "applied", version: EVENTS + 2, isRepeat: true });
    await next.client.send(runId, { type: "Closed", data: {} });
    assert.deepEqual(await versionsOf(next, runId), upTo(EVENTS + 3));
    await assertSound(next);
  });

  async function versionsOf(engine: Engine, runId: string): Promise<readonly number[]> {
    const versions: number[] = [];
    for (;;) {
      const cursor = versions.at(-1);
      const page = await engine.store.listHistory({ runId, afterVersion: cursor ?? 0, limit: 1_000 });
      versions.push(...page.items.map(({ version }) => version));
      if (page.cursor === null) return versions;
    }
  }

  const upTo = (last: number): readonly number[] => Array.from({ length: last }, (_, at) => at + 1);
});
