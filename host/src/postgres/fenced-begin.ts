/**
 * Transactions that end with their connection. The driver (postgres.js 3.4.9) lets the callback of `begin` go on when
 * the connection was lost: its next statement, even the driver's own rollback, is then written to a socket that is
 * gone (an exception nobody can catch, and a connection whose answers are off by one), or worse, to the connection's
 * successor, outside of any transaction.
 * F1  No statement of a transaction is executed on any connection but its own.
 * F2  After the connection is lost the driver neither commits nor rolls back; `begin` fails with the driver's error.
 */
import type { PendingQuery, Row, Sql, TransactionSql } from "postgres";

type Callback = (sql: TransactionSql) => unknown;
type Begin = (options: string, callback: Callback) => Promise<unknown>;

/** A query as the driver runs it: on `then`, it hands itself to its handler. */
export interface DriverQuery extends PendingQuery<Row[]> {
  handler: (query: DriverQuery) => unknown;
  reject(error: unknown): void;
  /** What takes the rows of a cursor. */
  readonly cursorFn?: unknown;
  /** Whether it is read or written as a stream. */
  readonly streaming?: boolean;
}

/** Replaces `sql.begin`. `closes` counts the connections of this pool that were closed so far. */
export function fenceTransactions(sql: Sql, closes: () => number): Sql {
  const begin = sql.begin.bind(sql) as unknown as Begin;
  const fenced = (first: string | Callback, second?: Callback): Promise<unknown> => {
    const [options, callback] = typeof first === "string" ? [first, second] : ["", first];
    if (callback === undefined) throw new TypeError("begin needs a callback");
    return runFenced(begin, options, callback, closes);
  };
  return Object.assign(sql, { begin: fenced as unknown as Sql["begin"] });
}

async function runFenced(
  begin: Begin,
  options: string,
  callback: Callback,
  closes: () => number,
): Promise<unknown> {
  const fence = createFence(closes);
  const outcome = begin(options, async (tx) => {
    const settled = await settle(callback, fenceSql(tx, fence));
    await fence.look();
    // The driver has already failed `begin`, and would now write a commit or rollback to a socket that is gone.
    if (fence.isOver()) return new Promise(() => {});
    if ("error" in settled) throw settled.error;
    return settled.value;
  });
  outcome.then(fence.end, fence.end);
  return outcome;
}

async function settle(
  callback: Callback,
  tx: TransactionSql,
): Promise<{ readonly value: unknown } | { readonly error: unknown }> {
  try {
    const result = callback(tx);
    return { value: await (Array.isArray(result) ? Promise.all(result) : result) };
  } catch (error) {
    return { error };
  }
}

/** Knows whether the transaction is over. The driver tells by failing `begin`, some microtasks after the connection closed. */
interface Fence {
  isOver(): boolean;
  readonly end: () => void;
  /** Waits until a close that has just happened is known, if there was one in this pool. */
  look(): Promise<void>;
  /** Calls `execute` unless the transaction is over; in order, and at once unless a connection has just closed. */
  pass(query: DriverQuery, execute: (query: DriverQuery) => unknown): void;
}

function createFence(closes: () => number): Fence {
  let seen = closes();
  let isOver = false;
  let waiting: Promise<void> | undefined;

  const look = (): Promise<void> => {
    if (waiting === undefined && closes() === seen) return Promise.resolve();
    waiting ??= new Promise((resolve) => {
      seen = closes();
      setImmediate(() => {
        waiting = undefined;
        resolve();
      });
    });
    return waiting;
  };
  const pass: Fence["pass"] = (query, execute) => {
    if (waiting !== undefined || closes() !== seen) void look().then(() => pass(query, execute));
    else if (isOver) query.reject(connectionLost());
    else execute(query);
  };
  return {
    isOver: () => isOver,
    end: () => {
      isOver = true;
    },
    look,
    pass,
  };
}

function connectionLost(): Error {
  return Object.assign(
    new Error("the transaction is over: its connection was lost or its callback has ended"),
    {
      code: "CONNECTION_CLOSED",
    },
  );
}

/** The transaction's `sql` with every query it makes sent through the fence. */
function fenceSql(tx: TransactionSql, fence: Fence): TransactionSql {
  const guard = <Value>(value: Value): Value => {
    if (isDriverQuery(value)) {
      const execute = value.handler;
      value.handler = (query) => fence.pass(query, execute);
    }
    return value;
  };
  const call = tx as unknown as (...args: unknown[]) => unknown;
  const members = tx as unknown as Readonly<
    Record<"unsafe" | "file" | "savepoint", (...args: unknown[]) => unknown>
  >;
  return Object.assign((...args: unknown[]) => guard(call(...args)), tx, {
    unsafe: (...args: unknown[]) => guard(members.unsafe(...args)),
    file: (...args: unknown[]) => guard(members.file(...args)),
    savepoint: (...args: unknown[]) =>
      members.savepoint(
        ...args.map((arg) =>
          typeof arg === "function"
            ? (inner: TransactionSql) => (arg as Callback)(fenceSql(inner, fence))
            : arg,
        ),
      ),
  }) as unknown as TransactionSql;
}

export function isDriverQuery(value: unknown): value is DriverQuery {
  return value instanceof Promise && "handler" in value && typeof value.handler === "function";
}
