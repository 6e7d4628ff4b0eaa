/**
 * What a transactional participant gets: the batch's transaction as the driver's `sql`.
 * P1  It works as long as its call lasts. A handler that comes late is refused, even with a statement it has prepared before.
 * P2  Nothing is sent on a connection that is lost.
 * P3  It knows whether every statement of the call was answered, and answered well: only then need nobody ask the server.
 */
import type { PendingQuery, Row, TransactionSql } from "postgres";
import { engineError } from "../../core/errors.ts";
import { arrayTypeOf } from "./array-types.ts";
import type { PostgresSession } from "./session.ts";
import { storeUnavailable } from "./store-error.ts";

/** A statement as the driver runs it: on `then`, it hands itself to its handler. */
interface DriverQuery extends PendingQuery<Row[]> {
  handler: (query: DriverQuery) => unknown;
  reject(error: unknown): void;
}

type Work = (sql: TransactionSql) => unknown;

export interface ParticipantTransaction {
  readonly transaction: TransactionSql;
  /** Ends its use. */
  close(): void;
  /** Whether all that was sent has been answered and nothing has failed. */
  readonly isSound: boolean;
}

export function openParticipantTransaction(session: PostgresSession): ParticipantTransaction {
  let isOpen = true;
  let unanswered = 0;
  let failed = 0;
  const watch = (query: DriverQuery): void => {
    unanswered++;
    query.then(
      () => unanswered--,
      () => {
        unanswered--;
        failed++;
      },
    );
  };
  const guard = <T>(value: T): T => {
    if (!isDriverQuery(value)) return value;
    const execute = value.handler;
    value.handler = (query) => {
      if (!isOpen) query.reject(usedLate());
      else if (session.isLost) query.reject(storeUnavailable("the connection was lost"));
      else {
        watch(query);
        execute(query);
      }
    };
    return value;
  };
  const { sql } = session;
  const call = sql as unknown as (...args: readonly unknown[]) => unknown;
  const unsafe = sql.unsafe as (...args: readonly unknown[]) => unknown;
  const transaction = Object.assign((...args: readonly unknown[]) => guard(call(...args)), {
    unsafe: (...args: readonly unknown[]) => guard(unsafe(...args)),
    types: sql.types,
    typed: sql.typed,
    // As the driver's, which would need to have asked the server for its types.
    array: (values: readonly unknown[], element?: number) =>
      element === undefined ? values : sql.typed(values as never, arrayTypeOf(element) ?? 0),
    json: sql.json,
    savepoint: (...args: readonly [Work] | readonly [string, Work]) =>
      runInSavepoint(transaction, args.length === 1 ? args[0] : args[1]),
  }) as unknown as TransactionSql;
  return {
    transaction,
    close: () => (isOpen = false),
    get isSound() {
      return unanswered === 0 && failed === 0;
    },
  };
}

async function runInSavepoint(transaction: TransactionSql, work: Work): Promise<unknown> {
  await transaction.unsafe("savepoint nested");
  try {
    const result = await work(transaction);
    await transaction.unsafe("release savepoint nested");
    return result;
  } catch (error) {
    await transaction.unsafe("rollback to savepoint nested; release savepoint nested");
    throw error;
  }
}

function usedLate(): Error {
  return engineError(
    "FLOW_HANDLER_TIMEOUT",
    "the transaction was used after its call had ended; await everything before the handler returns",
  );
}

function isDriverQuery(value: unknown): value is DriverQuery {
  return value instanceof Promise && "handler" in value && typeof value.handler === "function";
}
