import type { Sql } from "postgres";
import { runScript } from "./run-script.ts";

/** Days that are made ahead, so that an engine away for a day or two does not matter. */
const DAYS_AHEAD = 2;

/** Days after which an outbox partition whose rows are all settled is dropped. */
const OUTBOX_DAYS = 2;

/**
 * Makes the outbox partitions of yesterday to the day after tomorrow and drops those that nobody needs any more. Several engines may
 * come at once. A partition is made apart and attached, which stops no writer.
 */
export async function maintainOutbox(sql: Sql): Promise<void> {
  const { missing, outdated } = await listWork(sql);
  for (const day of missing) await runScript(sql, attachScript(day));
  for (const name of outdated) await runScript(sql, dropScript(name));
}

interface Work {
  readonly missing: readonly string[];
  readonly outdated: readonly string[];
}

async function listWork(sql: Sql): Promise<Work> {
  const [work] = await sql<[Work]>`
    with today as (select (clock_timestamp() at time zone 'UTC')::date as day),
    partitions as (
      select part.relname as name from pg_inherits join pg_class part on part.oid = inhrelid where inhparent = 'outbox'::regclass
    )
    select (select coalesce(json_agg(to_char(day, 'YYYYMMDD') order by day), '[]')
              from generate_series((select day - 1 from today), (select day + ${DAYS_AHEAD}::integer from today), interval '1 day') day
             where 'outbox_' || to_char(day, 'YYYYMMDD') not in (select name from partitions)) as missing,
           (select coalesce(json_agg(name order by name), '[]')
              from partitions
             where name ~ '^outbox_\\d{8}$'
               and name < 'outbox_' || to_char((select day - ${OUTBOX_DAYS}::integer from today), 'YYYYMMDD')) as outdated`;
  return work;
}

/** Names are ours and digits only: nothing here comes from outside. */
function attachScript(day: string): string {
  return `
    do $$
    begin
      if to_regclass('outbox_${day}') is null then
        create table outbox_${day} (like outbox including all);
        alter table outbox attach partition outbox_${day}
          for values from ('${day} 00:00:00+00') to (timestamptz '${day} 00:00:00+00' + interval '24 hours');
      end if;
    end $$`;
}

/** Dropping locks the whole outbox for a moment, but only where every row of the day is settled. */
function dropScript(name: string): string {
  return `
    do $$
    begin
      if to_regclass('${name}') is not null and not exists (
           select from ${name} o join lanes l on l.lane_id = o.lane where o.position > l.published_position) then
        drop table ${name};
      end if;
    end $$`;
}
