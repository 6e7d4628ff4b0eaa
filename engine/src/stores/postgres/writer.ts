/**
 * The batches of some lanes, on a connection of their own.
 * B1  A batch that needs no transaction is one statement and one exchange. One that does keeps to the session it began with.
 * B2  Once the statement that commits is sent, an error is a refusal by the server, or the outcome is unknown. Nothing in between.
 * B3  While a participant holds its locks nobody waits for an answer that can be told in advance: a savepoint inside a transaction, and
 *     its release after statements that all went well, travel with what comes next. `begin` is waited for, since what follows a
 *     canceled one would commit by itself.
 * B4  A session that is given up while it may be busy is ended on the server too, so that its locks are free at once.
 */
import type { PendingQuery, Row } from "postgres";
import { engineError } from "../../core/errors.ts";
import { assertFenced } from "../../core/fence.ts";
import type { Batch, BatchWrites, DeadLetterRow, LoadedRun, StoreWriter } from "../../core/ports.ts";
import type { Births } from "./births.ts";
import { endSession } from "./end-sessions.ts";
import { readDeadLetter, selectDeadLettersOf } from "./list-dead-letters.ts";
import { findRuns } from "./find-runs.ts";
import { readSeenRun, seenRunColumns } from "./load-runs.ts";
import type { SeenRun } from "./load-runs.ts";
import { writerPrefix } from "./options.ts";
import type { ResolvedPostgresStoreOptions } from "./options.ts";
import { openParticipantTransaction } from "./participant-transaction.ts";
import type { PostgresPool } from "./pool.ts";
import { PostgresSession } from "./session.ts";
import { isRefusal, outcomeUnknown, storeUnavailable, toStoreError } from "./store-error.ts";
import { requireReadable } from "./unreadable.ts";
import { writeBatch } from "./write-batch.ts";

/** How long an owner that froze between two statements keeps what it has locked, when nobody takes over before. */
const IDLE_IN_TRANSACTION_MS = 10_000;

/** How long taking a participant's call back may wait for a statement of that call that is still running. */
const UNDO_MS = 1_000;

/** Postgres cuts an application name here. */
const NAME_BYTES_MAX = 63;

export class PostgresWriter implements StoreWriter {
  readonly #options: ResolvedPostgresStoreOptions;
  readonly #pool: PostgresPool;
  readonly #births: Births;
  readonly #applicationName: string;
  readonly #onClose: (writer: PostgresWriter) => void;
  #session: PostgresSession | null = null;
  #batch: PostgresBatch | null = null;
  #isClosed = false;

  constructor(
    options: ResolvedPostgresStoreOptions,
    pool: PostgresPool,
    births: Births,
    name: string,
    onClose: (writer: PostgresWriter) => void,
  ) {
    this.#options = options;
    this.#pool = pool;
    this.#births = births;
    this.#applicationName = `${writerPrefix(options.schema, options.engineId)}${name}`.slice(
      0,
      NAME_BYTES_MAX,
    );
    this.#onClose = onClose;
  }

  openBatch(): Batch {
    if (this.#isClosed) throw storeUnavailable("the writer is closed");
    if (this.#batch?.isOpen === true)
      throw engineError("FLOW_UNEXPECTED", "the writer has an open batch; commit it or roll it back first");
    this.#batch = new PostgresBatch(
      () => this.#openSession(),
      (session) => this.#giveUp(session),
      this.#births,
    );
    return this.#batch;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#batch?.rollback();
    await this.#session?.close();
    this.#onClose(this);
  }

  /** The session of the last batch, or a new one after it was lost. */
  async #openSession(): Promise<PostgresSession> {
    if (this.#session !== null && !this.#session.isLost) return this.#session;
    this.#session = await PostgresSession.open({
      store: this.#options,
      applicationName: this.#applicationName,
      settings: {
        synchronous_commit: "on",
        // A plan is kept while its tables grow: one made in their first minute would read them from end to end for a while.
        enable_seqscan: "off",
        idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      },
    });
    if (this.#isClosed) await this.#session.close();
    return this.#session;
  }

  #giveUp(session: PostgresSession): void {
    session.destroy();
    // When the database is away its sessions are gone too, or soon; either way there is nobody to tell.
    this.#pool.run((sql) => endSession(sql, session.pid, this.#applicationName)).catch(() => {});
  }
}

class PostgresBatch implements Batch {
  readonly #openSession: () => Promise<PostgresSession>;
  readonly #giveUp: (session: PostgresSession) => void;
  readonly #births: Births;
  #session: PostgresSession | null = null;
  #isInTransaction = false;
  #isOver = false;

  constructor(
    openSession: () => Promise<PostgresSession>,
    giveUp: (session: PostgresSession) => void,
    births: Births,
  ) {
    this.#openSession = openSession;
    this.#giveUp = giveUp;
    this.#births = births;
  }

  get isOpen(): boolean {
    return !this.#isOver;
  }

