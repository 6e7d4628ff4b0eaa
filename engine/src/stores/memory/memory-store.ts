import { engineError } from "../../core/errors.ts";
import type { Store } from "../../core/ports.ts";
import { audit } from "./audit.ts";
import { claimLanes, leave, leaveLanes } from "./claim-lanes.ts";
import { listFlowVersions, openDeployment, saveFlowVersions } from "./deployment.ts";
import { dropPeriods } from "./drop-periods.ts";
import { heartbeat, listLanes } from "./heartbeat.ts";
import { listDeadLetters } from "./list-dead-letters.ts";
import { listHistory } from "./list-history.ts";
import { listRuns } from "./list-runs.ts";
import { getRuns } from "./load-runs.ts";
import type { MemoryDatabase } from "./memory-database.ts";
import { openMemoryWriter } from "./memory-writer.ts";
import {
  addAction,
  addApiKey,
  addPause,
  endApiKey,
  getAction,
  listActions,
  listApiKeys,
  listOpenJobs,
  listPauses,
  listSchedules,
  removePause,
  saveSchedule,
  updateAction,
} from "./operations.ts";
import { countStates, listWritten, project } from "./project.ts";
import { appendInbox, listInbox, listTimers, totals } from "./queues.ts";

export interface MemoryStoreOptions {
  /** Stores of one database see the same rows. */
  readonly database: MemoryDatabase;
  /** Whose store this is: a takeover ends the transactions of the engine it takes from. */
  readonly engineId: string;
}

/** A store in this process's memory: every promise of the port except to survive the process. Synchronous inside. */
export function createMemoryStore({ database, engineId }: MemoryStoreOptions): Store {
  const writers = new Set<{ end(): void }>();
  let isClosed = false;
  /** Runs a method against the database; what it throws becomes a rejection, as with a store that is far away. */
  const method =
    <A extends readonly unknown[], R>(work: (database: MemoryDatabase, ...args: A) => R) =>
    (...args: A): Promise<R> =>
      new Promise((resolve) => {
        if (isClosed) throw engineError("FLOW_STORE_UNAVAILABLE", "the store is closed");
        resolve(work(database, ...args));
      });
  return {
    engineId,
    openDeployment: method(openDeployment),
    saveFlowVersions: method(saveFlowVersions),
    listFlowVersions: method(listFlowVersions),
    heartbeat: method(heartbeat),
    claimLanes: method(claimLanes),
    leaveLanes: method(leaveLanes),
    leave: method(leave),
    openWriter: method((_database, name: string) => {
      const writer = openMemoryWriter(database, engineId, name, () => writers.delete(writer));
      writers.add(writer);
      return writer;
    }),
    listTimers: method(listTimers),
    appendInbox: method(appendInbox),
    listInbox: method(listInbox),
    getRun: method((_database, runId: string) => getRuns(database, [runId])[0] ?? null),
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
    project: method(project),
    listWritten: method(listWritten),
    maintain: method(() => undefined),
    dropPeriods: method(dropPeriods),
    audit: method(audit),
    close: () => {
      isClosed = true;
      for (const writer of writers) writer.end();
      writers.clear();
      return Promise.resolve();
    },
  };
}
