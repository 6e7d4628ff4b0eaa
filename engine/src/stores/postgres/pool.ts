import type { Sql } from "postgres";
import { openDriver } from "./driver.ts";
import type { Driver } from "./driver.ts";
import type { ResolvedPostgresStoreOptions } from "./options.ts";
import { storeUnavailable, toStoreError } from "./store-error.ts";
import { withinLimit } from "./time-limit.ts";

/**
 * The connections for everything but batches. Each statement is a transaction of its own, so it does not matter on which
 * connection it runs; what needs several statements in one transaction takes a session.
 */
export class PostgresPool {
  readonly #options: ResolvedPostgresStoreOptions;
  #driver: Driver | null = null;
  #isClosed = false;

  constructor(options: ResolvedPostgresStoreOptions) {
    this.#options = options;
  }

  /** @throws FLOW_STORE_UNAVAILABLE (unavailable) when the database is away, silent or refuses for now */
  async run<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw storeUnavailable("the store is closed");
    const driver = (this.#driver ??= this.#open());
    try {
      return await withinLimit(work(driver.sql), this.#options.answerMs, () => this.#giveUp(driver));
    } catch (error) {
      throw toStoreError(error);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#driver?.end(this.#options.answerMs);
  }

  /** A silent server is silent on all its connections, and one that is only slow loses nothing but these. */
  #giveUp(driver: Driver): void {
    if (this.#driver === driver) this.#driver = null;
    driver.destroy();
  }

  #open(): Driver {
    return openDriver({
      store: this.#options,
      applicationName: "sluice-engine",
      connectionsMax: this.#options.connectionsMax,
      connectsMax: Number.POSITIVE_INFINITY,
      // Lists have filters of very different selectivity, for which one plan cannot be right.
      settings: { plan_cache_mode: "force_custom_plan" },
      onLost: () => {},
    });
  }
}
