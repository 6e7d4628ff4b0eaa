import assert from "node:assert/strict";
import { it } from "node:test";
import type { HistoryEntry } from "../../core/history.ts";
import { childEndInboxId } from "../../core/inputs.ts";
import type { DeadLetterRow, Store } from "../../core/ports.ts";
import { toRunRow } from "../../core/run-row.ts";
import type { PendingCommand, Run, RunTimer } from "../../core/run.ts";
import { compileSchema } from "../../definition/compile-schema.ts";
import { nameId } from "../../runtime/clock.ts";
import {
  TEST_BEGIN_MS,
  makeCommand,
  makeEntry,
  makeRun,
  makeTimer,
  testRunId,
  timerRowsOf,
} from "../rows.ts";
import { findingsOf, openOwned, startEntry } from "./harness.ts";
import type { GivenWrites, OpenHarness } from "./harness.ts";

/** What the audit passes, and what it finds. A guard counts only after it failed on a planted fault. */
export function auditPromises(open: OpenHarness): void {
  it("finds nothing where everything is in order", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const [waiting, sending, ended, parked, undoing, parent, child] = [1, 2, 3, 4, 5, 6, 7].map(
      testRunId,
    ) as [string, string, string, string, string, string, string];
    const runs = [
      makeRun({ runId: waiting, timers: [makeTimer(1, TEST_BEGIN_MS + 50)], version: 2 }),
      makeRun({ runId: sending, commands: [makeCommand(`${sending}:1:0`)] }),
      makeRun({ runId: ended, outcome: "sold" }),
      makeRun({ runId: parked, parked: "rule-failed", version: 2, timers: [makeTimer(1, TEST_BEGIN_MS)] }),
      takingBack(undoing, { timers: [makeTimer(1, TEST_BEGIN_MS, { kind: "flow-deadline" })] }),
      makeRun({ runId: parent, commands: [started(parent, child)] }),
      makeRun({ runId: child, parent: { runId: parent, commandId: `${parent}:1:0`, depth: 1 } }),
    ];
    await owner.commit({
      lanes: [owner.step(0, { outboxPosition: 1 })],
      runs,
      history: runs.map((run) => ({
        runId: run.runId,
        lane: 0,
        entries: [
          startEntry(run),
          makeEntry(2, { eventId: "e", kind: run.parked === null ? "event" : "parked" }),
        ].slice(0, run.version),
      })),
      outbox: [{ lane: 0, position: 1, runId: sending, commandId: `${sending}:1:0`, attempt: 1 }],
      timersSet: timerRowsOf(runs[0] ?? assert.fail()),
      deadLetters: [deadLetter(parked, 2)],
    });
    const { runs: count, entries } = await store.audit({ quiet: false });
    assert.deepEqual([count, entries], [7, 9]);
    assert.deepEqual(await findingsOf(store, false), []);
    await store.project(runs.map(toRunRow), []);
    assert.deepEqual(await findingsOf(store, true), [
      { invariant: "I4", runId: null, message: "lane 0: 1 outbox rows are not settled" },
    ]);
  });

  const runId = testRunId(1);
  const broken: readonly [what: string, run: Partial<Run>, writes: GivenWrites, finding: RegExp][] = [
    [
      "a gap in the history",
      { version: 3 },
      { history: [{ runId, lane: 0, entries: [makeEntry(1), makeEntry(3), makeEntry(4)] }] },
      /I1 history has version 3 where 2 was expected/,
    ],
    [
      "a version that history does not explain",
      { version: 2 },
      {},
      /I1 the run is at version 2, its history has 1 entries/,
    ],
    [
      "a run in another state than its history says",
      { state: "closed" },
      {},
      /I1 the run is in state closed, its history ends in ordered/,
    ],
    ["history of no run", {}, { runs: [] }, /I1 there is history of this run, and no run/],
    [
      "a run that starts twice",
      { version: 2 },
      { history: [{ runId, lane: 0, entries: [makeEntry(1), makeEntry(2, { kind: "started" })] }] },
      /I6 entry 2 of the history is started/,
    ],
    [
      "an event that was taken in twice",
      { version: 3 },
      {
        history: [
          { runId, lane: 0, entries: [1, 2, 3].map((version) => makeEntry(version, { eventId: "e" })) },
        ],
      },
      /I6 event e was taken in again at version 2/,
    ],
    [
      "a timer that no row will fire",
      { timers: [makeTimer(1, TEST_BEGIN_MS)] },
      {},
      /I3 timer 1 \(after\) is set, and no row will fire it/,
    ],
    [
      "a timer's row with another time",
      { timers: [makeTimer(1, TEST_BEGIN_MS)] },
      { timersSet: [{ lane: 0, runId, number: 1, kind: "after", dueAtMs: TEST_BEGIN_MS + 1 }] },
      /I3 a row stands for timer 1 \(after at \d+\), which is not set/,
    ],
    [
      "a row of a timer that is not set",
      {},
      { timersSet: [{ lane: 0, runId, number: 4, kind: "after", dueAtMs: TEST_BEGIN_MS }] },
      /I3 a row stands for timer 4 \(after at \d+\), which is not set/,
    ],
    [
      "a parked run without a dead letter",
      { parked: "rule-failed" },
      {},
      /I3 the run is parked \(rule-failed\) without a dead letter/,
    ],
    [
      "a dead letter of a run that is not parked",
      {},
      { deadLetters: [deadLetter(runId, 1)] },
      /I3 the run is not parked, and 1 dead letters wait behind it/,
    ],
    [
      "a command that nobody will send",
      { commands: [makeCommand(`${runId}:1:0`, { attempt: 2 })] },
      {
        outbox: [{ lane: 0, position: 1, runId, commandId: `${runId}:1:0`, attempt: 1 }],
      },
      /I3 attempt 2 of command .* is to be sent, and no outbox row carries it/,
    ],
    [
      "a command that waits for no timer",
      { commands: [makeCommand(`${runId}:1:0`, { attempt: 2, phase: "waiting" })] },
      {},
      /I3 command .* waits for attempt 2 without a timer/,
    ],
    [
      "a run that takes steps back in another state",
      takingBack(runId, { state: "ordered" }),
      {},
      /I3 the run is in state ordered, and takes 1 steps back/,
    ],
    [
      "a run in `compensating` that takes no step back",
      { ...takingBack(runId), compensation: null, commands: [] },
      { history: compensatingHistory(runId) },
      /I3 the run is in state compensating, and takes no step back/,
    ],
    [
      "a run that takes a step back without an undo under way",
      takingBack(runId, { commands: [] }),
      { history: compensatingHistory(runId) },
      /I3 the undo under way is of none, expected that of .*:0:0/,
    ],
    [
      "an undo of another step than the newest",
      takingBack(runId, { commands: [undoOf("old")] }),
      { history: compensatingHistory(runId) },
      /I3 the undo under way is of old, expected that of .*:0:0/,
    ],
    [
      "an undo of a run that takes nothing back",
      { commands: [undoOf("old")] },
      {},
      /I3 the undo under way is of old, expected that of none/,
    ],
    [
      "a run that waits for a child that does not exist",
      { commands: [started(runId, testRunId(2))] },
      {},
      /I3 the run waits for run .*2, which does not exist/,
    ],
    [
      "a run that waits for a child that has ended",
      { commands: [started(runId, testRunId(2))] },
      withChild(runId, { outcome: "sold" }),
      /I3 the run waits for run .*2, which ended sold and told nobody/,
    ],
    [
      "a run that waits for somebody else's child",
      { commands: [started(runId, testRunId(2))] },
      withChild(runId, { parent: null }),
      /I3 the run waits for run .*2, which has another parent/,
    ],
    [
      "a run that has ended and waits all the same",
      { outcome: "sold", timers: [makeTimer(1, TEST_BEGIN_MS)] },
      {},
      /I1 the run has ended \(sold\) in state ordered, and 0 commands and 1 timers are pending, expected none/,
    ],
    [
      "a command that was issued and that the run does not wait for",
      {},
      { history: historyOf({ commands: [{ id: "c", type: "IssueTicket" }] }) },
      /I3 command c \(IssueTicket\) was issued at version 1 and has no answer, and the run does not wait for it/,
    ],
    [
      "a pending command that no entry has issued",
      { commands: [makeCommand("c", { phase: "delivered" })] },
      {},
      /I3 command c \(IssueTicket\) is pending, and the history has not issued it, or is done with it/,
    ],
    [
      "a pending command that was answered",
      { commands: [makeCommand("c", { phase: "delivered" })], version: 2, state: "closed" },
      { history: historyOf({ commands: [{ id: "c", type: "IssueTicket" }] }, { state: "closed" }) },
      /I3 command c \(IssueTicket\) is pending, and the history has not issued it, or is done with it/,
    ],
    [
      "a pending command that was issued as another",
      { commands: [makeCommand("c", { phase: "delivered" })] },
      { history: historyOf({ commands: [{ id: "c", type: "HoldSeat" }] }) },
      /I3 command c \(IssueTicket\) is pending, and the history has issued it as HoldSeat/,
    ],
    [
      "a run that its history parks, and that goes on",
      { version: 2 },
      { history: historyOf({}, { kind: "parked" }) },
      /I3 the run is not parked, and its history leaves it parked/,
    ],
    [
      "a parked run that its history lets go on",
      { parked: "rule-failed", version: 3 },
      {
        history: historyOf({}, { kind: "parked" }, { kind: "redriven" }),
        deadLetters: [deadLetter(runId, 2)],
      },
      /I3 the run is parked \(rule-failed\), and its history does not leave it parked/,
    ],
    [
      "a queued dead letter that is gone",
      { parked: "rule-failed", version: 3 },
      { history: historyOf({}, { kind: "parked" }, { kind: "queued" }), deadLetters: [deadLetter(runId, 2)] },
      /I3 what was queued behind it at version 3 is no dead letter any more, and nothing took it in/,
    ],
    [
      "a dead letter that was taken in again",
      { parked: "rule-failed", version: 4 },
      {
        history: historyOf({}, { kind: "parked" }, { kind: "redriven" }, { kind: "parked", letter: 2 }),
        deadLetters: [deadLetter(runId, 2), deadLetter(runId, 4)],
      },
      /I3 a dead letter stands for version 2, and the history leaves none of it/,
    ],
    [
      "a head of the dead letters that only waited",
      { parked: "rule-failed", version: 3 },
      {
        history: historyOf({}, { kind: "parked" }, { kind: "queued" }),
        deadLetters: [deadLetter(runId, 2), deadLetter(runId, 3)],
      },
      /I3 the dead letter of version 3 has the reason rule-failed, and its history says that it was queued/,
    ],
    [
      "an event that is not what was acknowledged",
      { version: 2 },
      { history: historyOf({}, { type: "Paid", data: { cents: 2 }, digest: 1, eventId: "e" }) },
      /I6 event e of version 2 is not what was acknowledged/,
    ],
    [
      "a start that is not what the run was started with",
      {},
      { history: historyOf({ data: { seat: "9Z" } }) },
      /I6 the data of version 1 is not what the run was started with/,
    ],
  ];
  it("finds nothing wrong with the end of a child that waits in the inbox for an engine that serves its parent", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const commandId = `${runId}:1:0`;
    const settlement = { type: "ended", outcome: "sold", data: {} } as const;
    const input = { kind: "settled", runId, commandId, attempt: 1, settlement } as const;
    const inboxAdded = [{ inboxId: childEndInboxId(commandId), lane: 0, input }];
    await owner.commit({ ...withChild(runId, { outcome: "sold" }), inboxAdded });
    assert.deepEqual(await findingsOf(store, false), []);
  });

  for (const [what, run, writes, finding] of broken) {
    it(`finds in the audit ${what}`, async (t) => {
      const { store, owner } = await openOwned(t, open);
      await owner.commit({
        lanes: [owner.step(0, { outboxPosition: writes.outbox?.length ?? 0 })],
        runs: [makeRun({ runId, ...run })],
        history: [{ runId, lane: 0, entries: [makeEntry(1)] }],
        ...writes,
      });
      await expectFinding(store, false, finding);
    });
  }

  const held: readonly [what: string, run: Partial<Run>, later: readonly Partial<HistoryEntry>[], RegExp][] =
    [
      [
        "an outcome of a run in a state that is not final",
        { outcome: "sold" },
        [],
        /I1 the run has the outcome sold, expected none in state ordered/,
      ],
      [
        "a run in a final state without its outcome",
        { state: "refunded", version: 2 },
        [{ type: "Refunded", state: "refunded" }],
        /I1 the run has no outcome, expected returned in state refunded/,
      ],
      [
        "another business state than that of the state",
        { businessState: "closed" },
        [],
        /I1 the run has the business state closed, expected open in state ordered/,
      ],
      [
        "data that breaks the schema of the run's version",
        { data: { seat: 7 } },
        [],
        /I1 the data breaks the schema of flow tickets version 1: \/seat must be string/,
      ],
      [
        "an entry that leads where no transition does",
        { state: "refunded", outcome: "returned", version: 2 },
        [{ type: "Paid", state: "refunded" }],
        /I1 version 2 of the history leads from state ordered to refunded by event \(Paid\), expected one of: issuing/,
      ],
      [
        "a state in the middle of the history that does not lead on",
        { state: "refunded", outcome: "returned", version: 3 },
        [
          { type: "Paid", state: "ordered" },
          { type: "Refunded", state: "refunded" },
        ],
        /I1 version 2 of the history leads from state ordered to ordered by event \(Paid\)/,
      ],
      [
        "an entry in a state that the flow does not have",
        { state: "lost", version: 2 },
        [{ type: "Paid", state: "lost" }],
        /I1 version 2 of the history is in state lost, which the flow does not have/,
      ],
      [
        "an answer that breaks its schema",
        { state: "refunded", outcome: "returned", version: 3 },
        [
          { type: "Paid", state: "issuing", commands: [{ id: "c", type: "IssueTicket" }] },
          { type: "Issued", commandId: "c", data: { ticket: 7 }, state: "refunded" },
        ],
        /I1 version 3 of the history has data that breaks the schema of Issued: \/ticket must be string/,
      ],
      [
        "a run that lost the timer of its state",
        { timers: [] },
        [],
        /I3 state ordered was entered at version 1 and has no timer deadline, expected it to be set/,
      ],
      [
        "a run that waits for nothing",
        { state: "issuing", version: 2, timers: [] },
        [{ type: "Paid", state: "issuing" }],
        /I3 the run waits for nothing: no command, no timer, and no event from outside leads out of state issuing/,
      ],
      [
        "a version that the run was never migrated to",
        { flowVersion: 2, version: 3, state: "refunded", outcome: "returned" },
        [
          { kind: "migrated", type: "migrate", by: "Ada" },
          { type: "Paid", state: "refunded" },
        ],
        /I1 version 3 of the history leads from state ordered to refunded by event \(Paid\)/,
      ],
    ];
  for (const [what, run, later, finding] of held) {
    it(`finds by the stored definition ${what}`, async (t) => {
      const { store, owner } = await openOwned(t, open);
      await saveTickets(store);
      await owner.commit({
        runs: [makeRun({ runId, businessState: "open", timers: [deadline()], ...run })],
        history: historyOf({}, ...later),
        timersSet: timerRowsOf(makeRun({ runId, timers: [deadline()] })),
      });
      await expectFinding(store, false, finding);
    });
  }

  it("finds nothing where a run goes as a stored version of its flow says, migrated or not", async (t) => {
    const { store, owner } = await openOwned(t, open);
    await saveTickets(store);
    const [waiting, moved] = [1, 2].map(testRunId) as [string, string];
    const issued = [{ id: "c", type: "IssueTicket" }];
    const runs = [
      makeRun({ runId: waiting, businessState: "open", timers: [deadline()], data: { seat: "9Z" } }),
      makeRun({
        runId: moved,
        state: "issuing",
        commands: [makeCommand("c", { phase: "delivered" })],
        version: 3,
        flowVersion: 2,
      }),
    ];
    await owner.commit({
      runs,
      history: [
        ...historyOf({ data: { seat: "9Z" } }),
        {
          runId: moved,
          lane: 0,
          entries: [
            makeEntry(1),
            makeEntry(2, { type: "Paid", state: "issuing", commands: issued }),
            makeEntry(3, { kind: "migrated", type: "migrate", by: "Ada", state: "issuing" }),
          ],
        },
      ],
      timersSet: timerRowsOf(runs[0] ?? assert.fail()),
    });
    assert.deepEqual(await store.audit({ quiet: false, compileSchema }), {
      runs: 2,
      entries: 4,
      findings: [],
    });
  });

  it("finds outbox rows that the lane's positions do not know", async (t) => {
    const { store, owner } = await openOwned(t, open);
    await owner.commit({
      lanes: [owner.step(1, { outboxPosition: 3 })],
      outbox: [{ lane: 1, position: 5, runId, commandId: "c", attempt: 1 }],
    });
    await expectFinding(store, false, /I4 lane 1: an outbox row has position 5, and the outbox ends at 3/);
    await expectFinding(
      store,
      false,
      /I4 lane 1: 3 outbox rows are unsettled by the positions, and 1 are stored/,
    );
  });

  it("finds in quiet what still waits or is not projected", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const runs = [1, 2].map((n) => makeRun({ runId: testRunId(n) }));
    await owner.start(...runs);
    await store.appendInbox([{ inboxId: "i", lane: 2, input: { kind: "timer", runId, number: 1 } }]);
    assert.deepEqual(await findingsOf(store, false), []);
    await expectFinding(store, true, /I4 the run is not in the search projection/);
    await expectFinding(store, true, /I4 lane 2: 1 inbox rows were not taken in/);
  });

  it("lets the projection lag while runs move, and finds what it shows wrongly of a run's own version", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const run = makeRun({ runId });
    await owner.start(run);
    await store.project([toRunRow(run)], []);
    const moved = { ...run, version: 2 };
    await owner.commit({
      runs: [moved],
      history: [{ runId, lane: 0, entries: [makeEntry(2, { kind: "unexpected" })] }],
    });
    assert.deepEqual(await findingsOf(store, false), []);
    await expectFinding(store, true, /I4 runs and run_search differ in version/);
    await store.project([{ ...toRunRow(moved), state: "closed", updatedAtMs: 1 }], []);
    await expectFinding(store, false, /I4 runs and run_search differ in state, updatedAtMs/);
  });

  it("finds once a version that runs have and that nobody has stored", async (t) => {
    const { store, owner } = await openOwned(t, open);
    await owner.start(
      ...[1, 2, 3].map((n) => makeRun({ runId: testRunId(n), flowVersion: n === 3 ? 2 : 1 })),
    );
    const { findings } = await store.audit({ quiet: false });
    assert.deepEqual(
      findings.map(({ invariant, runId: id, message }) => [invariant, id, message.slice(0, 50)]),
      [1, 2].map((version) => [
        "I1",
        testRunId(version === 1 ? 1 : 3),
        `flow_versions has no row of flow tickets version ${version}`,
      ]),
    );
  });

  it("finds a run whose id is not that of its flow and its key", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const ids = ["key\ntickets\norder-7", "idempotency-key\ntickets\nform-1"].map(nameId) as [string, string];
    const good = [
      makeRun({ runId: ids[0], key: "order-7" }),
      makeRun({ runId: ids[1], startId: "form-1" }),
      makeRun({ runId: testRunId(1) }),
    ];
    const bad = [
      makeRun({ runId: nameId("key\ntickets\norder-8"), key: "order-9" }),
      makeRun({ runId: nameId("key\npurchase\norder-9"), key: "order-9" }),
      makeRun({ runId: nameId("key\ntickets\norder-9") }),
      makeRun({ runId: testRunId(2), key: "order-9" }),
    ];
    await owner.start(...good, ...bad);
    const { findings } = await store.audit({ quiet: false, nameId });
    const told = findings.filter(({ message }) =>
      message.startsWith("the id of the run is not that of flow tickets"),
    );
    assert.deepEqual(new Set(told.map(({ runId }) => runId)), new Set(bad.map(({ runId }) => runId)));
    assert.equal(told.length, bad.length);
    assert.ok(told.every(({ invariant }) => invariant === "I6"));
  });

  it("finds times of a run that are not those of its history", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const [bornMs, movedMs] = [TEST_BEGIN_MS, TEST_BEGIN_MS + 1_000];
    const moved = {
      version: 2,
      state: "closed",
      outcome: "sold",
      enteredAtMs: movedMs,
      updatedAtMs: movedMs,
    };
    const wrong: readonly Partial<Run>[] = [{}, { enteredAtMs: bornMs }, { updatedAtMs: movedMs + 1 }];
    const runs = wrong.map((run, n) => makeRun({ runId: testRunId(n + 1), ...moved, ...run }));
    const entries = [makeEntry(1, { atMs: bornMs }), makeEntry(2, { atMs: movedMs, state: "closed" })];
    await owner.commit({
      runs,
      history: runs.map((run) => ({ runId: run.runId, lane: 0, entries })),
      atMs: movedMs,
    });
    assert.deepEqual(
      (await findingsOf(store, false)).map((finding) => [finding.runId, finding.message.slice(0, 25)]),
      [
        [testRunId(2), "column entered_at of runs"],
        [testRunId(3), "column updated_at of runs"],
      ],
    );
  });
}

