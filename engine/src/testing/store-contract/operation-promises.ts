import assert from "node:assert/strict";
import { it } from "node:test";
import { ACTIONS_PAGE_BYTES_MAX } from "../../core/ports.ts";
import type { ActionQuery, ActionRow, JobProgress, NewAction } from "../../core/ports.ts";
import { toRunRow } from "../../core/run-row.ts";
import { AWKWARD_DATA, makeDeadLetter, makeRun, testRunId } from "../rows.ts";
import { openOwned } from "./harness.ts";
import type { OpenHarness } from "./harness.ts";

const PROGRESS: JobProgress = { cursor: null, seen: 0, applied: 0, refused: {}, examples: [] };
const JOB: NonNullable<ActionRow["job"]> = {
  plan: {
    operation: { type: "force", state: "paid", data: AWKWARD_DATA },
    filter: { flow: "tickets" },
    runsPerSecond: 0.5,
    isDryRun: false,
  },
  progress: PROGRESS,
};

function makeAction(n: number, action: Partial<NewAction> = {}): NewAction {
  return {
    actionId: testRunId(n),
    kind: "flow.pause",
    by: "anna",
    reason: null,
    state: "done",
    subject: { flow: "tickets", nested: AWKWARD_DATA },
    job: null,
    lane: 0,
    ...action,
  };
}

const FLOW = { flow: "tickets", scope: "flow", name: "" } as const;
const STATE = { flow: "tickets", scope: "state", name: "paid" } as const;

