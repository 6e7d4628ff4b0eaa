/** A stored run that somebody has changed by hand into what nobody can read: whoever else is in its lane notices nothing. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import type { Engine } from "../create-engine.ts";
import type { FlowDefinition } from "../core/flow.ts";
import type { LogPort, TakeReply, Transport } from "../core/ports.ts";
import { NO_LOG } from "../core/silent.ts";
import { spoilRun } from "../stores/memory/fixtures/spoil-run.ts";
import type { MemoryDatabase } from "../stores/memory/memory-database.ts";
import { assertSound, memoryDatabase, operate, startEngine, until } from "./fixtures/memory-engine.ts";
import type { TestParts } from "./fixtures/memory-engine.ts";

const OBJECT = { type: "object" };

/** Paid, or expired, then sent by a post office that may be closed. */
const parcel: FlowDefinition = {
  name: "parcel",
  version: 1,
  events: { Paid: OBJECT, Sent: OBJECT },
  commands: { Send: { channel: "post", answers: ["Sent"] } },
  initial: "open",
  states: {
    open: { on: { Paid: "sending" }, after: { delay: "1s", target: "sending" } },
    sending: { send: { Send: "data" }, on: { Sent: "done" } },
    done: { final: "sent" },
  },
};

/** Starts a parcel and ends with it, canceled or sent. */
const order: FlowDefinition = {
  name: "order",
  version: 1,
  events: { Delivered: OBJECT, Lost: OBJECT },
  commands: { Deliver: { flow: "parcel", outcomes: { sent: "Delivered", canceled: "Lost" } } },
  initial: "delivering",
  states: {
    delivering: { send: { Deliver: "data" }, on: { Delivered: "done", Lost: "lost" } },
    done: { final: "done" },
    lost: { final: "lost" },
  },
};

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

/** A log that remembers what was worth a warning. */
function remembering(): { readonly log: LogPort; readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (_: object, line: string) => void lines.push(line);
  return { log: { ...NO_LOG, warn: keep, error: keep }, lines };
}

interface Life {
  readonly engine: Engine;
  readonly lines: readonly string[];
}

/** An engine that has none of the runs in its memory: each batch reads its runs. */
async function live(
  t: TestContext,
  database: MemoryDatabase,
  engineId: string,
  parts: Partial<TestParts> = {},
): Promise<Life> {
  const { log, lines } = remembering();
  const options = { lanes: 1, stopMs: 50, projectionMs: 5 };
  const engine = await startEngine(t, database, {
    flows: [parcel],
    participants: [post(false)],
    log,
    engineId,
    ...parts,
    options,
  });
  return { engine, lines };
}

/** Runs that a former engine has started, of which one was spoiled since. */
async function spoilOne(
  t: TestContext,
  { isPaid = false } = {},
): Promise<{
  readonly database: MemoryDatabase;
  readonly bad: string;
  readonly good: readonly string[];
  readonly restore: () => void;
}> {
  const database = memoryDatabase();
  const { engine } = await live(t, database, "former");
  const runIds: string[] = [];
  for (let n = 0; n < 5; n++) runIds.push((await engine.client.start("parcel", { data: {} })).runId);
  if (isPaid) for (const runId of runIds) await engine.client.send(runId, { type: "Paid", data: {} });
  await engine.stop();
  const [bad = "", ...good] = runIds;
  return { database, bad, good, restore: spoilRun(database, bad) };
}

async function isSent({ client }: Engine, runId: string): Promise<boolean> {
  return (await client.get(runId))?.outcome === "sent";
}

function assertNoBatchFailed(lines: readonly string[]): void {
  assert.deepEqual(
    lines.filter((line) => line.includes("batch failed") || line.includes("interrupted")),
    [],
  );
}

