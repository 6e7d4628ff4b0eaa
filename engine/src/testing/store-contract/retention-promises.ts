import assert from "node:assert/strict";
import { it } from "node:test";
import type { TestContext } from "node:test";
import { childEndInboxId } from "../../core/inputs.ts";
import { periodAt, widthFor } from "../../core/period.ts";
import type { Period } from "../../core/period.ts";
import type { Store } from "../../core/ports.ts";
import { toRunRow } from "../../core/run-row.ts";
import type { Run } from "../../core/run.ts";
import { makeCommand, makeDeadLetter, makeRun, testRunId } from "../rows.ts";
import { findingsOf, openOwned } from "./harness.ts";
import type { OpenHarness, OwnedStore } from "./harness.ts";

const DAY_MS = 86_400_000;
const RETENTION_DAYS = 30;

interface AgingStore extends OwnedStore {
  readonly nowMs: number;
  /** A run that began, and last changed, so many days ago; final unless it is said otherwise. */
  aged(n: number, days: number, run?: Partial<Run>): Run;
  /** Stores runs, each with its history and its row for lists. */
  keep(...runs: readonly Run[]): Promise<void>;
}

async function openAging(t: TestContext, open: OpenHarness): Promise<AgingStore> {
  const owned = await openOwned(t, open);
  await owned.store.maintain(RETENTION_DAYS);
  const { nowMs } = await owned.store.heartbeat({ engineId: "a", address: null, leaseMs: 60_000 });
  return {
    ...owned,
    nowMs,
    aged: (n, days, run = {}) => {
      const atMs = nowMs - days * DAY_MS;
      const times = { createdAtMs: atMs, enteredAtMs: atMs, updatedAtMs: atMs };
      return makeRun({ runId: testRunId(n), state: "closed", outcome: "sold", ...times, ...run });
    },
    keep: async (...runs) => {
      await owned.owner.start(...runs);
      await owned.store.project(runs.map(toRunRow), []);
    },
  };
}

const OPEN = { state: "ordered", outcome: null } as const;

