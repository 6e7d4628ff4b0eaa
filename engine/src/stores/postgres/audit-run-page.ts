import type { Fragment, Sql } from "postgres";
import { RunAudit, auditOrphan, auditProjected, listChildIds } from "../../core/audit.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { AuditFinding, DeadLetterRow, RunRow } from "../../core/ports.ts";
import { activeTimers } from "../../core/run.ts";
import type { Run, RunTimer } from "../../core/run.ts";
import { plains } from "./columns.ts";
import { fromStoredRun, runColumns, runRowColumns } from "./run-columns.ts";
import type { StoredRun } from "./run-columns.ts";
import type { PostgresSession } from "./session.ts";

/** Runs per page, and history rows that are held at once. */
const RUNS_MAX = 500;
const HISTORY_ROWS_MAX = 200;

export interface RunPage {
  readonly runs: number;
  readonly entries: number;
  readonly findings: readonly AuditFinding[];
  /** Opens the next page; null on the last. */
  readonly lastRunId: string | null;
}

/** Audits the runs behind an id. A page covers a range of ids, so that rows of runs that do not exist are found as well. */
export async function auditRunPage(
  session: PostgresSession,
  after: string | null,
  quiet: boolean,
): Promise<RunPage> {
  const { sql } = session;
  const rows = await session.run(sql<StoredRun[]>`
    select ${runColumns(sql)} from runs r where true ${inRange(sql, after, null)} order by r.run_id limit ${RUNS_MAX}`);
  const runs = new Map(rows.map((row) => [row.runId, fromStoredRun(row)]));
  const lastRunId = rows.length < RUNS_MAX ? null : (rows.at(-1)?.runId ?? null);
  const range = inRange(sql, after, lastRunId);

  const orphans = new Orphans(runs);
  const audits = new Map([...runs].map(([runId, run]) => [runId, new RunAudit(run)]));
  const entries = await readHistory(session, range, audits, orphans);
  const deadLetters = await readDeadLetters(session, range, orphans);
  const timers = await readTimers(session, [...runs.values()]);
  const attempts = await readAttempts(session, [...runs.values()]);
  const children = await readChildren(session, [...runs.values()]);
  const findings = [...audits.values()].flatMap((runAudit) =>
    runAudit.finish({
      deadLetters: deadLetters.get(runAudit.runId) ?? [],
      isTimerStored: (timer) => timers.has(timerKey(runAudit.runId, timer)),
      isInOutbox: (commandId, attempt) => attempts.has(`${commandId}#${attempt}`),
      child: (childId) => children.get(childId) ?? null,
    }),
  );
  if (quiet) findings.push(...(await auditProjection(session, range, runs, orphans)));
  return { runs: runs.size, entries, findings: [...findings, ...orphans.findings], lastRunId };
}

function inRange(sql: Sql, after: string | null, last: string | null): Fragment {
  const from = after === null ? sql`` : sql`and run_id > ${after}`;
  return last === null ? from : sql`${from} and run_id <= ${last}`;
}

/** Rows whose run does not exist, each told once. */
class Orphans {
  readonly findings: AuditFinding[] = [];
  readonly #runs: ReadonlyMap<string, Run>;
  readonly #told = new Set<string>();

  constructor(runs: ReadonlyMap<string, Run>) {
    this.#runs = runs;
  }