describe("a run that nobody can read", () => {
  test("refuses its inputs at once with what is wrong, and those of other runs in its batch are taken in", async (t) => {
    const { database, bad, good } = await spoilOne(t);
    const { engine, lines } = await live(t, database, "next");
    const sent = [bad, ...good].map((runId) => engine.client.send(runId, { type: "Paid", data: {} }));
    const [refused, ...others] = await Promise.allSettled([...sent, operate(engine, bad, { type: "retry" })]);
    assert.ok(refused?.status === "rejected");
    assert.equal((refused.reason as { code: string }).code, "FLOW_UNREADABLE");
    assert.match((refused.reason as Error).message, /restore the row from a backup/);
    const answers = others.map((each) => each.status === "fulfilled" && each.value.outcome);
    assert.deepEqual(answers, [...good.map(() => "applied"), "rejected"]);
    assertNoBatchFailed(lines);
  });

  test("keeps nobody from taking over its lane, and its command is sent when it was restored", async (t) => {
    const { database, bad, good, restore } = await spoilOne(t, { isPaid: true });
    const next = await live(t, database, "next", { participants: [post(true)] });
    for (const runId of good) await until("the others are sent", () => isSent(next.engine, runId));
    assertNoBatchFailed(next.lines);
    await next.engine.stop();
    restore();
    const last = await live(t, database, "last", { participants: [post(true)] });
    await until("it is sent", () => isSent(last.engine, bad));
    await assertSound(last.engine);
  });

  test("leaves its timer where it is", async (t) => {
    const { database, bad, good, restore } = await spoilOne(t);
    const next = await live(t, database, "next", { participants: [post(true)] });
    for (const runId of good) await until("the timers of the others fire", () => isSent(next.engine, runId));
    await until("its timer was refused", () => next.lines.some((line) => line.includes(bad)));
    assertNoBatchFailed(next.lines);
    await next.engine.stop();
    restore();
    const last = await live(t, database, "last", { participants: [post(true)] });
    await until("its timer fires", () => isSent(last.engine, bad));
    await assertSound(last.engine);
  });

  test("keeps what was acknowledged for it, tells of it once, and takes it in when it was restored", async (t) => {
    const { database, bad, restore } = await spoilOne(t);
    const { engine, lines } = await live(t, database, "next");
    const input = { kind: "event", runId: bad, id: "e-1", type: "Paid", data: {} } as const;
    await engine.store.appendInbox([{ inboxId: "in-1", lane: 0, input }]);
    await until("it was met", () => lines.some((line) => line.includes(bad)));
    let looks = 0;
    const { nowMs } = database;
    for (const untilMs = nowMs() + 1_000; nowMs() < untilMs; looks++) await engine.store.listInbox([0], 1);
    assert.ok(looks > 0);
    assert.equal((await engine.store.listInbox([0], 1)).length, 1);
    assert.equal(lines.filter((line) => line.includes(bad)).length, 1);
    restore();
    await until("it was taken in", async () => (await engine.client.get(bad))?.state === "sending");
    assert.deepEqual(await engine.store.listInbox([0], 1), []);
    await engine.stop();
  });

  test("keeps no source waiting that brings its reply", async (t) => {
    const { database, bad } = await spoilOne(t);
    let take: TakeReply = () => assert.fail("the transport was not started");
    const broker: Transport = { ...post(false), start: async (given) => void (take = given) };
    await live(t, database, "next", { participants: [broker] });
    const taken = await take({ kind: "event", runId: bad, event: { id: "e-1", type: "Paid", data: {} } });
    assert.deepEqual([taken.outcome, "code" in taken && taken.code], ["refused", "FLOW_UNREADABLE"]);
  });

  test("is told of its child's end when it was restored", async (t) => {
    const database = memoryDatabase();
    const flows = [parcel, order];
    const former = await live(t, database, "former", { flows });
    const { runId } = await former.engine.client.start("order", { data: {} });
    const child = [...database.runs.keys()].find((each) => each !== runId) ?? assert.fail("no child");
    await former.engine.stop();
    const restore = spoilRun(database, runId);
    const next = await live(t, database, "next", { flows, participants: [post(true)] });
    await next.engine.client.send(child, { type: "Paid", data: {} });
    await until("the child has ended", () => isSent(next.engine, child));
    assertNoBatchFailed(next.lines);
    restore();
    assert.equal((await next.engine.client.waitFinal(runId, 5_000))?.outcome, "done");
    await assertSound(next.engine);
  });

  test("is refused by a job, and by a dry run, which both come to their ends", async (t) => {
    const { database, bad, good } = await spoilOne(t);
    const { engine, lines } = await live(t, database, "next");
    const filters = [{ flow: "parcel" }, { runIds: [...good, bad] }];
    for (const filter of filters)
      for (const isDryRun of [true, false]) {
        const wish = { operation: { type: "force", state: "open" }, filter, isDryRun } as const;
        const page = await engine.operator.preview(wish, { limit: 10 });
        assert.equal(page.items.find(({ runId }) => runId === bad)?.code, "FLOW_UNREADABLE");
        const { actionId } = await engine.operator.startJob(wish, { by: "ann" });
        await until("the job is done", async () => {
          const { state } = await engine.operator.requireAction(actionId);
          return state === "done";
        });
        const { job } = await engine.operator.requireAction(actionId);
        assert.deepEqual(
          [job?.progress.applied, job?.progress.refused],
          [good.length, { FLOW_UNREADABLE: 1 }],
        );
      }
    assertNoBatchFailed(lines);
  });
});