  /** Outside of the transaction, if none is open: only this lane's owner writes its runs, and the fence proves that we still are. */
  async loadRuns(runIds: readonly string[]): Promise<readonly LoadedRun[]> {
    this.#assertOpen();
    if (runIds.length === 0) return [];
    return requireReadable("run", (await this.#findSeen(runIds)).map(readSeenRun));
  }

  async #findSeen(runIds: readonly string[]): Promise<readonly SeenRun[]> {
    try {
      const session = await this.#pin();
      const { sql } = session;
      return await findRuns<SeenRun>(sql, runIds, seenRunColumns(sql), (query) => session.run(query));
    } catch (error) {
      // After a read that broke off the driver counts its rows into the next answer: the connection is of no use any more.
      if (this.#session !== null) this.#giveUp(this.#session);
      throw toStoreError(error);
    }
  }

  async loadDeadLetters(runIds: readonly string[]): Promise<readonly DeadLetterRow[]> {
    this.#assertOpen();
    if (runIds.length === 0) return [];
    try {
      const session = await this.#pin();
      const rows = await session.run(selectDeadLettersOf(session.sql, runIds));
      return requireReadable("dead letter", rows.map(readDeadLetter));
    } catch (error) {
      throw toStoreError(error);
    }
  }

  async withTransaction<T>(work: (transaction: unknown) => Promise<T>): Promise<T> {
    this.#assertOpen();
    const session = await this.#enter();
    const call = openParticipantTransaction(session);
    try {
      const answer = await session.orLost(work(call.transaction));
      call.close();
      await this.#leave(session, call.isSound);
      return answer;
    } catch (error) {
      call.close();
      if (session.isLost) throw storeUnavailable("the connection was lost", error);
      await this.#undo(session);
      throw error;
    }
  }

  async #enter(): Promise<PostgresSession> {
    try {
      const session = await this.#pin();
      const begin = this.#isInTransaction ? "" : "begin; ";
      const begun = session.run(
        session.sql.unsafe(`${begin}savepoint participant; set local enable_seqscan = on`),
      );
      if (this.#isInTransaction) begun.catch(ignore);
      else {
        this.#isInTransaction = true;
        await begun;
      }
      return session;
    } catch (error) {
      // Nobody knows how far it came, and a session in half a transaction is of no use to the next batch either.
      if (this.#session !== null) this.#giveUp(this.#session);
      throw toStoreError(error);
    }
  }

  /** Fails when a statement of the call has failed and the handler went on: its transaction takes nothing any more. */
  async #leave(session: PostgresSession, isSound: boolean): Promise<void> {
    const left = session.run(
      session.sql.unsafe("release savepoint participant; set local enable_seqscan = off"),
    );
    // Then only a lost connection can fail it, and the commit will say so.
    if (isSound) return void left.catch(ignore);
    try {
      await left;
    } catch (error) {
      throw engineError(
        "FLOW_HANDLER_FAILED",
        "the handler went on after one of its statements had failed; let the error through, or use a savepoint",
        { cause: error },
      );
    }
  }

  /** Never throws: whoever called wants to hear what the participant threw. A session that cannot be repaired is over. */
  async #undo(session: PostgresSession): Promise<void> {
    try {
      const undo = "rollback to savepoint participant; release savepoint participant";
      await session.run(session.sql.unsafe(undo), UNDO_MS);
    } catch {
      this.#giveUp(session);
    }
  }

  async commit(writes: BatchWrites): Promise<void> {
    this.#assertOpen();
    this.#isOver = true;
    const { session, statement } = await this.#prepare(writes);
    // Sent together: when the first is refused, the server answers the second with a rollback.
    const [written, committed] = await Promise.allSettled([
      session.run(statement),
      this.#isInTransaction ? session.run(session.sql.unsafe("commit")) : null,
    ]);
    if (session.isLost) this.#giveUp(session);
    if (written.status === "rejected") throw toCommitError(written.reason);
    if (committed.status === "rejected") throw toCommitError(committed.reason);
    if (committed.value !== null && committed.value.command !== "COMMIT")
      throw engineError("FLOW_UNEXPECTED", `the commit was answered with ${committed.value.command}`);
  }

  /** Whatever fails here, nothing was written. */
  async #prepare(writes: BatchWrites): Promise<{ session: PostgresSession; statement: PendingQuery<Row[]> }> {
    try {
      assertFenced(writes);
      const session = await this.#pin();
      await this.#births.ensure(birthsIn(writes));
      const statement = writeBatch(session.sql, writes);
      if (session.isLost) throw storeUnavailable("the connection was lost");
      return { session, statement };
    } catch (error) {
      await this.#abandon();
      throw toStoreError(error);
    }
  }

  async rollback(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#abandon();
  }

  async #abandon(): Promise<void> {
    const session = this.#session;
    if (session === null || !this.#isInTransaction || session.isLost) return;
    try {
      await session.run(session.sql.unsafe("rollback"), UNDO_MS);
    } catch {
      this.#giveUp(session);
    }
  }

  /** The session of this batch, from its first statement to its last. */
  async #pin(): Promise<PostgresSession> {
    return (this.#session ??= await this.#openSession());
  }

  #assertOpen(): void {
    if (this.#isOver) throw engineError("FLOW_UNEXPECTED", "the batch is over already; open another one");
  }
}

function ignore(): void {}

/** When the runs began whose first entry is in this batch. No other run has a period made for it: its own may have been dropped. */
function birthsIn({ history }: BatchWrites): Set<number> {
  const born = history.filter(({ entries }) => entries[0]?.version === 1);
  return new Set(born.map(({ createdAtMs }) => createdAtMs));
}

/** After the commit was sent only the server's own refusal says that it did not happen. */
function toCommitError(error: unknown): unknown {
  return isRefusal(error) ? toStoreError(error) : outcomeUnknown(error);
}
