import assert from "node:assert/strict";
import { it } from "node:test";
import type { LaneInput } from "../../core/inputs.ts";
import type { HistoryKind } from "../../core/history.ts";
import type { DeadLetterRow } from "../../core/ports.ts";
import type { Run, Step } from "../../core/run.ts";
import { hasCode } from "../../core/errors.ts";
import { unreadableOf } from "../../core/unreadable.ts";
import {
  AWKWARD_DATA,
  TEST_BEGIN_MS,
  makeCommand,
  makeDeadLetter,
  makeEntry,
  makeRun,
  makeTimer,
  testRunId,
} from "../rows.ts";
import { TestOwner, openOwned } from "./harness.ts";
import type { OpenHarness } from "./harness.ts";

/** What one batch writes, reads and undoes. */
export function batchPromises(open: OpenHarness): void {
  it("commits all of a batch", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const runId = testRunId(1);
    const timer = makeTimer(1, TEST_BEGIN_MS + 5_000);
    const input: LaneInput = { kind: "event", runId, id: "e1", type: "Paid", data: AWKWARD_DATA };
    const run = makeRun({
      runId,
      key: "order-1",
      lane: 3,
      version: 2,
      state: "paying",
      businessState: "open",
      parked: "rule-failed",
      data: AWKWARD_DATA,
      commands: [makeCommand(`${runId}:1:0`, { data: AWKWARD_DATA, phase: "waiting", attempt: 2 })],
      timers: [timer],
      timerCount: 9,
      startId: "start-1",
      startDigest: 2 ** 53 - 1,
      createdAtMs: TEST_BEGIN_MS + 1,
      enteredAtMs: TEST_BEGIN_MS + 2.0,
      updatedAtMs: TEST_BEGIN_MS + 999,
    });
    const entries = [
      makeEntry(1, { data: AWKWARD_DATA }),
      makeEntry(2, { eventId: "e1", digest: 2 ** 53 - 2 }),
    ];
    const deadLetter = {
      runId,
      lane: 3,
      version: 2,
      reason: "rule-failed",
      state: "paying",
      input,
      error: { code: "FLOW_RULE_FAILED", kind: "bug", message: "\ud800 \u0000", stack: "at a\n  at b" },
      atMs: TEST_BEGIN_MS + 7,
    } as const;
    const timerRow = { lane: 3, runId, number: 1, dueAtMs: timer.dueAtMs, kind: "after" } as const;
    await store.appendInbox([{ inboxId: "in-1", lane: 3, input }]);
    await owner.commit({
      lanes: [owner.step(3, { outboxPosition: 1 })],
      runs: [run],
      history: [{ runId, lane: 3, entries }],
      outbox: [{ lane: 3, position: 1, runId, commandId: `${runId}:1:0`, attempt: 2 }],
      timersSet: [timerRow],
      deadLetters: [deadLetter],
      inboxTaken: ["in-1"],
    });

    assert.deepEqual(await store.getRun(runId), run);
    assert.deepEqual(await store.getRuns([runId, testRunId(2)]), [run]);
    assert.deepEqual(await store.listHistory({ runId, afterVersion: 0, limit: 10 }), {
      items: entries,
      cursor: null,
    });
    const dueBeforeMs = timer.dueAtMs + 1;
    const { flow, flowVersion, state } = run;
    assert.deepEqual(await store.listTimers({ lanes: [3], dueBeforeMs, limit: 10 }), [
      { ...timerRow, flow, flowVersion, state },
    ]);
    assert.deepEqual((await store.listDeadLetters({ runId, limit: 10 })).items, [deadLetter]);
    assert.deepEqual(await store.listInbox([3], 10), []);
    const lane = (await store.listLanes())[3];
    assert.equal(lane?.batchNumber, 1);
    assert.equal(lane?.outboxPosition, 1);
  });

  it("writes a run again over its former version", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const runId = testRunId(1);
    const started = makeRun({ runId, key: "k", timers: [makeTimer(1, TEST_BEGIN_MS)] });
    await owner.start(started);
    const ended = makeRun({
      ...started,
      version: 2,
      state: "closed",
      outcome: "sold",
      data: { n: 2 },
      timers: [],
      enteredAtMs: TEST_BEGIN_MS + 10,
      updatedAtMs: TEST_BEGIN_MS + 10,
    });
    await owner.commit({
      runs: [ended],
      history: [{ runId, lane: 0, entries: [makeEntry(2, { state: "closed" })] }],
      timersCleared: [{ lane: 0, runId, number: 1, dueAtMs: TEST_BEGIN_MS, kind: "after" }],
    });
    assert.deepEqual(await store.getRun(runId), ended);
    assert.deepEqual(await store.listTimers({ lanes: [0], dueBeforeMs: TEST_BEGIN_MS + 1, limit: 1 }), []);
  });

  it("keeps what a run may have to take back, how far that is, and which run has started it", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const runId = testRunId(1);
    const undo = { type: "ReleaseSeat", channel: "air", data: AWKWARD_DATA };
    const [done, undone] = [1, 2].map((version) => ({
      state: "holding",
      command: "HoldSeat",
      commandId: `${runId}:${version}:0`,
      undo,
    })) as [Step, Step];
    const compensating = makeRun({
      runId,
      version: 4,
      state: "compensating",
      commands: [
        makeCommand(`${runId}:4:0`, {
          ...undo,
          purpose: "undo",
          undoes: undone.commandId,
          attempt: 3,
          attemptsForgiven: 2,
          isCarriedOut: true,
        }),
      ],
      steps: [done],
      compensation: { target: "sorry", steps: [undone] },
      parent: { runId: testRunId(2), commandId: `${testRunId(2)}:1:7`, depth: 3 },
    });
    const waiting = makeRun({
      runId: testRunId(2),
      commands: [
        makeCommand(`${testRunId(2)}:1:7`, { channel: "$flow", phase: "delivered", childId: runId }),
      ],
    });
    await owner.start(compensating, waiting);
    assert.deepEqual(await store.getRun(runId), compensating);
    assert.deepEqual(await store.getRun(waiting.runId), waiting);
    const loaded = await owner.writer.openBatch().loadRuns([runId]);
    assert.deepEqual(loaded[0]?.run, compensating);
  });

  it("keeps the trace that a run is part of, and none for a run that nobody traces", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const trace = {
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      tracestate: "a=1",
    };
    const [traced, untraced] = [
      makeRun({ runId: testRunId(1), trace }),
      makeRun({ runId: testRunId(2) }),
    ] as const;
    await owner.start(traced, untraced);
    assert.deepEqual(await store.getRun(traced.runId), traced);
    assert.deepEqual(await store.getRun(untraced.runId), untraced);
    const input: LaneInput = { kind: "event", runId: traced.runId, id: "e1", type: "Paid", data: {}, trace };
    await store.appendInbox([{ inboxId: "in-1", lane: traced.lane, input }]);
    assert.deepEqual((await store.listInbox([traced.lane], 10))[0]?.input, input);
  });

  it("keeps a batch of a thousand runs of a kilobyte", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const runs = Array.from({ length: 1_000 }, (_, n) =>
      makeRun({ runId: testRunId(n), lane: n % 4, data: { n, text: `"${"ü\\".repeat(500)}` } }),
    );
    await owner.start(...runs);
    const stored = new Map(
      (await store.getRuns(runs.map(({ runId }) => runId))).map((run) => [run.runId, run]),
    );
    for (const run of runs) assert.deepEqual(stored.get(run.runId), run);
  });

  it("refuses a batch of an owner who lost one of its lanes, and writes nothing of it", async (t) => {
    const { harness, store, owner } = await openOwned(t, open);
    const runs = [makeRun({ runId: testRunId(1), lane: 0 }), makeRun({ runId: testRunId(2), lane: 1 })];
    const late = owner.writes({
      runs,
      history: runs.map(({ runId, lane }) => ({ runId, lane, entries: [makeEntry(1)] })),
      timersSet: [{ lane: 0, runId: testRunId(1), number: 1, dueAtMs: TEST_BEGIN_MS, kind: "after" }],
    });
    await store.leaveLanes("a", [{ laneId: 1, epoch: 1 }]);
    const b = await TestOwner.open(await harness.openStore("b"), "b");
    await b.claim([1]);
    const batch = owner.writer.openBatch();
    await batch.withTransaction((transaction) => harness.increment(transaction, "hot", 1));
    await assert.rejects(batch.commit(late), { code: "FLOW_LANE_LOST", fields: { lanes: [1] } });

    assert.deepEqual(await store.getRuns([testRunId(1), testRunId(2)]), []);
    assert.deepEqual((await store.listHistory({ runId: testRunId(1), afterVersion: 0, limit: 1 })).items, []);
    assert.deepEqual(await store.listTimers({ lanes: [0], dueBeforeMs: TEST_BEGIN_MS + 1, limit: 1 }), []);
    assert.equal(await harness.readCounter("hot"), 0);
    const [kept] = await store.listLanes();
    assert.equal(kept?.batchNumber, 0);
    await owner.start(makeRun({ runId: testRunId(3), lane: 0 }));
  });

  it("refuses a replayed batch number", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const first = owner.writes({ lanes: [owner.step(0), owner.step(1)] });
    await owner.writer.openBatch().commit(first);
    await assert.rejects(owner.writer.openBatch().commit(first), {
      code: "FLOW_LANE_LOST",
      fields: { lanes: [0, 1] },
    });
    assert.deepEqual((await store.listLanes()).map(({ batchNumber }) => batchNumber).slice(0, 2), [1, 1]);
  });

  it("refuses rows of a lane that the batch does not move", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const writes = owner.writes({
      lanes: [owner.step(0)],
      runs: [makeRun({ runId: testRunId(1), lane: 1 })],
    });
    await assert.rejects(owner.writer.openBatch().commit(writes), { code: "FLOW_UNEXPECTED" });
    assert.equal(await store.getRun(testRunId(1)), null);
  });

  it("answers seen event ids after a reload", async (t) => {
    const { owner } = await openOwned(t, open);
    const runId = testRunId(1);
    const other = testRunId(2);
    await owner.start(makeRun({ runId }), makeRun({ runId: other }));
    const kinds = ["event", "unexpected", "queued", "parked", "event"] as const satisfies HistoryKind[];
    const entries = kinds.map((kind, at) =>
      makeEntry(at + 2, {
        kind,
        eventId: `e${at} "\\ ä`,
        digest: 2 ** 53 - 1 - at,
        atMs: TEST_BEGIN_MS + at,
      }),
    );
    const run = makeRun({ runId, version: 6, updatedAtMs: TEST_BEGIN_MS + 4 });
    await owner.commit({ runs: [run], history: [{ runId, lane: 0, entries: entries.slice(0, 3) }] });
    const others = [
      makeEntry(7, { kind: "timer" }),
      makeEntry(8, { kind: "refused", eventId: "may come again" }),
    ];
    await owner.commit({
      runs: [run],
      history: [{ runId, lane: 0, entries: [...entries.slice(3), ...others] }],
    });

    const batch = owner.writer.openBatch();
    const loaded = await batch.loadRuns([runId, other, testRunId(3), runId]);
    await batch.rollback();
    assert.equal(loaded.length, 2);
    const [one, two] = [...loaded].sort((a, b) => (a.run.runId < b.run.runId ? -1 : 1));
    assert.deepEqual(one?.run, run);
    assert.equal(two?.seen.size, 0);
    assert.deepEqual(
      [...(one?.seen ?? [])],
      (["applied", "unexpected", "queued", "parked", "applied"] as const).map((outcome, at) => [
        `e${at} "\\ ä`,
        { version: at + 2, digest: 2 ** 53 - 1 - at, outcome },
      ]),
    );
  });

  it("names the runs whose rows nobody can read, and reads others in the same batch", async (t) => {
    const { harness, store, owner } = await openOwned(t, open);
    const [first, good, third] = [1, 2, 3].map((n) => makeRun({ runId: testRunId(n) })) as [Run, Run, Run];
    await owner.start(first, good, third);
    for (const { runId } of [first, third]) await harness.spoil(runId);
    const ids = [first, good, third].map(({ runId }) => runId);
    const batch = owner.writer.openBatch();
    for (const read of [batch.loadRuns.bind(batch), store.getRuns]) {
      const error = await read(ids).then(
        () => assert.fail("it was read"),
        (thrown: unknown) => thrown,
      );
      assert.ok(hasCode(error, "FLOW_UNREADABLE"), String(error));
      assert.deepEqual(
        unreadableOf(error)
          .map(({ id }) => id)
          .toSorted(),
        [first.runId, third.runId],
      );
    }
    assert.deepEqual(
      (await batch.loadRuns([good.runId])).map(({ run }) => run),
      [good],
    );
    await batch.commit(owner.writes({ lanes: [owner.step(0)] }));
    await assert.rejects(store.getRun(first.runId), { code: "FLOW_UNREADABLE" });
  });

  it("brings in the dead letters of the asked runs, each run's in order", async (t) => {
    const { owner } = await openOwned(t, open);
    const [first, second, third] = [1, 2, 3].map((n) =>
      [2, 3, 10].map((version) => makeDeadLetter(testRunId(n), version)),
    ) as [DeadLetterRow[], DeadLetterRow[], DeadLetterRow[]];
    const deadLetters = [...third, ...second, ...first].toReversed();
    await owner.commit({ lanes: [owner.step(0)], deadLetters });
    const batch = owner.writer.openBatch();
    const loaded = Map.groupBy(
      await batch.loadDeadLetters([testRunId(3), testRunId(1), testRunId(9)]),
      ({ runId }) => runId,
    );
    assert.deepEqual([loaded.size, loaded.get(testRunId(1)), loaded.get(testRunId(3))], [2, first, third]);
    assert.deepEqual(await batch.loadDeadLetters([]), []);
    await batch.rollback();
  });

  it("takes dead letters away with the batch that takes them in, and keeps those it makes", async (t) => {
    const { harness, store, owner } = await openOwned(t, open);
    const runId = testRunId(1);
    const stored = [2, 3].map((version) => makeDeadLetter(runId, version));
    const other = makeDeadLetter(testRunId(2), 2);
    await owner.commit({ lanes: [owner.step(0)], deadLetters: [...stored, other] });
    const made = makeDeadLetter(runId, 5);
    const writes = { lanes: [owner.step(0)], deadLettersTaken: stored, deadLetters: [made] };
    const list = async () => (await store.listDeadLetters({ limit: 10 })).items;
    const batch = owner.writer.openBatch();
    assert.deepEqual(await batch.loadDeadLetters([runId]), stored);
    await batch.withTransaction((transaction) => harness.increment(transaction, "redriven", 1));
    await batch.rollback();
    assert.deepEqual(await list(), [...stored, other], "nothing of a batch that is rolled back");
    await owner.commit(writes);
    assert.deepEqual(await list(), [made, other]);
    await assert.rejects(
      owner.writer.openBatch().commit(owner.writes({ ...writes, deadLettersTaken: [made] })),
      {
        code: "FLOW_LANE_LOST",
      },
    );
    assert.deepEqual(await list(), [made, other], "nor of one whose lane has moved on");
    await owner.commit({ lanes: [owner.step(0)], deadLettersTaken: [...stored, made] });
    assert.deepEqual(await list(), [other]);
  });

  it("shows a batch nothing that was not committed before", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const batch = owner.writer.openBatch();
    assert.deepEqual(await batch.loadRuns([testRunId(1)]), []);
    assert.deepEqual(await batch.loadRuns([]), []);
    await batch.rollback();
    await batch.rollback();
    assert.equal(await store.getRun(testRunId(1)), null);
    await owner.start(makeRun({ runId: testRunId(1) }));
  });

  it("commits a participant's effect with the batch, and with it alone", async (t) => {
    const { harness, owner } = await openOwned(t, open);
    const batch = owner.writer.openBatch();
    await batch.loadRuns([testRunId(1)]);
    const answer = await batch.withTransaction(async (transaction) => {
      await harness.increment(transaction, "sold", 2);
      return "done";
    });
    assert.equal(answer, "done");
    assert.equal(await harness.readCounter("sold"), 0);
    await batch.withTransaction((transaction) => harness.increment(transaction, "sold", 3));
    await batch.commit(owner.writes({ lanes: [owner.step(0)] }));
    assert.equal(await harness.readCounter("sold"), 5);
  });

  it("undoes what a participant did before it threw, and nothing else", async (t) => {
    const { harness, owner } = await openOwned(t, open);
    const batch = owner.writer.openBatch();
    await batch.withTransaction((transaction) => harness.increment(transaction, "sold", 1));
    await assert.rejects(
      batch.withTransaction(async (transaction) => {
        await harness.increment(transaction, "sold", 10);
        throw new Error("sold out");
      }),
      /sold out/,
    );
    await batch.withTransaction((transaction) => harness.increment(transaction, "sold", 100));
    await batch.commit(owner.writes({ lanes: [owner.step(0)] }));
    assert.equal(await harness.readCounter("sold"), 101);
  });

  it("refuses a transaction that is used after its call has ended", async (t) => {
    const { harness, owner } = await openOwned(t, open);
    const batch = owner.writer.openBatch();
    let late: unknown;
    await assert.rejects(
      batch.withTransaction((transaction) => {
        late = transaction;
        return Promise.reject(new Error("too slow"));
      }),
      /too slow/,
    );
    await assert.rejects(async () => harness.increment(late, "sold", 1), { code: "FLOW_HANDLER_TIMEOUT" });
    await batch.commit(owner.writes({ lanes: [owner.step(0)] }));
    assert.equal(await harness.readCounter("sold"), 0);
  });

  it("leaves nothing of a batch that is rolled back", async (t) => {
    const { harness, owner } = await openOwned(t, open);
    const batch = owner.writer.openBatch();
    await batch.withTransaction((transaction) => harness.increment(transaction, "sold", 1));
    await batch.rollback();
    assert.equal(await harness.readCounter("sold"), 0);
    await assert.rejects(batch.commit(owner.writes({ lanes: [owner.step(0)] })), { code: "FLOW_UNEXPECTED" });
    await owner.commit({ lanes: [owner.step(0)] });
  });
}
