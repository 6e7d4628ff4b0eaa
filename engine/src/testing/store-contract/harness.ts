import type { TestContext } from "node:test";
import type { HistoryEntry } from "../../core/history.ts";
import type {
  AuditFinding,
  BatchWrites,
  ClaimedLane,
  HistoryRow,
  LaneStep,
  Store,
  StoreWriter,
} from "../../core/ports.ts";
import type { Run } from "../../core/run.ts";
import { TEST_BEGIN_MS, makeEntry, timerRowsOf } from "../rows.ts";

/** What the contract needs to know of an adapter. One harness is one test's own, empty database. */
export interface StoreHarness {
  /** The store as this engine opens it. Closed at the end of the test. */
  openStore(engineId: string): Promise<Store>;
  /** Lets this much time go by on the store's clock. */
  passMs(ms: number): Promise<void>;
  /** What a transactional participant does: adds to a counter in its own table. */
  increment(transaction: unknown, counter: string, by: number): Promise<void>;
  /** The committed value of a counter; 0 when there is none. */
  readCounter(counter: string): Promise<number>;
  /** Writes into a run's row by hand what nobody can read. */
  spoil(runId: string): Promise<void>;
}

export type OpenHarness = (t: TestContext) => Promise<StoreHarness>;

/** Long enough that no lease of a test ends unless the test waits for it. */
export const LEASE_MS = 60_000;

/** What a test is about of a batch. */
export interface GivenWrites extends Partial<Omit<BatchWrites, "history">> {
  readonly history?: readonly (Omit<HistoryRow, "createdAtMs"> & Partial<HistoryRow>)[];
}

/** An engine reduced to what the store sees of it: it claims lanes and moves them on, batch by batch. */
export class TestOwner {
  readonly store: Store;
  readonly engineId: string;
  readonly writer: StoreWriter;
  readonly #steps = new Map<number, LaneStep>();

  private constructor(store: Store, engineId: string, writer: StoreWriter) {
    this.store = store;
    this.engineId = engineId;
    this.writer = writer;
  }

  static async open(store: Store, engineId: string): Promise<TestOwner> {
    return new TestOwner(store, engineId, await store.openWriter("test"));
  }

  async claim(laneIds: readonly number[], leaseMs = LEASE_MS): Promise<readonly ClaimedLane[]> {
    const claimed = await this.store.claimLanes({ engineId: this.engineId, laneIds, leaseMs });
    for (const lane of claimed) this.#steps.set(lane.laneId, lane);
    return claimed;
  }

  /** The move of a lane by the next batch. */
  step(laneId: number, positions: Partial<LaneStep> = {}): LaneStep {
    const lane = this.#steps.get(laneId);
    if (lane === undefined) throw new Error(`lane ${laneId} was not claimed`);
    const { epoch, batchNumber, outboxPosition, publishedPosition } = lane;
    return { laneId, epoch, batchNumber, outboxPosition, publishedPosition, ...positions };
  }

  /** Writes with every table empty but those given, and a step of each lane the runs live in. History is born with its run. */
  writes(given: GivenWrites): BatchWrites {
    const births = new Map(given.runs?.map(({ runId, createdAtMs }) => [runId, createdAtMs]));
    const lanes = new Set((given.runs ?? []).map(({ lane }) => lane));
    return {
      lanes: [...lanes].map((laneId) => this.step(laneId)),
      runs: [],
      outbox: [],
      timersSet: [],
      timersCleared: [],
      deadLetters: [],
      deadLettersTaken: [],
      inboxTaken: [],
      inboxAdded: [],
      atMs: TEST_BEGIN_MS,
      ...given,
      history: (given.history ?? []).map((row) => ({
        createdAtMs: births.get(row.runId) ?? TEST_BEGIN_MS,
        ...row,
      })),
    };
  }

  async commit(given: GivenWrites): Promise<void> {
    const writes = this.writes(given);
    await this.writer.openBatch().commit(writes);
    for (const step of writes.lanes)
      this.#steps.set(step.laneId, { ...step, batchNumber: step.batchNumber + 1 });
  }

  /** Commits runs at version 1, each with its history and timers; those that were born together in one batch. */
  async start(...runs: readonly Run[]): Promise<void> {
    for (const [atMs, born] of Map.groupBy(runs, ({ createdAtMs }) => createdAtMs)) {
      await this.commit({
        runs: born,
        history: born.map((run) => ({ runId: run.runId, lane: run.lane, entries: [startEntry(run)] })),
        timersSet: born.flatMap(timerRowsOf),
        atMs,
      });
    }
  }
}

/** The entry of a run's start, with the commands that the run waits for. */
export function startEntry({
  state,
  commands,
  createdAtMs: atMs,
}: Pick<Run, "state" | "commands" | "createdAtMs">): HistoryEntry {
  const issued = commands.length === 0 ? {} : { commands: commands.map(({ id, type }) => ({ id, type })) };
  return makeEntry(1, { atMs, state, ...issued });
}

/** What an audit finds, beside that nobody has stored the definition of the flow whose runs these tests are about. */
export async function findingsOf(store: Store, quiet: boolean): Promise<readonly AuditFinding[]> {
  const { findings } = await store.audit({ quiet });
  return findings.filter(({ message }) => !message.startsWith("flow_versions has no row of flow "));
}

export interface OwnedStore {
  readonly harness: StoreHarness;
  readonly store: Store;
  readonly owner: TestOwner;
}

/** A deployment of four lanes, all of them held by the engine "a". */
export async function openOwned(t: TestContext, open: OpenHarness): Promise<OwnedStore> {
  const harness = await open(t);
  const store = await harness.openStore("a");
  await store.openDeployment(4);
  await store.heartbeat({ engineId: "a", address: "http://a", leaseMs: LEASE_MS });
  const owner = await TestOwner.open(store, "a");
  await owner.claim([0, 1, 2, 3]);
  return { harness, store, owner };
}
