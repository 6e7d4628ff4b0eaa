/**
 * A pool that waits for no silent server. One that is frozen, or behind a cable that is cut, says nothing, and the driver would wait as
 * long as that lasts, with everybody who asks something of it.
 * Q1  When nothing was answered for a while and something waits, a new connection tells whether anybody is there. A slow statement is
 *     waited for, a silent server is not.
 * Q2  A silent server's pool is given up: all that waits in it fails at once, and what comes next is asked on new connections.
 * Q3  Transactions wait from their first word to their last. Cursors and streams do not: their readers set the pace. All end with their
 *     connection.
 */
import type { Sql } from "postgres";
import { hostError } from "../errors.ts";
import { isConnectionError } from "./connection-error.ts";
import { isDriverQuery } from "./fenced-begin.ts";
import type { DriverQuery } from "./fenced-begin.ts";

export interface SilenceOptions {
  open(): Sql;
  /** Whether the server says anything on a new connection; bounded. */
  isThere(): Promise<boolean>;
  /** How long nothing may be answered before that is asked. */
  readonly silentMs: number;
}

/** The pool that `open` opens, and another of them each time that its server has fallen silent. */
export function endSilence({ open, isThere, silentMs }: SilenceOptions): Sql {
  let pool = open();
  const watch = new Watch(isThere, silentMs, () => {
    const silent = pool;
    pool = open();
    void silent.end({ timeout: 0 });
  });
  const ask = <Value>(value: Value): Value => {
    if (!isDriverQuery(value)) return value;
    const execute = value.handler;
    value.handler = (query) => {
      if (!isPaced(query)) watch.add(query, query.reject);
      return execute(query);
    };
    return value;
  };
  const members: Readonly<Record<string | symbol, unknown>> = {
    begin(...args: unknown[]): Promise<unknown> {
      const work = (pool.begin as (...args: unknown[]) => Promise<unknown>)(...args);
      const { promise: silence, reject } = Promise.withResolvers<never>();
      watch.add(work, reject);
      return Promise.race([work, silence]);
    },
    unsafe: (...args: Parameters<Sql["unsafe"]>) => ask(pool.unsafe(...args)),
    file: (...args: Parameters<Sql["file"]>) => ask(pool.file(...args)),
    end(...args: Parameters<Sql["end"]>): Promise<void> {
      watch.end();
      return pool.end(...args);
    },
  };
  return new Proxy(pool, {
    apply: (_first, _this, args: unknown[]) =>
      ask((pool as unknown as (...args: unknown[]) => unknown)(...args)),
    get: (_first, name) => (Object.hasOwn(members, name) ? members[name] : Reflect.get(pool, name)),
  });
}

type Fail = (silence: Error) => void;

/** Who waits for the server, and whether it has answered anybody lately. */
class Watch {
  readonly #isThere: () => Promise<boolean>;
  readonly #silentMs: number;
  readonly #giveUp: () => void;
  readonly #timer: NodeJS.Timeout;
  readonly #waiting = new Set<Fail>();
  #answers = 0;
  #isEnded = false;

  constructor(isThere: () => Promise<boolean>, silentMs: number, giveUp: () => void) {
    this.#isThere = isThere;
    this.#silentMs = silentMs;
    this.#giveUp = giveUp;
    this.#timer = setTimeout(() => void this.#listen(), silentMs).unref();
  }

  /** Until `work` has settled; `fail` ends it when the server is silent. */
  add(work: Promise<unknown>, fail: Fail): void {
    if (this.#waiting.size === 0) this.#timer.refresh();
    this.#waiting.add(fail);
    work.then(
      () => this.#settle(fail, true),
      (error: unknown) => this.#settle(fail, !isConnectionError(error)),
    );
  }

  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#timer);
  }

  #settle(fail: Fail, isAnswer: boolean): void {
    this.#waiting.delete(fail);
    if (!isAnswer) return;
    this.#answers += 1;
    this.#timer.refresh();
  }

  async #listen(): Promise<void> {
    // The timer rests until somebody waits.
    if (this.#waiting.size === 0) return;
    const before = this.#answers;
    const isSilent = !(await this.#isThere()) && this.#answers === before;
    if (this.#isEnded) return;
    this.#timer.refresh();
    if (!isSilent) return;
    this.#giveUp();
    for (const fail of this.#waiting) fail(fellSilent(this.#silentMs));
    this.#waiting.clear();
  }
}

function isPaced({ cursorFn, streaming }: DriverQuery): boolean {
  return cursorFn !== undefined || streaming === true;
}

function fellSilent(silentMs: number): Error {
  return hostError(
    "HOST_DATABASE_SILENT",
    `the database has said nothing for more than ${silentMs} ms; what it was asked may have happened: repeat it with the same idempotency key`,
    { retryAfterMs: 1000 },
  );
}
