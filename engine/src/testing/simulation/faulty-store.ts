import { engineError } from "../../core/errors.ts";
import type { Batch, BatchWrites, DeadLetterRow, LoadedRun, Store, StoreWriter } from "../../core/ports.ts";
import type { Coverage } from "./coverage.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { CallPoint, SimulatedProcess } from "./simulated-process.ts";

interface NetworkPorts {
  readonly process: SimulatedProcess;
  readonly scheduler: Scheduler;
  readonly coverage: Coverage;
  readonly random: Random;
}

/** A store as one process reaches it: over a network that delays, loses, and now and then is the last thing the process sees. */
export function faultyStore(store: Store, network: NetworkPorts): Store {
  const { process } = network;
  const method =
    <A extends readonly unknown[], R>(name: string, work: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      process.call({ name, failure: AWAY }, () => work(...args));
  return {
    engineId: store.engineId,
    openDeployment: method("openDeployment", (lanes) => store.openDeployment(lanes)),
    saveFlowVersions: method("saveFlowVersions", (versions) => store.saveFlowVersions(versions)),
    listFlowVersions: method("listFlowVersions", () => store.listFlowVersions()),
    heartbeat: method("heartbeat", (engine) => store.heartbeat(engine)),
    claimLanes: method("claimLanes", (claim) => store.claimLanes(claim)),
    leaveLanes: method("leaveLanes", (engineId, lanes) => store.leaveLanes(engineId, lanes)),
    leave: method("leave", (engineId) => store.leave(engineId)),
    openWriter: method("openWriter", (name) => Promise.resolve(faultyWriter(store, name, network))),
    listTimers: method("listTimers", (query) => store.listTimers(query)),
    appendInbox: method("appendInbox", (rows) => store.appendInbox(rows)),
    listInbox: method("listInbox", (lanes, limit) => store.listInbox(lanes, limit)),
    getRun: method("getRun", (runId) => store.getRun(runId)),
    getRuns: method("getRuns", (runIds) => store.getRuns(runIds)),
    listHistory: method("listHistory", (query) => store.listHistory(query)),
    listRuns: method("listRuns", (query) => store.listRuns(query)),
    countStates: method("countStates", (flow) => store.countStates(flow)),
    listLanes: method("listLanes", () => store.listLanes()),
    listDeadLetters: method("listDeadLetters", (query) => store.listDeadLetters(query)),
    totals: method("totals", () => store.totals()),
    addAction: method("addAction", (...args) => store.addAction(...args)),
    updateAction: method("updateAction", (...args) => store.updateAction(...args)),
    getAction: method("getAction", (...args) => store.getAction(...args)),
    listActions: method("listActions", (...args) => store.listActions(...args)),
    listOpenJobs: method("listOpenJobs", (...args) => store.listOpenJobs(...args)),
    addPause: method("addPause", (...args) => store.addPause(...args)),
    removePause: method("removePause", (...args) => store.removePause(...args)),
    listPauses: method("listPauses", (...args) => store.listPauses(...args)),
    listSchedules: method("listSchedules", (...args) => store.listSchedules(...args)),
    saveSchedule: method("saveSchedule", (...args) => store.saveSchedule(...args)),
    addApiKey: method("addApiKey", (...args) => store.addApiKey(...args)),
    endApiKey: method("endApiKey", (...args) => store.endApiKey(...args)),
    listApiKeys: method("listApiKeys", (...args) => store.listApiKeys(...args)),
    project: method("project", (rows, complete) => store.project(rows, complete)),
    listWritten: method("listWritten", (lanes) => store.listWritten(lanes)),
    maintain: method("maintain", () => store.maintain()),
    audit: method("audit", (options) => store.audit(options)),
    close: () => store.close(),
  };
}

/** Every batch has a connection of its own, so that one whose connection broke can still arrive after the next has begun. */
function faultyWriter(store: Store, name: string, network: NetworkPorts): StoreWriter {
  let current: FaultyBatch | null = null;
  return {
    openBatch: () => {
      if (current?.isOpen === true)
        throw engineError(
          "FLOW_UNEXPECTED",
          `writer ${name} opens a batch, and its former batch is still open`,
        );
      current = new FaultyBatch(
        store.openWriter(name).then((writer) => writer.openBatch()),
        network,
      );
      return current;
    },
    close: () => network.process.call({ name: "close" }, () => current?.rollback() ?? Promise.resolve()),
  };
}

/** How long a commit may still be on its way after its sender has heard that the connection is gone. */
const LATE_COMMIT_MS_MAX = 200;

class FaultyBatch implements Batch {
  readonly #opened: Promise<Batch>;
  readonly #network: NetworkPorts;
  #hasLeft = false;
  isOpen = true;

  constructor(opened: Promise<Batch>, network: NetworkPorts) {
    this.#opened = opened;
    this.#network = network;
    // A closed store opens nothing; whoever uses the batch hears of it.
    opened.catch(() => {});
  }

  loadRuns(runIds: readonly string[]): Promise<readonly LoadedRun[]> {
    return this.#network.process.call({ name: "loadRuns", failure: AWAY }, async () =>
      (await this.#opened).loadRuns(runIds),
    );
  }

  loadDeadLetters(runIds: readonly string[]): Promise<readonly DeadLetterRow[]> {
    return this.#network.process.call({ name: "loadDeadLetters", failure: AWAY }, async () =>
      (await this.#opened).loadDeadLetters(runIds),
    );
  }

  withTransaction<T>(work: (transaction: unknown) => Promise<T>): Promise<T> {
    const { process } = this.#network;
    return process.call({ name: "withTransaction", failure: AWAY }, async () =>
      (await this.#opened).withTransaction(async (transaction) => {
        // Its turn may come with the end of somebody else's batch, while this process is frozen or dead.
        await process.pass("enters the transaction");
        return work(transaction);
      }),
    );
  }

  async commit(writes: BatchWrites): Promise<void> {
    const { process, coverage } = this.#network;
    const failure = {
      before: () => this.#loseCommit(writes),
      after: () => {
        coverage.count("commit unknown, applied");
        return unknown();
      },
    };
    try {
      await process.call({ name: "commit", failure }, async () => (await this.#opened).commit(writes));
    } finally {
      this.isOpen = false;
    }
  }

  /** A commit that did not arrive: its sender knows so, or does not, or it does arrive after all, when nobody waits for it. */
  #loseCommit(writes: BatchWrites): Error {
    const { coverage, random, scheduler, process } = this.#network;
    const fate = random.pick(["away", "unknown", "late"] as const);
    if (fate === "away") return away();
    if (fate === "unknown") coverage.count("commit unknown, not applied");
    else {
      coverage.count("commit late");
      this.#hasLeft = true;
      const commit = async (): Promise<void> => (await this.#opened).commit(writes);
      scheduler.schedule(random.between(0, LATE_COMMIT_MS_MAX), `${process.name} commit → late`, () => {
        commit().catch(() => {});
      });
    }
    return unknown();
  }

  async rollback(): Promise<void> {
    this.isOpen = false;
    if (this.#hasLeft) return;
    await this.#network.process.call({ name: "rollback" }, async () => (await this.#opened).rollback());
  }
}

const away = (): Error => engineError("FLOW_STORE_UNAVAILABLE", "the simulated database is away");
const unknown = (): Error =>
  engineError("FLOW_OUTCOME_UNKNOWN", "the simulated connection broke during a commit");

/** The port knows one word for both; only a commit says whether anything can have happened. */
const AWAY: NonNullable<CallPoint["failure"]> = { before: away, after: away };
