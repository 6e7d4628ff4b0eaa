import type { Fragment, Sql } from "postgres";
import {
  RunAudit,
  auditOrphan,
  auditProjected,
  auditTwin,
  listChildIds,
  listEndInboxIds,
} from "../../core/audit.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { AuditFinding, DeadLetterRow, RunRow } from "../../core/ports.ts";
import { activeTimers } from "../../core/run.ts";
import type { Run, RunTimer } from "../../core/run.ts";
import { plains, texts } from "./columns.ts";
import { findRuns } from "./find-runs.ts";
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
  readonly last: string | null;
}

/** Audits the runs behind an id. */
export async function auditRunPage(
  session: PostgresSession,
  after: string | null,
  quiet: boolean,
): Promise<RunPage> {
  const { sql } = session;
  // One more than a page has, so that a run that is stored twice is seen where one page ends too.
  const found = await session.run(sql<StoredRun[]>`
    select ${runColumns(sql)} from runs r where true ${inRange(sql, after, null)} order by r.run_id limit ${RUNS_MAX + 1}`);
  const rows = found.slice(0, RUNS_MAX);
  const runs = new Map(rows.map((row) => [row.runId, fromStoredRun(row)]));
  const last = found.length > rows.length ? (rows.at(-1)?.runId ?? null) : null;

  const audits = new Map([...runs].map(([runId, run]) => [runId, new RunAudit(run)]));
  const entries = await readHistory(session, [...runs.values()], audits);
  const { deadLetters, orphans } = await readDeadLetters(session, inRange(sql, after, last), runs);
  const timers = await readTimers(session, [...runs.values()]);
  const attempts = await readAttempts(session, [...runs.values()]);
  const children = await readChildren(session, [...runs.values()]);
  const ends = await readEnds(session, [...runs.values()]);
  const findings = [...audits.values()].flatMap((runAudit) =>
    runAudit.finish({
      deadLetters: deadLetters.get(runAudit.runId) ?? [],
      isTimerStored: (timer) => timers.has(timerKey(runAudit.runId, timer)),
      isInOutbox: (commandId, attempt) => attempts.has(`${commandId}#${attempt}`),
      child: (childId) => children.get(childId) ?? null,
      isInInbox: (inboxId) => ends.has(inboxId),
    }),
  );
  if (quiet) findings.push(...(await auditProjection(session, [...runs.values()])));
  findings.push(...listTwins(found), ...orphans);
  return { runs: runs.size, entries, findings, last };
}

/** A period knows nothing of the ids in another. Twins lie side by side. */
function listTwins(rows: readonly StoredRun[]): AuditFinding[] {
  return rows.flatMap(({ runId }, at) => (runId === rows[at - 1]?.runId ? [auditTwin(runId)] : []));
}

function inRange(sql: Sql, after: string | null, last: string | null): Fragment {
  const from = after === null ? sql`` : sql`and run_id > ${after}`;
  return last === null ? from : sql`${from} and run_id <= ${last}`;
}

async function readHistory(
  session: PostgresSession,
  runs: readonly Run[],
  audits: ReadonlyMap<string, RunAudit>,
): Promise<number> {
  if (runs.length === 0) return 0;
  const { sql } = session;
  let entries = 0;
  const history = sql<{ runId: string; entries: string }[]>`
    select h.run_id as "runId", h.entries
      from ${births(sql, runs)}
     cross join lateral (
             select * from history
              where history.created_at = from_ms(born.created_ms) and history.run_id = born.run_id) h
     order by born.nth, h.first_version`;
  for await (const rows of session.pages(history, HISTORY_ROWS_MAX)) {
    for (const row of rows) {
      for (const entry of JSON.parse(row.entries) as HistoryEntry[]) {
        entries++;
        audits.get(row.runId)?.addEntry(entry);
      }
    }
  }
  return entries;
}

/** Runs with their births, by which everything of theirs is found in their period: `born (run_id, created_ms, nth)`. */
function births(sql: Sql, runs: readonly Run[]): Fragment {
  return sql`
    unnest(${plains(runs.map(({ runId }) => runId))}::uuid[], ${plains(runs.map(({ createdAtMs }) => createdAtMs))}::float8[])
      with ordinality as born (run_id, created_ms, nth)`;
}

type DeadLetter = Pick<DeadLetterRow, "runId" | "version" | "reason">;

/** Those of these runs, and of no run at all. */
async function readDeadLetters(
  session: PostgresSession,
  range: Fragment,
  runs: ReadonlyMap<string, Run>,
): Promise<{ readonly deadLetters: Map<string, DeadLetter[]>; readonly orphans: AuditFinding[] }> {
  const { sql } = session;
  const rows = await session.run(sql<DeadLetter[]>`
    select run_id as "runId", version, reason from dead_letters where true ${range} order by run_id, version`);
  const deadLetters = Map.groupBy(rows, ({ runId }) => runId);
  const orphans = [...deadLetters.keys()].filter((runId) => !runs.has(runId));
  return { deadLetters, orphans: orphans.map((runId) => auditOrphan(runId, "a dead letter")) };
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
  const rows = await findRuns<StoredRun>(sql, runIds, runColumns(sql), (query) => session.run(query));
  return new Map(rows.map((row) => [row.runId, fromStoredRun(row)]));
}

/** The rows of the inbox in which ends of these runs' children wait. */
async function readEnds(session: PostgresSession, runs: readonly Run[]): Promise<Set<string>> {
  const inboxIds = runs.flatMap(listEndInboxIds);
  if (inboxIds.length === 0) return new Set();
  const { sql } = session;
  const rows = await session.run(sql<{ inboxId: string }[]>`
    select inbox_id as "inboxId" from inbox where inbox_id = any(${texts(inboxIds)}::text[])`);
  return new Set(rows.map(({ inboxId }) => inboxId));
}

async function auditProjection(session: PostgresSession, runs: readonly Run[]): Promise<AuditFinding[]> {
  if (runs.length === 0) return [];
  const { sql } = session;
  const rows = await session.run(sql<RunRow[]>`
    select ${runRowColumns(sql)}
      from ${births(sql, runs)}
     cross join lateral (
             select * from run_search
              where run_search.created_at = from_ms(born.created_ms) and run_search.run_id = born.run_id
              limit 1) s`);
  const projected = new Map(rows.map((row) => [row.runId, row]));
  return runs.flatMap((run) => auditProjected(run, projected.get(run.runId) ?? null) ?? []);
}
