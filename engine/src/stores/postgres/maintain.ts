import type { Sql } from "postgres";

/** Days that are made ahead, so that an engine away for a day or two does not matter. */
const DAYS_AHEAD = 2;

/** Days after which an outbox partition whose rows are all settled is dropped. */
const OUTBOX_DAYS = 2;

/** How long preparing may wait for running batches, and they behind it. */
const LOCK_MS = 500;

/**
 * Makes the partitions of yesterday to the day after tomorrow and drops outbox partitions that nobody needs any more. Several engines may
 * come at once: an advisory lock lets one work. A partition is made apart and attached, which stops no writer; waiting for a lock
 * is short, and what does not succeed now is left for the next time.
 */
export async function maintain(sql: Sql): Promise<void> {
  const { missing, outdated } = await listWork(sql);
  for (const { table, day } of missing) await attempt(sql, attachScript(table, day));
  for (const name of outdated) await attempt(sql, dropScript(name));
}

interface Work {
  readonly missing: readonly { readonly table: "history" | "outbox"; readonly day: string }[];
  readonly outdated: readonly string[];
}

async function listWork(sql: Sql): Promise<Work> {
  const [work] = await sql<[Work]>`
    with today as (select (clock_timestamp() at time zone 'UTC')::date as day),
    partitions as (
      select parent.relname as parent, part.relname as name
        from pg_inherits
        join pg_class parent on parent.oid = inhparent
        join pg_class part on part.oid = inhrelid
       where parent.relnamespace = current_schema()::regnamespace and parent.relname in ('history', 'outbox')
    )
    select (select coalesce(json_agg(json_build_object('table', parent, 'day', to_char(day, 'YYYYMMDD')) order by day), '[]')
              from unnest(array['history', 'outbox']) parent,
                   generate_series((select day - 1 from today), (select day + ${DAYS_AHEAD}::integer from today), interval '1 day') day
             where not exists (
                     select from partitions p
                      where p.parent = parent and p.name = parent || '_' || to_char(day, 'YYYYMMDD'))) as missing,
           (select coalesce(json_agg(name order by name), '[]')
              from partitions
             where parent = 'outbox' and name ~ '^outbox_\\d{8}$'
               and name < 'outbox_' || to_char((select day - ${OUTBOX_DAYS}::integer from today), 'YYYYMMDD')) as outdated`;
  return work;
}

/** Runs as one transaction. */
async function attempt(sql: Sql, script: string): Promise<void> {
  try {
    await sql.unsafe(`
      set local lock_timeout = ${LOCK_MS};
      select pg_advisory_xact_lock(hashtext('sluice maintain ' || current_schema()));
      ${script}`);
  } catch (error) {
    if (!isForLater(error)) throw error;
  }
}

/** Names are ours and digits only: nothing here comes from outside. */
function attachScript(table: string, day: string): string {
  return `
    do $$
    begin
      if to_regclass('${table}_${day}') is null then
        create table ${table}_${day} (like ${table} including all);
        alter table ${table} attach partition ${table}_${day}
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

/** A lock that was not to be had, a deadlock avoided, or a day whose rows the default partition has caught already: they stay there. */
const FOR_LATER: ReadonlySet<unknown> = new Set(["55P03", "40P01", "23514"]);

function isForLater(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && FOR_LATER.has(error.code);
}
