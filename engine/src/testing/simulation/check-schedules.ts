/**
 * What the clock starts, judged by the calendar and by what was saved of each schedule. That a run begins only once follows from its id.
 */
import { nameId } from "../../runtime/clock.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import type { CommitLog } from "./commit-log.ts";
import type { Coverage } from "./coverage.ts";
import type { FinishedRun, FinishedRuns } from "./finished-run.ts";
import { DUE_FIELD } from "./flow-palette.ts";
import type { GeneratedFlow, GeneratedSchedule } from "./generate-flow.ts";
import type { Report } from "./violation.ts";

/** What is to become of a due time; `may`: that depends on when somebody looked. */
type Fate = "begins" | "may begin" | "is passed over";

interface DueTime {
  readonly flow: string;
  readonly schedule: GeneratedSchedule;
  readonly atMs: number;
  readonly key: string;
  readonly fate: Fate;
}

export interface ScheduleWitness {
  readonly database: MemoryDatabase;
  readonly log: CommitLog;
  /** Before which no engine ran. */
  readonly beginMs: number;
}

/** A time this long ago was missed; a younger one is served late. */
const MISSED_MS = 60_000;
const KEY = "schedule:";

/** Schedules that are not over: times that nobody has looked at, and runs that have to begin and have not. */
export function scheduleUnrest(flows: readonly GeneratedFlow[], witness: ScheduleWitness): readonly string[] {
  const { database, log } = witness;
  return listDue(flows, witness).flatMap(({ flow, atMs, key, fate }) => {
    if (!(log.served.get(flow) ?? []).some(({ untilMs }) => untilMs >= atMs))
      return [`nobody has looked at the schedule of ${flow} since ${key} was due`];
    if (fate !== "begins" || database.runs.has(nameId(`key\n${flow}\n${key}`))) return [];
    return [`the run of ${flow} has not begun: ${key}`];
  });
}

/** I6: nothing begins by the clock that was not due or was to be passed over, and each run begins with what its schedule gives it. */
export function checkSchedules(
  flows: readonly GeneratedFlow[],
  { runs, report, ...witness }: ScheduleWitness & { readonly runs: FinishedRuns; readonly report: Report },
): void {
  const due = new Map(listDue(flows, witness).map((time) => [nameOf(time.flow, time.key), time]));
  for (const { run, entries } of scheduledOf(runs)) {
    const name = nameOf(run.flow, run.key ?? "");
    const time = due.get(name);
    if (time === undefined) report("I6", `run ${name} was begun by the clock, and was not due`);
    else if (time.fate === "is passed over") report("I6", `run ${name} was begun, and was to be passed over`);
    else checkData(name, time, entries[0]?.data, report);
  }
}

function checkData(name: string, { schedule, atMs }: DueTime, found: unknown, report: Report): void {
  const { data, dueField } = schedule.definition;
  const told = dueField === undefined ? {} : { [dueField]: new Date(atMs).toISOString() };
  const expected = JSON.stringify({ ...data, ...told });
  if (JSON.stringify(found) !== expected)
    report("I6", `run ${name} began with ${JSON.stringify(found)}, expected ${expected}`);
}

export function coverSchedules(
  flows: readonly GeneratedFlow[],
  {
    runs,
    coverage,
    ...witness
  }: ScheduleWitness & { readonly runs: FinishedRuns; readonly coverage: Coverage },
): void {
  const begun = new Set([...scheduledOf(runs)].map(({ run }) => nameOf(run.flow, run.key ?? "")));
  for (const { flow, schedule, atMs, key } of listDue(flows, witness)) {
    const isMissed = atMs <= witness.beginMs - MISSED_MS;
    if (!begun.has(nameOf(flow, key))) {
      if (isMissed) coverage.count("missed run passed over");
      continue;
    }
    coverage.count("run scheduled");
    if (isMissed) coverage.count("missed run made up for");
    if (schedule.definition.timeZone !== undefined) coverage.count("run scheduled in another time zone");
    if (schedule.definition.dueField === DUE_FIELD) coverage.count("run told its due time");
  }
}

function* scheduledOf(runs: FinishedRuns): Generator<FinishedRun> {
  for (const finished of runs.values()) if (finished.run.key?.startsWith(KEY) === true) yield finished;
}

function nameOf(flow: string, key: string): string {
  return `${key} of ${flow}`;
}

/** The times that have come since each schedule was known. */
function listDue(flows: readonly GeneratedFlow[], witness: ScheduleWitness): readonly DueTime[] {
  const nowMs = witness.database.nowMs();
  return flows.flatMap(({ name: flow, schedule }) => {
    if (schedule === undefined) return [];
    const sinceMs = schedule.servedUntilMs ?? witness.log.served.get(flow)?.[0]?.untilMs ?? nowMs;
    const due = schedule.dueAtMs.filter((atMs) => atMs > sinceMs && atMs <= nowMs);
    return due.map((atMs) => ({
      flow,
      schedule,
      atMs,
      key: `${KEY}${new Date(atMs).toISOString()}`,
      fate: fateOf(atMs, due, schedule, flow, witness),
    }));
  });
}

function fateOf(
  atMs: number,
  due: readonly number[],
  { definition: { catchUp = "last" } }: GeneratedSchedule,
  flow: string,
  { log, beginMs }: ScheduleWitness,
): Fate {
  if (catchUp === "all") return "begins";
  const served = log.served.get(flow)?.find(({ untilMs }) => untilMs >= atMs);
  // Whoever saved it had looked before, and it was younger then.
  if (served !== undefined && atMs > served.savedAtMs - MISSED_MS) return "begins";
  const isNewest = atMs === served?.untilMs;
  if (catchUp === "last" && isNewest) return "begins";
  const missed = due.filter((each) => each <= beginMs - MISSED_MS);
  if (!missed.includes(atMs)) return "may begin";
  return catchUp === "last" && atMs === missed.at(-1) ? "may begin" : "is passed over";
}
