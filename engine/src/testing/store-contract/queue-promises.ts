import assert from "node:assert/strict";
import { it } from "node:test";
import type { HistoryEntry } from "../../core/history.ts";
import type { LaneInput } from "../../core/inputs.ts";
import type { InboxRow, StoredTimer, TimerRow } from "../../core/ports.ts";
import { AWKWARD_DATA, TEST_BEGIN_MS, makeEntry, makeRun, testRunId } from "../rows.ts";
import { openOwned } from "./harness.ts";
import type { OpenHarness } from "./harness.ts";

function inboxInput(n: number): LaneInput {
  return { kind: "event", runId: testRunId(n), id: `e${n}`, type: "Paid", data: {} };
}

/** Timers, the durable inbox, dead letters, history pages, totals. */
export function queuePromises(open: OpenHarness): void {
  it("lists timers of the asked lanes that are due before a time, soonest first", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const timers: TimerRow[] = [30, 10, 20, 40].map((delayMs, n) => ({
      lane: n === 2 ? 1 : 0,
      runId: testRunId(n),
      number: n + 1,
      dueAtMs: TEST_BEGIN_MS + delayMs,
      kind: "after",
    }));
    await owner.commit({ lanes: [owner.step(0), owner.step(1)], timersSet: timers });
    const list = async (lanes: number[], delayMs: number, limit: number) =>
      (await store.listTimers({ lanes, dueBeforeMs: TEST_BEGIN_MS + delayMs, limit })).map(
        ({ number }) => number,
      );
    assert.deepEqual(await list([0, 1], 41, 10), [2, 3, 1, 4]);
    assert.deepEqual(await list([0], 40, 10), [2, 1]);
    assert.deepEqual(await list([0, 1], 1_000, 2), [2, 3]);
    assert.deepEqual(await list([], 1_000, 2), []);
    const [first, second] = await store.listTimers({
      lanes: [0, 1],
      dueBeforeMs: TEST_BEGIN_MS + 41,
      limit: 2,
    });
    const behind = async (after: StoredTimer | undefined, lanes = [0, 1]) =>
      (
        await store.listTimers({
          lanes,
          dueBeforeMs: TEST_BEGIN_MS + 41,
          limit: 10,
          ...(after === undefined ? {} : { after }),
        })
      ).map(({ number }) => number);
    assert.deepEqual(await behind(first), [3, 1, 4]);
    assert.deepEqual(await behind(second), [1, 4]);
    assert.deepEqual(await behind(second, [0]), [1, 4]);
    // Of a run that is gone nothing is known.
    assert.deepEqual([first?.flow, first?.flowVersion, first?.state], ["", 0, ""]);
    await owner.commit({ lanes: [owner.step(0)], timersCleared: timers.slice(0, 1) });
    assert.deepEqual(await list([0, 1], 41, 10), [2, 3, 4]);
  });

  it("keeps the order of the inbox and takes a repeated row once", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const row = (n: number, lane: number): InboxRow => ({
      inboxId: `in-${n}`,
      lane,
      input: { kind: "event", runId: testRunId(n), id: `e${n}`, type: "Paid", data: AWKWARD_DATA },
    });
    const list = async (lanes: number[], limit: number) =>
      (await store.listInbox(lanes, limit)).map(({ arrival: _, ...kept }) => kept);
    await store.appendInbox([row(3, 0), row(1, 0)]);
    await store.appendInbox([]);
    await store.appendInbox([row(2, 1), row(3, 0), row(4, 0)]);
    assert.deepEqual(await list([0], 10), [row(3, 0), row(1, 0), row(4, 0)]);
    assert.deepEqual(await list([0, 1], 1), [row(3, 0)]);
    await owner.commit({ lanes: [owner.step(0)], inboxTaken: ["in-3", "in-1"] });
    assert.deepEqual(await list([0, 1], 10), [row(2, 1), row(4, 0)]);
    const added = { lanes: [owner.step(0)], inboxAdded: [row(5, 0), row(4, 0)] };
    await owner.commit(added);
    assert.deepEqual(await list([0], 10), [row(4, 0), row(5, 0)]);
    const lost = { ...added, inboxAdded: [row(6, 0)], lanes: [{ ...owner.step(0), batchNumber: 999 }] };
    await assert.rejects(owner.writer.openBatch().commit(owner.writes(lost)), { code: "FLOW_LANE_LOST" });
    assert.deepEqual(await list([0], 10), [row(4, 0), row(5, 0)]);
  });

  it("lists the inbox on behind an arrival, which no later row gets again", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const append = (...ids: number[]) =>
      store.appendInbox(ids.map((n) => ({ inboxId: `in-${n}`, lane: n % 2, input: inboxInput(n) })));
    const list = async (lanes: number[], limit: number, behindArrival?: number) =>
      (await store.listInbox(lanes, limit, behindArrival)).map(({ inboxId }) => inboxId);
    await append(0, 1, 2, 3, 4);
    const [, second] = await store.listInbox([0, 1], 2);
    const behind = second?.arrival;
    assert.deepEqual(await list([0, 1], 10, behind), ["in-2", "in-3", "in-4"]);
    assert.deepEqual(await list([0], 10, behind), ["in-2", "in-4"]);
    assert.deepEqual(await list([0, 1], 2, behind), ["in-2", "in-3"]);
    const last = (await store.listInbox([0, 1], 10)).at(-1)?.arrival;
    assert.deepEqual(await list([0, 1], 10, last), []);
    await owner.commit({ lanes: [owner.step(0)], inboxTaken: ["in-4"] });
    await append(6);
    assert.deepEqual(await list([0, 1], 10, last), ["in-6"]);
    assert.deepEqual(await list([0, 1], 1), ["in-0"]);
  });

  it("keeps no more inputs for a lane than it is told to, and goes on when they are taken", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const append = (n: number, lane: number) =>
      store.appendInbox([{ inboxId: `in-${n}`, lane, input: inboxInput(n) }], 25);
    for (let n = 0; n < 25; n++) await append(n, 0);
    await assert.rejects(append(25, 0), { code: "FLOW_NO_OWNER", kind: "unavailable" });
    await append(26, 1);
    const several = [27, 28].map((n) => ({ inboxId: `in-${n}`, lane: n - 27, input: inboxInput(n) }));
    await assert.rejects(store.appendInbox(several, 25), { code: "FLOW_NO_OWNER" });
    assert.equal((await store.listInbox([0, 1], 100)).length, 26);
    await owner.commit({ lanes: [owner.step(0)], inboxTaken: ["in-3", "in-7"] });
    await append(3, 0);
    await append(7, 0);
    await assert.rejects(append(25, 0), { code: "FLOW_NO_OWNER" });
    // What follows from a batch has been decided: there is no one to refuse it to.
    const added = { inboxId: "in-29", lane: 0, input: inboxInput(29) };
    await owner.commit({ lanes: [owner.step(0)], inboxAdded: [added] });
    assert.equal((await store.listInbox([0], 100)).length, 26);
  });

  it("keeps as many inputs for a lane as it is told to, however many come at once", async (t) => {
    const { store } = await openOwned(t, open);
    const appends = Array.from({ length: 40 }, (_, n) =>
      store.appendInbox([{ inboxId: `in-${n}`, lane: 0, input: inboxInput(n) }], 10),
    );
    const refused = (await Promise.allSettled(appends)).filter(({ status }) => status === "rejected");
    assert.equal(refused.length, 30);
    for (const { reason } of refused as PromiseRejectedResult[])
      assert.deepEqual([Object(reason).code, Object(reason).retryAfterMs], ["FLOW_NO_OWNER", 1_000]);
    assert.equal((await store.listInbox([0], 100)).length, 10);
  });

  it("keeps of two engines that append at once at most a tenth more for each of them", async (t) => {
    const { harness, store } = await openOwned(t, open);
    const other = await harness.openStore("b");
    const appends = Array.from({ length: 60 }, (_, n) =>
      (n % 2 === 0 ? store : other).appendInbox([{ inboxId: `in-${n}`, lane: 0, input: inboxInput(n) }], 10),
    );
    await Promise.allSettled(appends);
    const kept = (await store.listInbox([0], 100)).length;
    assert.ok(kept >= 10 && kept <= 12, `${kept} rows`);
  });

  it("pages through dead letters by run and version", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const letters = [1, 2, 3].flatMap((n) =>
      [2, 3, 10].map((version) => ({
        runId: testRunId(n),
        lane: 0,
        version,
        reason: version === 2 ? ("rule-failed" as const) : null,
        state: "ordered",
        input: { kind: "timer" as const, runId: testRunId(n), number: version },
        error: null,
        atMs: TEST_BEGIN_MS - n,
      })),
    );
    await owner.commit({ lanes: [owner.step(0)], deadLetters: letters.toReversed() });
    const seen = [];
    let cursor: string | null = null;
    do {
      const page = await store.listDeadLetters({ limit: 4, ...(cursor === null ? {} : { cursor }) });
      seen.push(...page.items);
      cursor = page.cursor;
    } while (cursor !== null);
    assert.deepEqual(seen, letters);
    const ofOne = await store.listDeadLetters({ runId: testRunId(2), limit: 2 });
    assert.deepEqual(ofOne.items, letters.slice(3, 5));
    const rest = await store.listDeadLetters({ runId: testRunId(2), limit: 2, cursor: ofOne.cursor ?? "" });
    assert.deepEqual(rest, { items: letters.slice(5, 6), cursor: null });
    const one = await store.listDeadLetters({ runId: testRunId(2), version: 3, limit: 2 });
    assert.deepEqual(one, { items: letters.slice(4, 5), cursor: null });
    await assert.rejects(store.listDeadLetters({ limit: 1, cursor: "garbage" }), { code: "FLOW_BAD_CURSOR" });
  });

  it("pages through a history by version, whatever batches it came in", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const runId = testRunId(1);
    const entries = Array.from({ length: 12 }, (_, at) => makeEntry(at + 1, { data: { at } }));
    for (const [from, to] of [
      [0, 1],
      [1, 7],
      [7, 12],
    ] as const) {
      await owner.commit({
        runs: [makeRun({ runId, version: to })],
        history: [{ runId, lane: 0, entries: entries.slice(from, to) }],
      });
    }
    const first = await store.listHistory({ runId, afterVersion: 0, limit: 5 });
    assert.deepEqual(first, { items: entries.slice(0, 5), cursor: "5" });
    const second = await store.listHistory({ runId, afterVersion: 5, limit: 5 });
    assert.deepEqual(second, { items: entries.slice(5, 10), cursor: "10" });
    const last = await store.listHistory({ runId, afterVersion: 10, limit: 5 });
    assert.deepEqual(last, { items: entries.slice(10), cursor: null });
    const beyond = await store.listHistory({ runId, afterVersion: Number.MAX_SAFE_INTEGER, limit: 5 });
    assert.deepEqual(beyond, { items: [], cursor: null });
    const none = await store.listHistory({ runId: testRunId(2), afterVersion: 0, limit: 5 });
    assert.deepEqual(none, { items: [], cursor: null });
  });

  it("gives no entry of a history behind the one that reaches the bytes of its page, whatever batches it came in", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const runId = testRunId(1);
    const entries = Array.from({ length: 9 }, (_, at) =>
      makeEntry(at + 1, { data: { text: "x".repeat(1_000) } }),
    );
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [2, 8],
      [8, 9],
    ] as const) {
      await owner.commit({
        runs: [makeRun({ runId, version: to })],
        history: [{ runId, lane: 0, entries: entries.slice(from, to) }],
      });
    }
    const seen: HistoryEntry[] = [];
    for (let cursor: string | null = "0"; cursor !== null;) {
      const afterVersion = Number(cursor);
      const page = await store.listHistory({ runId, afterVersion, limit: 4, bytesMax: 3_000 });
      assert.ok(page.items.length >= 1 && page.items.length <= 3, `${page.items.length} entries`);
      seen.push(...page.items);
      cursor = page.cursor;
    }
    assert.deepEqual(seen, entries);
    const one = await store.listHistory({ runId, afterVersion: 3, limit: 4, bytesMax: 1 });
    assert.deepEqual(one, { items: entries.slice(3, 4), cursor: "4" });
  });

  it("totals what waits", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const runId = testRunId(1);
    const { nowMs } = await store.heartbeat({ engineId: "a", address: null, leaseMs: 60_000 });
    const outbox = [1, 2, 3].map((position) => ({
      lane: 0,
      position,
      runId,
      commandId: `c${position}`,
      attempt: 1,
    }));
    const timer = { lane: 0, runId, kind: "after" } as const;
    await owner.commit({
      lanes: [owner.step(0, { outboxPosition: 3, publishedPosition: 1 })],
      runs: [makeRun({ runId })],
      outbox,
      timersSet: [
        { ...timer, number: 1, dueAtMs: nowMs - 1_000 },
        { ...timer, number: 2, dueAtMs: nowMs + 600_000 },
      ],
      atMs: nowMs - 5_000,
    });
    const totals = await store.totals();
    assert.ok(totals.outboxAgeMs >= 5_000 && totals.outboxAgeMs < 60_000, String(totals.outboxAgeMs));
    assert.deepEqual(
      { ...totals, outboxAgeMs: 0 },
      {
        outboxDepth: 2,
        outboxAgeMs: 0,
        timersDue: 1,
        timers: 2,
        inbox: 0,
        deadLetters: 0,
        parkedRuns: 0,
        stuckRuns: 0,
      },
    );
  });

  it("does its upkeep at any time", async (t) => {
    const { store, owner } = await openOwned(t, open);
    await Promise.all([
      store.maintain(null),
      store.maintain(null),
      store.summarize?.(),
      store.summarize?.(),
      owner.start(makeRun({ runId: testRunId(1) })),
    ]);
    await store.maintain(null);
    await store.summarize?.();
    assert.notEqual(await store.getRun(testRunId(1)), null);
  });
}