/** A history of the first run: how it starts, and what follows. */
function historyOf(
  start: Partial<HistoryEntry>,
  ...later: readonly Partial<HistoryEntry>[]
): NonNullable<GivenWrites["history"]> {
  const entries = [makeEntry(1, start), ...later.map((entry, at) => makeEntry(at + 2, entry))];
  return [{ runId: testRunId(1), lane: 0, entries }];
}

function deadline(): RunTimer {
  return { number: 1, kind: "deadline", dueAtMs: TEST_BEGIN_MS + 50 };
}

/** Two versions of the flow of all these runs, as a store keeps them. */
async function saveTickets(store: Store): Promise<void> {
  const ticket = { type: "object", properties: { ticket: { type: "string" } } };
  const definition = {
    name: "tickets",
    data: { type: "object", properties: { seat: { type: "string" } } },
    events: { Paid: {}, Refunded: {}, Issued: ticket },
    commands: { IssueTicket: { channel: "tickets", answers: ["Issued"] } },
    initial: "ordered",
    states: {
      ordered: {
        businessState: "open",
        deadline: { delay: "50ms", target: "refunded" },
        on: { Paid: "issuing", Refunded: "refunded" },
      },
      // A guard and an update in code are stored as text, and never called.
      issuing: {
        send: { IssueTicket: { $function: "(data) => data" } },
        on: { Issued: { target: "refunded", guard: { $function: "() => true" } } },
      },
      refunded: { final: "returned" },
    },
  };
  await store.saveFlowVersions(
    [1, 2].map((version) => ({
      flow: "tickets",
      version,
      hash: `tickets ${version}`,
      definition: { ...definition, version },
    })),
  );
}

