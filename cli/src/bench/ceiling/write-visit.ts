/**
 * One visit of many runs, by plain statements in one transaction: what a program without an engine would write. The texts of all rows are
 * encoded once and sent with each batch, as an engine has to send them; what is left out is the work of making them.
 */
import type { Sql, TransactionSql } from "@sluice/host/postgres";
import type { BenchFlow } from "../flow/bench-flow.ts";
import { definitionOf } from "../flow/definition-of.ts";
import type { Sample, Visit } from "./sample.ts";
import { CEILING_EFFECTS_SCHEMA } from "./tables.ts";

/** The visit of a batch of one size, ready to be written. */
export interface PreparedVisit {
  readonly visit: Visit;
  readonly flowName: string;
  /** Column by column, one row a line. */
  readonly data: string;
  readonly control: string;
  readonly entries: string;
  readonly seen: string;
}

export function prepareVisits({ flow, data, control, visits }: Sample, runs: number): PreparedVisit[] {
  const column = (text: string): string => Array.from({ length: runs }, () => text).join("\n");
  return visits.map((visit) => ({
    visit,
    flowName: flowNameOf(flow),
    data: column(data),
    control: column(control),
    entries: column(visit.entries),
    seen: column(visit.seen ?? ""),
  }));
}

function flowNameOf(flow: BenchFlow): string {
  return definitionOf(flow).name;
}

export interface Batch {
  readonly lane: number;
  readonly runIds: readonly string[];
  /** When the runs began: they and their history lie in the period of their birth. */
  readonly bornAtMs: number;
  /** Position of the first outbox row. */
  readonly outboxPosition: number;
}

/** Everything of a batch but its `begin` and `commit` is on its way at once. */
export async function writeVisit(sql: Sql, prepared: PreparedVisit, batch: Batch): Promise<void> {
  const ids = `{${batch.runIds.join(",")}}`;
  await sql.begin(async (tx) => {
    const { visit } = prepared;
    const statements: PromiseLike<unknown>[] = [
      // As the engine's writers: a plan made for empty tables would read the full ones from end to end for a while.
      tx`set local enable_seqscan = off`,
      visit.firstVersion === 1 ? insertRuns(tx, prepared, batch, ids) : updateRuns(tx, prepared, batch, ids),
      insertHistory(tx, prepared, batch, ids),
    ];
    if (visit.clearsTimer) statements.push(deleteTimers(tx, batch, ids));
    if (visit.setsTimer) statements.push(insertTimers(tx, batch, ids));
    if (visit.outbox > 0) statements.push(insertOutbox(tx, prepared, batch, ids));
    for (const [at, command] of visit.effects.entries())
      statements.push(insertEffects(tx, command, visit.firstVersion + at, batch, ids));
    statements.push(tx`update lanes set batch_number = batch_number + 1 where lane_id = ${batch.lane}`);
    await Promise.all(statements);
  });
}

function insertRuns(tx: TransactionSql, prepared: PreparedVisit, { lane, bornAtMs }: Batch, ids: string) {
  const { visit, flowName, data, control } = prepared;
  return tx`
    insert into runs (run_id, flow, flow_version, lane, version, state, outcome, data, control, created_at, entered_at, updated_at)
    select id, ${flowName}, 1, ${lane}, ${visit.lastVersion}, ${visit.state}, null, data, control, from_ms(${bornAtMs}), now(), now()
      from unnest(${ids}::text::uuid[], string_to_array(${data}, E'\n'), string_to_array(${control}, E'\n')) as given (id, data, control)`;
}

function updateRuns(
  tx: TransactionSql,
  { visit, data, control }: PreparedVisit,
  { bornAtMs }: Batch,
  ids: string,
) {
  return tx`
    update runs
       set version = ${visit.lastVersion}, state = ${visit.state}, data = given.data, control = given.control,
           entered_at = now(), updated_at = now()
      from unnest(${ids}::text::uuid[], string_to_array(${data}, E'\n'), string_to_array(${control}, E'\n')) as given (id, data, control)
     where run_id = given.id and created_at = from_ms(${bornAtMs})`;
}

function insertHistory(
  tx: TransactionSql,
  { visit, entries, seen }: PreparedVisit,
  { lane, bornAtMs }: Batch,
  ids: string,
) {
  return tx`
    insert into history (run_id, created_at, first_version, last_version, lane, at, entries, seen)
    select id, from_ms(${bornAtMs}), ${visit.firstVersion}, ${visit.lastVersion}, ${lane}, now(), entries, seen
      from unnest(${ids}::text::uuid[], string_to_array(${entries}, E'\n'), string_to_array(${seen}, E'\n', '')) as given (id, entries, seen)`;
}

/** All timers of the ceiling are due at one time far away; there is one of a run at a time. */
function insertTimers(tx: TransactionSql, { lane }: Batch, ids: string) {
  return tx`
    insert into timers (lane, due_at, run_id, number, kind)
    select ${lane}, timestamptz '2100-01-01', id, 1, 'after' from unnest(${ids}::text::uuid[]) as id`;
}

function deleteTimers(tx: TransactionSql, { lane }: Batch, ids: string) {
  return tx`
    delete from timers
     using unnest(${ids}::text::uuid[]) as given (id)
     where lane = ${lane} and due_at = timestamptz '2100-01-01' and run_id = given.id and number = 1`;
}

function insertOutbox(tx: TransactionSql, { visit }: PreparedVisit, batch: Batch, ids: string) {
  return tx`
    insert into outbox (lane, position, run_id, command_id, attempt, at)
    select ${batch.lane}, ${batch.outboxPosition} + ordinality, id, id || ':' || ${visit.lastVersion}::int || ':0', 1, now()
      from unnest(${ids}::text::uuid[]) with ordinality as given (id, ordinality)`;
}

/** What the participants of the benchmark do with all commands of a batch. */
function insertEffects(tx: TransactionSql, command: string, step: number, { runIds }: Batch, ids: string) {
  const schema = tx(CEILING_EFFECTS_SCHEMA);
  switch (command) {
    case "IssueTicket":
      return tx`
        with sold as (
          update ${schema}.concerts set sold = sold + ${runIds.length} where concert_id = 1 returning sold
        )
        insert into ${schema}.tickets (order_id, concert_id, seat)
        select id::text, 1, sold - ordinality::int
          from sold, unnest(${ids}::text::uuid[]) with ordinality as given (id, ordinality)`;
    case "CloseOrder":
      return tx`insert into ${schema}.closed_orders (order_id) select id::text from unnest(${ids}::text::uuid[]) as id`;
    default:
      return tx`
        insert into ${schema}.steps (order_id, step) select id::text, ${step} from unnest(${ids}::text::uuid[]) as id`;
  }
}
