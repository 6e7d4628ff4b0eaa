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

type Method = (...args: readonly unknown[]) => Promise<unknown>;

/** A store as one process reaches it: over a network that delays, loses, and now and then is the last thing the process sees. */
export function faultyStore(store: Store, network: NetworkPorts): Store {
  const { process } = network;
  const methods = Object.entries(store).filter(
    (entry): entry is [string, Method] => typeof entry[1] === "function",
  );
  const calls = methods.map(([name, work]): [string, Method] => [
    name,
    (...args) => process.call({ name, failure: AWAY }, () => work(...args)),
  ]);
  return {
    ...store,
    ...(Object.fromEntries(calls) as unknown as Omit<Store, "engineId">),
    openWriter: (name) =>
      process.call({ name: "openWriter", failure: AWAY }, () =>
        Promise.resolve(faultyWriter(store, name, network)),
      ),
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
