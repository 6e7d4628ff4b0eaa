import assert from "node:assert/strict";
import { test } from "node:test";
import { compileFlow } from "../core/compile-flow.ts";
import { listDueTimes } from "../definition/next-occurrence.ts";
import { compileSchema } from "../definition/compile-schema.ts";
import { Schedules } from "./schedules.ts";

const LANES = 1;
const BEGIN_MS = Date.UTC(2026, 5, 1);
const report = compileFlow(
  {
    name: "report",
    version: 1,
    events: {},
    initial: "done",
    schedule: { cron: "* * * * * *", catchUp: "all" },
    states: { done: { final: "done" } },
  },
  compileSchema,
);
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

test("a schedule that stops begins with no further run, and waits for the one it has begun with", async () => {
  const started: string[] = [];
  const saved: number[] = [];
  let answer = (): void => {};
  const schedules = new Schedules({
    store: {
      listSchedules: () => Promise.resolve([{ flow: "report", lastDueAtMs: BEGIN_MS }]),
      saveSchedule: ({ lastDueAtMs }) => Promise.resolve(void saved.push(lastDueAtMs)),
    },
    log: silent,
    lanes: LANES,
    listDueTimes,
    flows: () => [report],
    isPaused: () => false,
    nowMs: () => BEGIN_MS + 3_000,
    start: (_, { key }) => {
      started.push(key);
      return new Promise((resolve) => (answer = () => resolve({ runId: key, isRepeat: false })));
    },
  });
  const serving = schedules.serve([0]);
  while (started.length === 0) await Promise.resolve();

  let isStopped = false;
  const stopping = schedules.stop().then(() => (isStopped = true));
  await Promise.resolve();
  assert.equal(isStopped, false);
  answer();
  await Promise.all([serving, stopping]);
  assert.deepEqual(started, ["schedule:2026-06-01T00:00:01.000Z"]);
  assert.deepEqual(
    saved,
    [],
    "the next owner begins with the same due time, and its key makes that harmless",
  );

  await schedules.serve([0]);
  assert.equal(started.length, 1);
});