/** A run that takes its only step back. */
function takingBack(runId: string, more: Partial<Run> = {}): Run {
  const commandId = `${runId}:0:0`;
  const undo = { type: "ReleaseSeat", channel: "air", data: {} };
  const steps = [{ state: "holding", command: "HoldSeat", commandId, undo }];
  return makeRun({
    runId,
    state: "compensating",
    compensation: { target: "sorry", steps },
    commands: [undoOf(commandId)],
    ...more,
  });
}

function undoOf(commandId: string): PendingCommand {
  return makeCommand(`undo of ${commandId}`, { purpose: "undo", phase: "delivered", undoes: commandId });
}

function compensatingHistory(runId: string): NonNullable<GivenWrites["history"]> {
  return [{ runId, lane: 0, entries: [makeEntry(1, { state: "compensating" })] }];
}

/** The command that has started a child. */
function started(runId: string, childId: string): PendingCommand {
  return makeCommand(`${runId}:1:0`, { channel: "$flow", phase: "delivered", childId });
}

/** A run that waits for its child, and the child. */
function withChild(runId: string, child: Partial<Run>): GivenWrites {
  const childId = testRunId(2);
  const parent = { runId, commandId: `${runId}:1:0`, depth: 1 };
  return {
    runs: [
      makeRun({ runId, commands: [started(runId, childId)] }),
      makeRun({ runId: childId, parent, ...child }),
    ],
    history: [
      { runId, lane: 0, entries: [startEntry(makeRun({ runId, commands: [started(runId, childId)] }))] },
      { runId: childId, lane: 0, entries: [makeEntry(1)] },
    ],
  };
}

function deadLetter(runId: string, version: number): DeadLetterRow {
  return {
    runId,
    lane: 0,
    version,
    reason: "rule-failed",
    state: "ordered",
    input: { kind: "timer", runId, number: 1 },
    error: null,
    atMs: TEST_BEGIN_MS,
  };
}

async function expectFinding(store: Store, quiet: boolean, pattern: RegExp): Promise<void> {
  const { findings } = await store.audit({ quiet, compileSchema });
  const told = findings.map(({ invariant, message }) => `${invariant} ${message}`);
  assert.ok(
    told.some((finding) => pattern.test(finding)),
    `no finding like ${String(pattern)} among:\n${told.join("\n")}`,
  );
}
