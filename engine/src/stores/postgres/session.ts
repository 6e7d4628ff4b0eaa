/**
 * One connection to Postgres, for what needs a transaction of several statements.
 * S1  All statements of a session run on one and the same connection. Once that is lost the session is over; the driver, left to
 *     itself, would connect again and run the rest of a transaction outside of it.
 * S2  No statement is waited for without end: a database that is silent is given up.
 * S3  A lost session leaves nothing behind: Postgres rolls back what was open.
 */
import type { MaybeRow, PendingQuery, RowList, Sql } from "postgres";
import { openDriver } from "./driver.ts";
import type { Driver } from "./driver.ts";
import type { ResolvedPostgresStoreOptions } from "./options.ts";
import { isRefusal, storeUnavailable, toStoreError } from "./store-error.ts";
import { withinLimit } from "./time-limit.ts";

export interface SessionOptions {
  readonly store: ResolvedPostgresStoreOptions;
  readonly applicationName: string;
  readonly settings: Readonly<Record<string, string | number>>;
}

export class PostgresSession {
  readonly #driver: Driver;
  readonly #answerMs: number;
  /**
   * Who waits for an answer, and is told when none will come. Not one promise for all of them: what is raced with a promise that
   * outlives it is kept by it, answer and all.
   */
  readonly #waiting = new Set<(error: Error) => void>();
  #pid = 0;
  #isLost = false;

  private constructor({ store, applicationName, settings }: SessionOptions) {
    this.#answerMs = store.answerMs;
    this.#driver = openDriver({
      store,
      applicationName,
      settings,
      onLost: () => this.#lose(),
    });
  }

  /** @throws FLOW_STORE_UNAVAILABLE (unavailable) */
  static async open(options: SessionOptions): Promise<PostgresSession> {
    const session = new PostgresSession(options);
    try {
      const [backend] = await session.run(session.sql<{ pid: number }[]>`select pg_backend_pid() as pid`);
      session.#pid = backend?.pid ?? 0;
      return session;
    } catch (error) {
      session.destroy();
      throw toStoreError(error);
    }
  }

  /** Makes statements; they are executed through `run`. */
  get sql(): Sql {
    return this.#driver.sql;
  }

  /** The server's process. */
  get pid(): number {
    return this.#pid;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /**
   * Executes one statement and waits for its answer, by default as long as any statement may take. Throws what the driver throws; whatever
   * is not a refusal by a living server ends the session.
   */
  async run<T extends readonly MaybeRow[]>(
    query: PendingQuery<T>,
    limitMs = this.#answerMs,
  ): Promise<RowList<T>> {
    // The driver's promises are lazy; whoever waits for one sends it, so a lost session must not even look at it.
    if (this.#isLost) throw connectionLost();
    try {
      return await withinLimit(this.orLost(query), limitMs, () => this.destroy());
    } catch (error) {
      if (!isRefusal(error)) this.destroy();
      throw error;
    }
  }

  /** The rows of one statement, some at a time; only inside a transaction. */
  async *pages<T extends readonly MaybeRow[]>(
    query: PendingQuery<T>,
    rowsMax: number,
  ): AsyncGenerator<NonNullable<T[number]>[]> {
    const pages = query.cursor(rowsMax)[Symbol.asyncIterator]();
    for (;;) {
      const page = await withinLimit(this.orLost(pages.next()), this.#answerMs, () => this.destroy());
      if (page.done === true) return;
      yield page.value;
    }
  }

  /** The work's answer, or FLOW_STORE_UNAVAILABLE as soon as the connection is lost. */
  async orLost<T>(work: Promise<T>): Promise<T> {
    const { promise: lost, reject } = Promise.withResolvers<never>();
    if (this.#isLost) reject(connectionLost());
    else this.#waiting.add(reject);
    try {
      return await Promise.race([work, lost]);
    } finally {
      this.#waiting.delete(reject);
    }
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#lose();
    this.#driver.destroy();
  }

  async close(): Promise<void> {
    this.#lose();
    await this.#driver.end(this.#answerMs);
  }

  #lose(): void {
    this.#isLost = true;
    for (const reject of this.#waiting) reject(connectionLost());
    this.#waiting.clear();
  }
}

function connectionLost(): Error {
  return storeUnavailable("the connection was lost");
}
