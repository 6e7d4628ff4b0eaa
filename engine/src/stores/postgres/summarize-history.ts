/**
 * Keeps the index of block ranges on history summarized. A takeover asks it for what was written last, and reads what is not summarized
 * from end to end: after an hour of load that would take longer than any statement may. Postgres has autovacuum summarize each range that
 * is full, but remembers 256 of them between two of its rounds, a minute apart, and leaves the others to the next vacuum of the table.
 */
import type { Sql } from "postgres";
import type { PostgresSession } from "./session.ts";
import { hasSqlState } from "./sql-state.ts";

/** As in the migration that made the index. */
const PAGES_PER_RANGE = 32;

/** A vacuum that is waited for longer than `deadlock_timeout` is canceled, and it summarizes as well. */
const LOCK_MS = 100;

/** Ranges in one statement, some 64 MB: it keeps rows from being vacuumed for no longer than it takes to read them. */
const RANGES_MAX = 256;

/** A vacuum or another engine is at it, or the period was dropped: before the statement, or within it. */
const FOR_LATER = ["55P03", "42P01", "XX000"];

/** Full ranges of a period that nobody here has seen to. */
export interface GrownPeriod {
  /** Of the period's part of the index. */
  readonly index: number;
  readonly fromBlock: number;
  readonly untilBlock: number;
}

export class HistorySummary {
  /** How many blocks were seen to, by index. */
  #blocks = new Map<number, number>();

  async listGrown(sql: Sql): Promise<readonly GrownPeriod[]> {
    const rows = await sql<{ index: number; untilBlock: number }[]>`
      select part.inhrelid as index,
             (pg_relation_size(of.indrelid) / current_setting('block_size')::bigint / ${PAGES_PER_RANGE}::integer
               * ${PAGES_PER_RANGE}::integer)::float8 as "untilBlock"
        from pg_inherits part
        join pg_index of on of.indexrelid = part.inhrelid
       where part.inhparent = 'history_at'::regclass`;
    const seen = this.#blocks;
    this.#blocks = new Map(rows.map(({ index }) => [index, seen.get(index) ?? 0]));
    return rows
      .map((row) => ({ ...row, fromBlock: seen.get(row.index) ?? 0 }))
      .filter(({ fromBlock, untilBlock }) => fromBlock < untilBlock);
  }

  /** Each range is locked by itself, against a vacuum and nobody else. What breaks off has not been in vain. */
  async update(session: PostgresSession, grown: readonly GrownPeriod[]): Promise<void> {
    await session.run(session.sql`select set_config('lock_timeout', ${String(LOCK_MS)}, false)`);
    for (const period of grown) {
      try {
        await this.#summarize(session, period);
      } catch (error) {
        if (!hasSqlState(error, FOR_LATER)) throw error;
      }
    }
  }

  async #summarize(session: PostgresSession, { index, fromBlock, untilBlock }: GrownPeriod): Promise<void> {
    const { sql } = session;
    for (let from = fromBlock; from < untilBlock;) {
      const until = Math.min(untilBlock, from + RANGES_MAX * PAGES_PER_RANGE);
      await session.run(sql`
        select sum(brin_summarize_range(${index}::oid, block))
          from generate_series(${from}::bigint, ${until - 1}::bigint, ${PAGES_PER_RANGE}::integer) block`);
      this.#blocks.set(index, until);
      from = until;
    }
  }
}