/** What operators do: actions, jobs, pauses, and the lists that name what they are about. */
export function operationPromises(open: OpenHarness): void {
  it("keeps an action once under its id, with the store's time", async (t) => {
    const { store } = await openOwned(t, open);
    const { nowMs } = await store.heartbeat({ engineId: "a", address: null, leaseMs: 60_000 });
    const action = makeAction(1, { reason: "wrong prices" });
    const kept = await store.addAction(action);
    assert.deepEqual(kept, {
      ...action,
      askedAtMs: kept.askedAtMs,
      endedAtMs: kept.endedAtMs,
      revision: 1,
      result: null,
    });
    assert.ok(Math.abs(kept.askedAtMs - nowMs) < 60_000 && Number.isInteger(kept.askedAtMs));
    // What was done at once has ended when it is written down.
    assert.ok((kept.endedAtMs ?? 0) >= kept.askedAtMs);
    assert.deepEqual(await store.addAction({ ...action, by: "ben", subject: {} }), kept);
    assert.deepEqual(await store.getAction(action.actionId), kept);
    assert.equal(await store.getAction(testRunId(2)), null);
  });

  it("lets one of two updates of an action through, and writes down when it ends", async (t) => {
    const { store } = await openOwned(t, open);
    const kept = await store.addAction(makeAction(1, { kind: "runs.force", state: "running", job: JOB }));
    assert.deepEqual([kept.job, kept.endedAtMs], [JOB, null]);
    const progress: JobProgress = {
      cursor: "next",
      seen: 3,
      applied: 2,
      refused: { FLOW_RUN_FINAL: 1 },
      examples: [
        { runId: testRunId(9), from: "open", to: null, code: "FLOW_RUN_FINAL", message: 'it "ended"' },
      ],
    };
    const { actionId, state, endedAtMs } = kept;
    const update = { actionId, state, revision: 1, progress };
    assert.deepEqual(await store.updateAction(update), { actionId, state, endedAtMs, revision: 2 });
    const job = { ...JOB, progress };
    assert.deepEqual(await store.getAction(actionId), { ...kept, job, revision: 2 });
    assert.equal(await store.updateAction({ ...update, state: "stopping" }), null);
    const ended = await store.updateAction({ ...update, revision: 2, state: "stopped" });
    assert.deepEqual([ended?.state, ended?.revision, ended?.endedAtMs !== null], ["stopped", 3, true]);
    assert.deepEqual(await store.getAction(actionId), { ...kept, ...ended, job });
    assert.equal(await store.updateAction({ ...update, actionId: testRunId(2) }), null);
  });

  it("keeps no more open actions of a sort than it is told to, and a repeat of one that is kept all the same", async (t) => {
    const { store } = await openOwned(t, open);
    const job = (n: number, kind = "runs.cancel") =>
      store.addAction(makeAction(n, { kind, state: "running", job: JOB }), 2);
    const first = await job(1);
    await store.addAction(makeAction(2, { kind: "runs.force", job: JOB }), 2);
    await job(3, "runs.force");
    await assert.rejects(job(4), { code: "FLOW_JOBS_FULL", kind: "overloaded" });
    assert.equal(await store.getAction(testRunId(4)), null);
    assert.deepEqual(await job(1), first);
    await job(5, "run.cancel");
    await store.addAction(makeAction(6, { kind: "flow.pause" }));
    const end = { actionId: first.actionId, revision: 1, state: "done", progress: PROGRESS } as const;
    await store.updateAction(end);
    assert.equal((await job(4)).actionId, testRunId(4));
  });

  it("lists actions in pages that fit into memory, however large each of them is", async (t) => {
    const { store, harness } = await openOwned(t, open);
    const note = "x".repeat(ACTIONS_PAGE_BYTES_MAX / 2 - 1_000);
    for (const [n, subject] of [{ note }, { note: note + note + note }, { note }, { note }, {}].entries()) {
      await store.addAction(makeAction(n, { subject }));
      await harness.passMs(2);
    }
    const pages: number[][] = [];
    let cursor: string | null = null;
    do {
      const page = await store.listActions({ limit: 4, ...(cursor === null ? {} : { cursor }) });
      pages.push(page.items.map(({ actionId }) => Number.parseInt(actionId.slice(-1), 16)));
      cursor = page.cursor;
    } while (cursor !== null);
    assert.deepEqual(pages, [[4, 3, 2], [1], [0]]);
  });

  it("lists actions newest first by kind, state and whether they are jobs, page by page", async (t) => {
    const { store, harness } = await openOwned(t, open);
    const given: readonly Partial<NewAction>[] = [
      { kind: "flow.pause" },
      { kind: "runs.cancel", job: JOB, state: "running" },
      { kind: "run.cancel", job: JOB },
      { kind: "flow.resume" },
      { kind: "runs.force", job: JOB, state: "stopping" },
    ];
    for (const [n, action] of given.entries()) {
      await store.addAction(makeAction(n, action));
      await harness.passMs(2);
    }
    const find = async (query: Partial<ActionQuery>) =>
      (await store.listActions({ limit: 10, ...query })).items.map(({ actionId }) =>
        Number.parseInt(actionId.slice(-1), 16),
      );
    assert.deepEqual(await find({}), [4, 3, 2, 1, 0]);
    assert.deepEqual(await find({ kind: "runs" }), [4, 1]);
    assert.deepEqual(await find({ kind: "flow" }), [3, 0]);
    assert.deepEqual(await find({ kind: "runs.cancel" }), [1]);
    assert.deepEqual(await find({ kind: "run%" }), []);
    assert.deepEqual(await find({ state: "running" }), [1]);
    assert.deepEqual(await find({ isJob: true }), [4, 2, 1]);
    assert.deepEqual(await find({ isJob: false }), [3, 0]);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await store.listActions({ limit: 2, ...(cursor === null ? {} : { cursor }) });
      seen.push(...page.items.map(({ actionId }) => actionId));
      cursor = page.cursor;
    } while (cursor !== null);
    assert.deepEqual(seen, [4, 3, 2, 1, 0].map(testRunId));
    await assert.rejects(store.listActions({ limit: 1, cursor: "garbage" }), { code: "FLOW_BAD_CURSOR" });
  });

  it("finds the jobs of a lane that have not ended, oldest first", async (t) => {
    const { store, harness } = await openOwned(t, open);
    const given: readonly Partial<NewAction>[] = [
      { job: JOB, state: "running", lane: 1 },
      { job: JOB, state: "stopping", lane: 0 },
      { job: JOB, state: "done", lane: 0 },
      { job: null, state: "done", lane: 0 },
      { job: JOB, state: "running", lane: 0 },
    ];
    for (const [n, action] of given.entries()) {
      await store.addAction(makeAction(n, action));
      await harness.passMs(2);
    }
    const open1 = async (...lanes: number[]) =>
      (await store.listOpenJobs(lanes)).map(({ actionId }) => actionId);
    // Not what they are to do: that may be thousands of runs, and each heartbeat asks.
    const [stopping] = await store.listOpenJobs([0]);
    assert.deepEqual(stopping, { actionId: testRunId(1), kind: "flow.pause", state: "stopping" });
    assert.deepEqual(await open1(0), [1, 4].map(testRunId));
    assert.deepEqual(await open1(0, 1), [0, 1, 4].map(testRunId));
    assert.deepEqual(await open1(), []);
  });

  it("keeps a pause once and lifts it once, each with the action that asked for it", async (t) => {
    const { store } = await openOwned(t, open);
    const anna = { by: "anna", reason: 'the "wrong" prices' };
    const added = await store.addPause(makeAction(1, anna), STATE);
    const pause = { ...STATE, ...anna, atMs: added.result?.pause?.atMs };
    assert.deepEqual(added.result, { hasChanged: true, pause });
    assert.deepEqual(await store.getAction(testRunId(1)), added);
    const again = await store.addPause(makeAction(2, { by: "ben" }), STATE);
    assert.deepEqual(again.result, { hasChanged: false, pause });
    const other = await store.addPause(makeAction(3, { by: "ben" }), FLOW);
    assert.deepEqual(await store.listPauses(), [other.result?.pause, pause]);
    const nothing = await store.removePause(makeAction(4), { ...STATE, name: "open" });
    assert.deepEqual(nothing.result, { hasChanged: false, pause: null });
    const lifted = await store.removePause(makeAction(5), STATE);
    assert.deepEqual(lifted.result, { hasChanged: true, pause });
    assert.equal((await store.removePause(makeAction(6), STATE)).result?.hasChanged, false);
    assert.deepEqual(await store.listPauses(), [other.result?.pause]);
    assert.deepEqual(await store.getAction(testRunId(5)), lifted);
  });

  it("does nothing for a pause or a resumption that comes again, and answers as the first time", async (t) => {
    const { store } = await openOwned(t, open);
    const added = await store.addPause(makeAction(1), STATE);
    const lifted = await store.removePause(makeAction(2), STATE);
    assert.deepEqual(await store.addPause(makeAction(1), STATE), added);
    assert.deepEqual(await store.listPauses(), []);
    const anew = await store.addPause(makeAction(3), STATE);
    assert.deepEqual(await store.removePause(makeAction(2), STATE), lifted);
    assert.deepEqual(await store.listPauses(), [anew.result?.pause]);
  });

  it("keeps one of two equal actions that come at once", async (t) => {
    const { store } = await openOwned(t, open);
    const repeats = Array.from({ length: 8 }, () => store.addPause(makeAction(1), STATE));
    const [first, ...others] = await Promise.all(repeats);
    assert.equal(first?.result?.hasChanged, true);
    for (const other of others) assert.deepEqual(other, first);
    assert.deepEqual(await store.listPauses(), [first?.result?.pause]);
  });

  it("finds parked runs by their reason, and dead letters by the flow of their runs", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const runs = [
      makeRun({ runId: testRunId(1), parked: "rule-failed", version: 2 }),
      makeRun({ runId: testRunId(2), parked: "undo-failed", version: 2, flow: "refunds" }),
      makeRun({ runId: testRunId(3) }),
    ];
    await owner.commit({
      runs,
      deadLetters: [1, 2].map((n) => makeDeadLetter(testRunId(n), 2)),
    });
    await store.project(runs.map(toRunRow), []);
    const parkedBy = async (parkReason: "rule-failed" | "undo-failed" | "data-too-large") =>
      (await store.listRuns({ parkReason, limit: 5 })).items.map(({ runId }) => runId);
    assert.deepEqual(await parkedBy("rule-failed"), [testRunId(1)]);
    assert.deepEqual(await parkedBy("undo-failed"), [testRunId(2)]);
    assert.deepEqual(await parkedBy("data-too-large"), []);
    const lettersOf = async (flow: string) =>
      (await store.listDeadLetters({ flow, limit: 5 })).items.map(({ runId }) => runId);
    assert.deepEqual(await lettersOf("tickets"), [testRunId(1)]);
    assert.deepEqual(await lettersOf("refunds"), [testRunId(2)]);
    assert.deepEqual(await lettersOf("orders"), []);
  });
}
