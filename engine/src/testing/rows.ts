/** Rows for tests: complete, with only what a test is about spelled out. */
import type { JsonObject } from "@sluice/contracts/envelope";
import { digest } from "../core/digest.ts";
import type { HistoryEntry } from "../core/history.ts";
import type { DeadLetterRow, TimerRow } from "../core/ports.ts";
import type { PendingCommand, Run, RunTimer } from "../core/run.ts";

/** A time that tests begin at: the clock of a memory store, and the birth of their runs. */
export const TEST_BEGIN_MS = Date.UTC(2026, 5, 1, 12);

/** The n-th run id: ids of a test are readable and grow with n. */
export function testRunId(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;
}

/** A run as it is right after its start. `data` decides `dataText`. */
export function makeRun({ data = {}, ...run }: Partial<Omit<Run, "dataText">> & Pick<Run, "runId">): Run {
  const dataText = JSON.stringify(data);
  return {
    flow: "tickets",
    flowVersion: 1,
    key: null,
    lane: 0,
    version: 1,
    state: "ordered",
    businessState: null,
    outcome: null,
    parked: null,
    commands: [],
    timers: [],
    timerCount: run.timers?.length ?? 0,
    steps: [],
    compensation: null,
    parent: null,
    startId: null,
    startDigest: digest(dataText),
    createdAtMs: TEST_BEGIN_MS,
    enteredAtMs: TEST_BEGIN_MS,
    updatedAtMs: TEST_BEGIN_MS,
    ...run,
    data,
    dataText,
  };
}

/** The entry of a version: the start for version 1, an event for any other. */
export function makeEntry(version: number, entry: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    version,
    atMs: TEST_BEGIN_MS,
    kind: version === 1 ? "started" : "event",
    state: "ordered",
    ...entry,
  };
}

export function makeCommand(id: string, command: Partial<PendingCommand> = {}): PendingCommand {
  return {
    id,
    type: "IssueTicket",
    channel: "tickets",
    data: {},
    attempt: 1,
    phase: "sending",
    purpose: "do",
    ...command,
  };
}

export function makeTimer(number: number, dueAtMs: number, timer: Partial<RunTimer> = {}): RunTimer {
  return { number, kind: "after", dueAtMs, index: 0, ...timer };
}

/** An event that became a dead letter at this version: the head at version 2, later ones wait behind it. */
export function makeDeadLetter(runId: string, version: number): DeadLetterRow {
  const isHead = version === 2;
  return {
    runId,
    lane: 0,
    version,
    reason: isHead ? "rule-failed" : null,
    state: "ordered",
    input: { kind: "event", runId, id: `e${version}`, type: "Paid", data: AWKWARD_DATA },
    error: isHead ? { code: "FLOW_RULE_FAILED", kind: "bug", message: "rule is broken" } : null,
    atMs: TEST_BEGIN_MS + version,
  };
}

/** The rows of a run's timers. */
export function timerRowsOf(run: Run): TimerRow[] {
  return run.timers.map(({ number, kind, dueAtMs }) => ({
    lane: run.lane,
    runId: run.runId,
    number,
    kind,
    dueAtMs,
  }));
}

/** Data whose text is easily spoilt on its way through a database: quotes, controls, lone surrogates, separators. */
export const AWKWARD_DATA: JsonObject = {
  quotes: `"'\\\\'"`,
  controls: "\u0000\u0001\n\r\t\u001f\u007f",
  surrogates: "\ud800 \udc00 \ud83d\ude00",
  separators: "a,b;{c}\u2028\u2029NULL",
  'key "\\ \ud800': { nested: [null, true, -0.1, 1e21, 9007199254740991, ""] },
};
