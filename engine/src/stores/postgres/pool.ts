/**
 * The connections for everything but batches. Each statement is a transaction of its own, so it does not matter on which connection
 * it runs; what needs several statements in one transaction takes a session of its own.
 * L1  A connection that is lost is over, and another takes its place. The driver's own way to connect again is never taken: when it
 *     fails, what waits for it waits for ever.
 * L2  While the database is known to be away nobody waits for it. Who is refused has it looked for again.
 * L3  One call at a time has a connection, and one on which a statement was refused is retired: after a read that broke off the driver
 *     counts its rows into the next answer.
 * L4  A slow statement is waited for, a silent database is not: when nothing was heard for a while, a new connection tells which it is.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Sql } from "postgres";
import type { ResolvedPostgresStoreOptions } from "./options.ts";
import { PostgresSession } from "./session.ts";
import { isFromServer, storeUnavailable, toStoreError } from "./store-error.ts";
import { withinLimit } from "./time-limit.ts";

/** How long nothing may be heard of the database before somebody asks whether it is still there, and how long it has to answer. */
const SILENT_MS = 500;
const PROBE_MS = 1_000;

/** How often a database that is away is looked for at the most. */
const LOOK_MS = 100;

/** A connection, and whether a call has it now. */
interface Line {
  readonly session: PostgresSession;
  isBusy: boolean;
}

export class PostgresPool {
  readonly #options: ResolvedPostgresStoreOptions;
  readonly #opening = new Set<Promise<Line>>();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #waiting: (() => void)[] = [];
  #lines: Line[] = [];
  /** Why there is no connection; null while there is one, or nobody has tried. */
  #away: unknown = null;
  #lookedAtMs = 0;
  #heardAtMs = 0;
  #isProbing = false;
  #isClosed = false;

  constructor(options: ResolvedPostgresStoreOptions) {
    this.#options = options;
  }

  /** @throws FLOW_STORE_UNAVAILABLE (unavailable) when the database is away, silent or refuses for now */
  async run<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const answer = this.#run(work);
    this.#underWay.add(answer);
    try {
      return await answer;
    } catch (error) {
      throw toStoreError(error);
    } finally {
      this.#underWay.delete(answer);
    }
  }

  /** What is under way is waited for; each call is bounded. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled([...this.#underWay, ...this.#opening]);
    await Promise.all(this.#lines.map(({ session }) => session.close()));
  }

  async #run<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw storeUnavailable("the store is closed");
    const line = await this.#take();
    const { session } = line;
    const watch = setInterval(() => void this.#listen(), SILENT_MS);
    try {
      const call = session.orLost(work(session.sql));
      const answer = await withinLimit(call, this.#options.answerMs, () => session.destroy());
      this.#heardAtMs = performance.now();
      return answer;
    } catch (error) {
      if (isFromServer(error)) session.destroy();
      throw error;
    } finally {
      line.isBusy = false;
      clearInterval(watch);
      this.#wakeOne();
    }
  }

  /** A connection that nobody has, else a new one, else the first that is given back. */
  async #take(): Promise<Line> {
    for (;;) {
      this.#lines = this.#lines.filter(({ session }) => !session.isLost);
      const free = this.#lines.find(({ isBusy }) => !isBusy);
      if (free !== undefined) return reserve(free);
      if (this.#lines.length === 0 && this.#away !== null) return this.#refuse(this.#away);
      const hasRoom = this.#lines.length + this.#opening.size < this.#options.connectionsMax;
      if (hasRoom && this.#lines.length === 0) {
        // Somebody may be faster than we are to see it.
        await this.#open();
        continue;
      }
      if (hasRoom) this.#open().catch(() => {});
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wakeOne(): void {
    this.#waiting.shift()?.();
  }

  #wakeAll(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** L2. Whoever comes next is told how looking again went. */
  async #refuse(away: unknown): Promise<never> {
    const isDue = performance.now() - this.#lookedAtMs >= LOOK_MS;
    if (isDue && this.#opening.size === 0) this.#open().catch(() => {});
    // A caller who asks again and again must leave the process time to connect.
    await nextTurn();
    throw away;
  }

  async #open(): Promise<Line> {
    const opening = this.#openLine();
    this.#opening.add(opening);
    try {
      const line = await opening;
      this.#lines.push(line);
      this.#away = null;
      this.#heardAtMs = performance.now();
      return line;
    } catch (error) {
      this.#away = error;
      // Each looks for itself whether there is another connection to wait for.
      this.#wakeAll();
      throw error;
    } finally {
      this.#opening.delete(opening);
      this.#wakeOne();
    }
  }

  async #openLine(): Promise<Line> {
    this.#lookedAtMs = performance.now();
    return { session: await this.#openSession(this.#options), isBusy: false };
  }

  #openSession(store: ResolvedPostgresStoreOptions): Promise<PostgresSession> {
    return PostgresSession.open({
      store,
      applicationName: "sluice-engine",
      settings: {
        // Lists have filters of very different selectivity, for which one plan cannot be right.
        plan_cache_mode: "force_custom_plan",
        // A table that nobody has analyzed yet looks small, and nothing here wants to read one from end to end.
        enable_seqscan: "off",
      },
    });
  }

  /** L4. A server that answers, if only to refuse, is not silent. */
  async #listen(): Promise<void> {
    if (this.#isProbing || performance.now() - this.#heardAtMs < SILENT_MS) return;
    this.#isProbing = true;
    const connectMs = Math.min(this.#options.connectMs, PROBE_MS);
    try {
      const probe = await this.#openSession({ ...this.#options, connectMs, answerMs: PROBE_MS });
      probe.destroy();
      this.#heardAtMs = performance.now();
    } catch (error) {
      if (!isFromServer(error)) this.#giveUp(error);
    } finally {
      this.#isProbing = false;
    }
  }

  /** A silent server is silent on all its connections. */
  #giveUp(error: unknown): void {
    this.#away = error;
    for (const { session } of this.#lines) session.destroy();
    this.#wakeAll();
  }
}

function reserve(line: Line): Line {
  line.isBusy = true;
  return line;
}
