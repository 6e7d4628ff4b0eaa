import type { Fragment, Sql } from "postgres";
import { auditName, auditProjected, auditTwin } from "../../core/audit.ts";
import type { AuditFlows } from "../../core/audit-flows.ts";
import { RunAudit, listChildIds, listEndInboxIds } from "../../core/audit-run.ts";
import type { AuditFinding, AuditScope, RunRow } from "../../core/ports.ts";
import { activeTimers } from "../../core/run.ts";
import type { Run, RunTimer } from "../../core/run.ts";
import { auditDeadLetters } from "./audit-dead-letters.ts";
import { auditHistory } from "./audit-history.ts";
import { readAuditedRun } from "./read-run.ts";
import { births } from "./audit-births.ts";
import { plains, texts } from "./columns.ts";
import { findRuns } from "./find-runs.ts";
import { runColumns, runRowColumns } from "./run-columns.ts";
import type { StoredRun } from "./run-columns.ts";
import type { PostgresSession } from "./session.ts";

const RUNS_MAX = 500;

export interface RunPage {
  readonly runs: number;
  readonly entries: number;
  readonly findings: readonly AuditFinding[];
  /** Opens the next page; null on the last. */
  readonly last: string | null;
}

export interface RunPageScope extends AuditScope {
  readonly flows: AuditFlows;
}

/** Audits the runs behind an id. */
export async function auditRunPage(
  session: PostgresSession,
  after: string | null,
  { flows, quiet, nameId }: RunPageScope,
): Promise<RunPage> {
  const { sql } = session;
  // One more than a page has, so that a run that is stored twice is seen where one page ends too.
  const found = await session.run(sql<StoredRun[]>`
    select ${runColumns(sql)} from runs r where true ${inRange(sql, after, null)} order by r.run_id limit ${RUNS_MAX + 1}`);
  const rows = found.slice(0, RUNS_MAX);
  const last = found.length > rows.length ? (rows.at(-1)?.runId ?? null) : null;
  const lanes = new Map(rows.map(({ runId, lane }) => [runId, lane]));
  const read = [...new Map(rows.map((row) => [row.runId, row])).values()].map(readAuditedRun);
  const runs = read.flatMap(({ run }) => run ?? []);
  for (const row of rows) flows.note(row);

  const audits = new Map(runs.map((run) => [run.runId, new RunAudit(run, flows.versionsOf(run.flow))]));
  const history = await auditHistory(session, runs, audits);
  const letters = await auditDeadLetters(session, inRange(sql, after, last), lanes);
  const timers = await readTimers(session, runs);
  const attempts = await readAttempts(session, runs);
  const children = await readChildren(session, runs);
  const ends = await readEnds(session, runs);
  const findings = [...audits.values()].flatMap((runAudit) =>
    runAudit.finish({
      deadLetters: letters.deadLetters.get(runAudit.runId) ?? [],
      isTimerStored: (timer) => timers.has(timerKey(runAudit.runId, timer)),
      isInOutbox: (commandId, attempt) => attempts.has(`${commandId}#${attempt}`),
      child: (childId) => (children.has(childId) ? children.get(childId) : null),
      isInInbox: (inboxId) => ends.has(inboxId),
    }),
  );
  findings.push(...read.flatMap((each) => each.findings), ...history.findings, ...letters.findings);
  findings.push(...runs.flatMap((run) => auditName(run, nameId) ?? []));
  findings.push(...(await auditProjection(session, runs, quiet)));
  findings.push(...listTwins(found));
  return { runs: lanes.size, entries: history.entries, findings, last };
}

/** A period knows nothing of the ids in another. Twins lie side by side. */
function listTwins(rows: readonly StoredRun[]): AuditFinding[] {
  return rows.flatMap(({ runId }, at) => (runId === rows[at - 1]?.runId ? [auditTwin(runId)] : []));
}

function inRange(sql: Sql, after: string | null, last: string | null): Fragment {
  const from = after === null ? sql`` : sql`and run_id > ${after}`;
  return last === null ? from : sql`${from} and run_id <= ${last}`;
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

/** The runs that these runs wait for; undefined for one whose row cannot be read. */
async function readChildren(
  session: PostgresSession,
  runs: readonly Run[],
): Promise<ReadonlyMap<string, Run | undefined>> {
  const runIds = runs.filter(({ outcome }) => outcome === null).flatMap(listChildIds);
  if (runIds.length === 0) return new Map();
  const { sql } = session;
  const rows = await findRuns<StoredRun>(sql, runIds, runColumns(sql), (query) => session.run(query));
  return new Map(rows.map((row) => [row.runId, readAuditedRun(row).run ?? undefined]));
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

async function auditProjection(
  session: PostgresSession,
  runs: readonly Run[],
  quiet: boolean,
): Promise<AuditFinding[]> {
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
  return runs.flatMap((run) => auditProjected(run, projected.get(run.runId) ?? null, quiet) ?? []);
}
