/** Jobs over a filter that finds very many runs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Engine } from "../create-engine.ts";
import type { ActionRow } from "../core/ports.ts";
import type { FlowDefinition } from "../core/flow.ts";
import { memoryDatabase, startEngine, until } from "./fixtures/memory-engine.ts";

const RUNS = 20_000;
const AT_ONCE = 1_000;
const JOB_MS = 60_000;

const order: FlowDefinition = {
  name: "order",
  version: 1,
  events: { Paid: {} },
  initial: "open",
  states: { open: { on: { Paid: "paid" } }, paid: { final: "paid" } },
};

async function startOrders(t: TestContext): Promise<Engine> {
  const engine = await startEngine(t, memoryDatabase(), { flows: [order] });
  for (let begun = 0; begun < RUNS; begun += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, () => engine.client.start("order", { data: {} })));
  await until("all orders are counted", async () => (await openOrders(engine)) === RUNS, JOB_MS);
  return engine;
}

async function openOrders(engine: Engine): Promise<number> {
  const counts = await engine.client.countStates("order");
  return counts.find(({ state }) => state === "open")?.runs ?? 0;
}

function cancelAll(engine: Engine, isDryRun = false): Promise<ActionRow> {
  const operation = { type: "cancel", compensate: false } as const;
  const wish = { operation, filter: { flow: "order" }, isDryRun };
  return engine.operator.startJob(wish, { by: "ann" });
}

function progressOf({ job }: ActionRow) {
  assert.ok(job !== null);
  const { seen, applied, refused, examples } = job.progress;
  return { seen, applied, refused, examples };
}

/** What somebody sees who watches a job until `isEnough`: how many runs it had met, each number once. */
async function watch(
  engine: Engine,
  { actionId }: ActionRow,
  isEnough: (action: ActionRow) => boolean,
): Promise<{ readonly action: ActionRow; readonly seen: readonly number[] }> {
  const seen: number[] = [];
  let action = await engine.operator.requireAction(actionId);
  await until(
    "the job has come far enough",
    async () => {
      action = await engine.operator.requireAction(actionId);
      const { seen: now } = progressOf(action);
      if (now !== seen.at(-1)) seen.push(now);
      return isEnough(action);
    },
    JOB_MS,
  );
  return { action, seen };
}

const hasEnded = ({ endedAtMs }: ActionRow): boolean => endedAtMs !== null;

test("a job over 20,000 runs goes page by page, can be stopped between two, and another does the rest", async (t) => {
  const engine = await startOrders(t);
  const tried = await watch(engine, await cancelAll(engine, true), hasEnded);
  const { examples, ...dry } = progressOf(tried.action);
  assert.deepEqual(dry, { seen: RUNS, applied: RUNS, refused: {} });
  assert.ok(examples.length <= 5, "runs that fare alike are not all kept by name");
  assert.equal(await openOrders(engine), RUNS);

  const job = await cancelAll(engine);
  const begun = await watch(engine, job, (action) => progressOf(action).seen >= RUNS / 10);
  assert.equal(begun.action.state, "running");
  await engine.operator.stopJob(job.actionId, { by: "ben" });
  const stopped = await watch(engine, job, hasEnded);
  const done = progressOf(stopped.action);
  assert.equal(stopped.action.state, "stopped");
  assert.ok(done.seen < RUNS && done.seen === done.applied, `stopped after ${done.seen} of ${RUNS}`);
  await until("the counts follow", async () => (await openOrders(engine)) === RUNS - done.applied, JOB_MS);

  const rest = await watch(engine, await cancelAll(engine), hasEnded);
  assert.equal(progressOf(rest.action).applied, RUNS - done.applied);
  const pages = [...begun.seen, ...stopped.seen, ...rest.seen];
  assert.ok(new Set(pages).size > 10, `progress was seen at ${pages.join(", ")}`);
  for (const seen of [begun.seen, stopped.seen, rest.seen])
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
      "progress never goes back",
    );
  await until("no order is open", async () => (await openOrders(engine)) === 0, JOB_MS);
});