/** Retention: what is dropped, with whom, and when. */
export function retentionPromises(open: OpenHarness): void {
  it("drops runs that ended longer ago than the retention, with all that is theirs", async (t) => {
    const { store, aged, keep } = await openAging(t, open);
    const [first, second] = [aged(1, 400), aged(2, 399)];
    await keep(first, second, aged(3, 1), aged(4, 0, OPEN));
    const { dropped, held } = await store.dropPeriods(RETENTION_DAYS);
    assert.equal(
      dropped.reduce((sum, { runs }) => sum + runs, 0),
      2,
    );
    assert.deepEqual(held, []);
    assert.deepEqual(await store.getRuns([first.runId, second.runId]), []);
    const history = await store.listHistory({ runId: first.runId, afterVersion: 0, limit: 5 });
    assert.deepEqual(history, { items: [], cursor: null });
    const listed = (await store.listRuns({ limit: 5 })).items.map(({ runId }) => runId);
    assert.deepEqual(listed, [testRunId(4), testRunId(3)]);
    assert.deepEqual(await findingsOf(store, true), []);
    await assertNothingToDo(store);
  });

  it("counts what is left after a drop, and no more", async (t) => {
    const { store, aged, keep } = await openAging(t, open);
    await keep(aged(1, 400), aged(2, 400, { state: "expired", outcome: "expired", lane: 1 }), aged(3, 2));
    await store.dropPeriods(RETENTION_DAYS);
    const counts = [{ flow: "tickets", flowVersion: 1, state: "closed", runs: 1, parked: 0 }];
    assert.deepEqual(await store.countStates(), counts);
  });

  it("keeps a whole period for one run in it that is open, and says so", async (t) => {
    const { store, aged, keep } = await openAging(t, open);
    await keep(aged(1, 400), aged(2, 400, OPEN), aged(3, 300));
    const { dropped, held } = await store.dropPeriods(RETENTION_DAYS);
    assert.deepEqual(
      dropped.map(({ runs }) => runs),
      [1],
    );
    const [period] = held;
    assert.equal(held.length, 1);
    assert.equal(period?.openRuns, 1);
    assertIn(period, aged(2, 400).createdAtMs);
    assert.equal((await store.getRuns([testRunId(1), testRunId(2)])).length, 2);
  });

  it("drops the period of a run that ended at last", async (t) => {
    const { store, owner, aged, keep } = await openAging(t, open);
    const run = aged(1, 400, OPEN);
    await keep(run);
    assert.deepEqual((await store.dropPeriods(RETENTION_DAYS)).dropped, []);
    const ended = {
      ...run,
      version: 2,
      state: "closed",
      outcome: "sold",
      updatedAtMs: aged(1, 60).createdAtMs,
    };
    await owner.commit({ runs: [ended] });
    await store.project([toRunRow(ended)], []);
    assert.equal((await store.dropPeriods(RETENTION_DAYS)).dropped.length, 1);
    assert.equal(await store.getRun(run.runId), null);
  });

  it("keeps a run for as long as the retention says after it has ended, however long it took", async (t) => {
    const { store, aged, keep } = await openAging(t, open);
    const late = aged(1, 400, { updatedAtMs: aged(1, RETENTION_DAYS - 1).createdAtMs });
    await keep(late);
    const { dropped, held } = await store.dropPeriods(RETENTION_DAYS);
    assert.deepEqual(dropped, []);
    assert.deepEqual(
      held.map(({ openRuns }) => openRuns),
      [0],
    );
    assert.deepEqual(await store.getRun(late.runId), late);
  });

  it("keeps a period that has not ended for as long as the retention", async (t) => {
    const { store, nowMs, aged, keep } = await openAging(t, open);
    // At the beginning of a period whose end is younger than the retention.
    const { fromMs } = periodAt(nowMs - RETENTION_DAYS * DAY_MS, widthFor(RETENTION_DAYS));
    const run = aged(1, 0, { createdAtMs: fromMs, updatedAtMs: fromMs });
    await keep(run);
    await assertNothingToDo(store);
    assert.deepEqual(await store.getRun(run.runId), run);
  });

  it("keeps what waits: a parked run holds its period, with its dead letter", async (t) => {
    const { store, owner, aged, keep } = await openAging(t, open);
    const parked = aged(1, 400, { ...OPEN, version: 1, parked: "rule-failed" });
    await keep(parked);
    await owner.commit({ lanes: [owner.step(0)], deadLetters: [makeDeadLetter(parked.runId, 2)] });
    const { held } = await store.dropPeriods(RETENTION_DAYS);
    assert.equal(held[0]?.openRuns, 1);
    assert.equal((await store.listDeadLetters({ runId: parked.runId, limit: 5 })).items.length, 1);
  });

  it("leaves the end of a child to its parent that was dropped since, where it waits in the inbox", async (t) => {
    const { store, owner, aged, keep } = await openAging(t, open);
    const commandId = `${testRunId(1)}:1:0`;
    const waiting = makeCommand(commandId, { phase: "delivered", childId: testRunId(2) });
    const parent = aged(1, 500, { ...OPEN, commands: [waiting] });
    const child = aged(2, 400, { parent: { runId: parent.runId, commandId, depth: 1 } });
    await keep(parent, child);
    const settlement = { type: "ended", outcome: "sold", data: {} } as const;
    const input = { kind: "settled", runId: parent.runId, commandId, attempt: 1, settlement } as const;
    const inboxId = childEndInboxId(commandId);
    await owner.commit({ lanes: [owner.step(0)], inboxAdded: [{ inboxId, lane: 0, input }] });
    assert.equal((await store.dropPeriods(RETENTION_DAYS)).dropped.length, 1);
    assert.equal(await store.getRun(child.runId), null);
    assert.deepEqual(await findingsOf(store, false), []);
  });

  it("keeps a run that the search projection has not seen", async (t) => {
    const { store, owner, aged } = await openAging(t, open);
    const run = aged(1, 400);
    await owner.start(run);
    assert.deepEqual((await store.dropPeriods(RETENTION_DAYS)).dropped, []);
    assert.deepEqual(await store.getRun(run.runId), run);
    await store.project([toRunRow(run)], []);
    assert.equal((await store.dropPeriods(RETENTION_DAYS)).dropped.length, 1);
  });

  it("lets the same id begin anew once its run was dropped", async (t) => {
    const { store, aged, keep } = await openAging(t, open);
    await keep(aged(1, 400, { key: "order-1" }));
    await store.dropPeriods(RETENTION_DAYS);
    const again = aged(1, 0, { ...OPEN, key: "order-1" });
    await keep(again);
    assert.deepEqual(await store.getRun(again.runId), again);
    assert.deepEqual((await store.listRuns({ key: "order-1", limit: 5 })).items, [toRunRow(again)]);
    assert.deepEqual(await findingsOf(store, true), []);
  });
}

async function assertNothingToDo(store: Store): Promise<void> {
  const { dropped, held } = await store.dropPeriods(RETENTION_DAYS);
  assert.deepEqual([dropped, held], [[], []]);
}

function assertIn(period: Period | undefined, atMs: number): void {
  assert.ok(period !== undefined && period.fromMs <= atMs && atMs < period.untilMs);
}
