/**
 * The store in Postgres. Owns: the engine's tables, a pool for single statements, and a session per writer. Does not own: migrations,
 * which somebody applies before, and the server.
 * G1  The rows of `lanes` are the fence. A batch moves all its lanes from (epoch, batch_number) to the next in the statement that writes
 *     it, or writes nothing. Only a claim raises an epoch, and it answers positions read after that commit.
 * G2  Leases say when another engine may try, by the database's clock; that nobody writes twice is the fence's work alone.
 * G3  A heartbeat and the projection touch no row of `lanes`, so neither waits for a batch.
 * G4  Runs and lanes have no index on what changes at a transition; lists read `run_search`, which `project` alone writes.
 * G5  History and outbox are only ever added to. Periods of runs and days of the outbox are attached ahead and dropped whole.
 * G6  A transaction ends with its connection, and every wait for the database ends.
 */
import type { Sql } from "postgres";
import type { InboxRow, Store } from "../../core/ports.ts";
import { addAction, getAction, listActions, listOpenJobs, updateAction } from "./actions.ts";
import { addApiKey, endApiKey, listApiKeys } from "./api-keys.ts";
import { audit } from "./audit.ts";
import { claimLanes } from "./claim-lanes.ts";
import { Births } from "./births.ts";
import { countStates } from "./count-states.ts";
import { COUNT_MS, dropPeriods } from "./drop-periods.ts";
import { listFlowVersions, saveFlowVersions } from "./flow-versions.ts";
import { getRuns, getStoredRuns } from "./get-runs.ts";
import { readRun } from "./read-run.ts";
import { heartbeat, listLanes } from "./heartbeat.ts";
import { Inbox, listInbox } from "./inbox.ts";
import { leave, leaveLanes } from "./leave-lanes.ts";
import { listDeadLetters } from "./list-dead-letters.ts";
import { listHistory } from "./list-history.ts";
import { listRuns } from "./list-runs.ts";
import { listTimers } from "./list-timers.ts";
import { listWritten } from "./list-written.ts";
import { openDeployment } from "./open-deployment.ts";
import { maintainOutbox } from "./outbox-days.ts";
import { resolvePostgresStoreOptions } from "./options.ts";
import type { PostgresStoreOptions } from "./options.ts";
import { addPause, listPauses, removePause } from "./pauses.ts";
import { PostgresPool } from "./pool.ts";
import { projectStored } from "./project.ts";
import { listSchedules, saveSchedule } from "./schedules.ts";
import { RunReader } from "./run-reader.ts";
import { PostgresSession } from "./session.ts";
import type { SessionOptions } from "./session.ts";
import { storeUnavailable, toStoreError } from "./store-error.ts";
import { HistorySummary } from "./summarize-history.ts";
import { totals } from "./totals.ts";
import { PostgresWriter } from "./writer.ts";

/**
 * A store in a Postgres of version 14 or newer, in a schema to which the migrations have been applied. Connects when it is first used.
 * @throws FLOW_BAD_OPTION (invalid)
 */
export function createPostgresStore(options: PostgresStoreOptions): Store {
  const resolved = resolvePostgresStoreOptions(options);
  const pool = new PostgresPool(resolved);
  const inbox = new Inbox();
  const births = new Births((work) => pool.run(work));
  const summary = new HistorySummary();
  const writers = new Set<PostgresWriter>();
  const sessions = new Set<PostgresSession>();
  let isClosed = false;
  /** Makes a method of what works with a connection. */
  const method =
    <A extends readonly unknown[], R>(work: (sql: Sql, ...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      pool.run((sql) => work(sql, ...args));
  const onSession = async <T>(
    purpose: SessionPurpose,
    work: (session: PostgresSession) => Promise<T>,
  ): Promise<T> => {
    const session = await PostgresSession.open({ store: resolved, ...purpose });
    sessions.add(session);
    try {
      if (isClosed) throw storeUnavailable("the store is closed");
      return await work(session);
    } catch (error) {
      throw toStoreError(error);
    } finally {
      sessions.delete(session);
      session.destroy();
    }
  };
  const reader = new RunReader(method(getStoredRuns), readRun);
  return {
    engineId: resolved.engineId,
    openDeployment: method(openDeployment),
    saveFlowVersions: method(saveFlowVersions),
    listFlowVersions: method(listFlowVersions),
    heartbeat: method(heartbeat),
    claimLanes: method((sql, claim: Parameters<Store["claimLanes"]>[0]) =>
      claimLanes(sql, resolved.schema, claim),
    ),
    leaveLanes: method(leaveLanes),
    leave: method(leave),
    openWriter: (name) => {
      if (isClosed) return Promise.reject(storeUnavailable("the store is closed"));
      const writer = new PostgresWriter(resolved, pool, births, name, (closed) => writers.delete(closed));
      writers.add(writer);
      return Promise.resolve(writer);
    },
    listTimers: method(listTimers),
    appendInbox: method((sql, rows: readonly InboxRow[], rowsMax?: number) =>
      inbox.append(sql, rows, rowsMax),
    ),
    listInbox: method(listInbox),
    getRun: (runId) => reader.get(runId),
    getRuns: method(getRuns),
    listHistory: method(listHistory),
    listRuns: method(listRuns),
    countStates: method(countStates),
    listLanes: method(listLanes),
    listDeadLetters: method(listDeadLetters),
    totals: method(totals),
    addAction: method(addAction),
    updateAction: method(updateAction),
    getAction: method(getAction),
    listActions: method(listActions),
    listOpenJobs: method(listOpenJobs),
    addPause: method(addPause),
    removePause: method(removePause),
    listPauses: method(listPauses),
    listSchedules: method(listSchedules),
    saveSchedule: method(saveSchedule),
    addApiKey: method(addApiKey),
    endApiKey: method(endApiKey),
    listApiKeys: method(listApiKeys),
    project: (rows, complete) => projectStored((work) => pool.run(work), rows, complete),
    listWritten: method(listWritten),
    maintain: method(async (sql, retentionDays: number | null) => {
      await births.prepare(sql, retentionDays);
      await maintainOutbox(sql);
    }),
    summarize: async () => {
      const grown = await pool.run((sql) => summary.listGrown(sql));
      if (grown.length > 0) await onSession(UPKEEP, (session) => summary.update(session, grown));
    },
    dropPeriods: (retentionDays) => onSession(UPKEEP, (session) => dropPeriods(session, retentionDays)),
    audit: (scope) => onSession(AUDIT, (session) => audit(session, scope)),
    close: async () => {
      isClosed = true;
      // What takes minutes is not waited for.
      for (const session of sessions) session.destroy();
      await Promise.all([...writers].map((writer) => writer.close()));
      await pool.close();
    },
  };
}

/** What reads much and for long has a session of its own, so that it takes no connection from anybody. */
const AUDIT: SessionPurpose = { applicationName: "sluice-audit", settings: {} };
const UPKEEP: SessionPurpose = {
  applicationName: "sluice-upkeep",
  settings: { statement_timeout: COUNT_MS, enable_seqscan: "off" },
};

type SessionPurpose = Pick<SessionOptions, "applicationName" | "settings">;
