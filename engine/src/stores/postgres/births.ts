/** What a store knows of the periods: those that are there, and how wide new ones are. */
import type { Sql } from "postgres";
import { isIn } from "../../core/period.ts";
import type { Period } from "../../core/period.ts";
import { preparePeriods } from "./periods.ts";

/** Owners' clocks may be a little behind the database's; an engine that is away for a day or two does not matter. */
const BEHIND_MS = 86_400_000;
const AHEAD_MS = 2 * 86_400_000;

/** Where runs may be born. Knowing a period that was dropped since does no harm: nobody is born in the past. */
export class Births {
  readonly #withSql: <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;
  #periods: readonly Period[] = [];
  #retentionDays: number | null = null;

  constructor(withSql: <T>(work: (sql: Sql) => Promise<T>) => Promise<T>) {
    this.#withSql = withSql;
  }

  /** Makes the periods of today and of the days ahead. */
  async prepare(sql: Sql, retentionDays: number | null): Promise<void> {
    this.#retentionDays = retentionDays;
    const [clock] = await sql<[{ nowMs: number }]>`select floor(to_ms(clock_timestamp())) as "nowMs"`;
    const stretch = { fromMs: clock.nowMs - BEHIND_MS, untilMs: clock.nowMs + AHEAD_MS };
    this.#periods = await preparePeriods(sql, stretch, this.#retentionDays);
  }

  /** Sees to it that births at these times have a place, also when a clock has jumped to where nothing was prepared. */
  async ensure(atMs: Iterable<number>): Promise<void> {
    for (const eachMs of atMs) {
      if (this.#periods.some((period) => isIn(period, eachMs))) continue;
      const stretch = { fromMs: eachMs, untilMs: eachMs + 1 };
      this.#periods = await this.#withSql((sql) => preparePeriods(sql, stretch, this.#retentionDays));
    }
  }
}