  check(runId: string, what: Parameters<typeof auditOrphan>[1]): void {
    if (this.#runs.has(runId) || this.#told.has(`${what} ${runId}`)) return;
    this.#told.add(`${what} ${runId}`);
    this.findings.push(auditOrphan(runId, what));
  }
}

async function readHistory(
  session: PostgresSession,
  range: Fragment,
  audits: ReadonlyMap<string, RunAudit>,
  orphans: Orphans,
): Promise<number> {
  const { sql } = session;
  let entries = 0;
  const history = sql<{ runId: string; entries: string }[]>`
    select run_id as "runId", entries from history where true ${range} order by run_id, first_version`;
  for await (const rows of session.pages(history, HISTORY_ROWS_MAX)) {
    for (const row of rows) {
      orphans.check(row.runId, "history");
      for (const entry of JSON.parse(row.entries) as HistoryEntry[]) {
        entries++;
        audits.get(row.runId)?.addEntry(entry);
      }
    }
  }
  return entries;
}

type DeadLetter = Pick<DeadLetterRow, "runId" | "version" | "reason">;

async function readDeadLetters(
  session: PostgresSession,
  range: Fragment,
  orphans: Orphans,
): Promise<Map<string, DeadLetter[]>> {
  const { sql } = session;
  const rows = await session.run(sql<DeadLetter[]>`
    select run_id as "runId", version, reason from dead_letters where true ${range} order by run_id, version`);
  for (const { runId } of rows) orphans.check(runId, "a dead letter");
  return Map.groupBy(rows, ({ runId }) => runId);
}

/** Of the timers that are set, those that have a row. Looked up by their whole key: the table has no other way in. */
async function readTimers(session: PostgresSession, runs: readonly Run[]): Promise<Set<string>> {
  const timers = runs.flatMap((run) => activeTimers(run).map((timer) => ({ run, timer })));
  if (timers.length === 0) return new Set();
  const { sql } = session;
  const rows = await session.run(sql<({ runId: string } & RunTimer)[]>`
    select t.run_id as "runId", t.number, to_ms(t.due_at) as "dueAtMs", t.kind
      from unnest(
             ${plains(timers.map(({ run }) => run.lane))}::integer[],
             ${plains(timers.map(({ timer }) => timer.dueAtMs))}::float8[],
             ${plains(timers.map(({ run }) => run.runId))}::uuid[],
             ${plains(timers.map(({ timer }) => timer.number))}::integer[])
        as given (lane, due_ms, run_id, number)
      join timers t
        on t.lane = given.lane and t.due_at = from_ms(given.due_ms)
       and t.run_id = given.run_id and t.number = given.number`);
  return new Set(rows.map((row) => timerKey(row.runId, row)));
}

function timerKey(runId: string, { number, dueAtMs, kind }: RunTimer): string {
  return `${runId}:${number}:${dueAtMs}:${kind}`;
}

/** The attempts of these runs' commands that stand in the outbox and are not settled. */
async function readAttempts(session: PostgresSession, runs: readonly Run[]): Promise<Set<string>> {
  const sending = runs.filter(({ commands }) => commands.some(({ phase }) => phase === "sending"));
  if (sending.length === 0) return new Set();
  const { sql } = session;
  const rows = await session.run(sql<{ commandId: string; attempt: number }[]>`
    select o.command_id as "commandId", o.attempt
      from lanes l
      join outbox o on o.lane = l.lane_id and o.position > l.published_position
     where o.run_id = any(${plains(sending.map(({ runId }) => runId))}::uuid[])`);
  return new Set(rows.map(({ commandId, attempt }) => `${commandId}#${attempt}`));
}

/** The runs that these runs wait for. */
async function readChildren(session: PostgresSession, runs: readonly Run[]): Promise<Map<string, Run>> {
  const runIds = runs.filter(({ outcome }) => outcome === null).flatMap(listChildIds);
  if (runIds.length === 0) return new Map();
  const { sql } = session;
  const rows = await session.run(sql<StoredRun[]>`
    select ${runColumns(sql)} from runs r where r.run_id = any(${plains(runIds)}::uuid[])`);
  return new Map(rows.map((row) => [row.runId, fromStoredRun(row)]));
}

async function auditProjection(
  session: PostgresSession,
  range: Fragment,
  runs: ReadonlyMap<string, Run>,
  orphans: Orphans,
): Promise<AuditFinding[]> {
  const { sql } = session;
  const rows = await session.run(sql<RunRow[]>`
    select ${runRowColumns(sql)} from run_search s where true ${range}`);
  for (const { runId } of rows) orphans.check(runId, "a row of the search projection");
  const projected = new Map(rows.map((row) => [row.runId, row]));
  return [...runs.values()].flatMap((run) => auditProjected(run, projected.get(run.runId) ?? null) ?? []);
}
