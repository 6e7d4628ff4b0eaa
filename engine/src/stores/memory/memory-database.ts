/**
 * What Postgres is to the other store: the rows that several engines of one process share.
 * M1  Rows are kept as JSON text or frozen, so that nobody holds a part of them by reference.
 * M2  A commit validates first and then applies without awaiting: others see all of it or nothing.
 * M3  One batch at a time is inside the participants' tables, as if all participants touched one hot row.
 * M4  No clock, timer or randomness but what is handed in, so that a simulation can replay it.
 */
import { randomBytes } from "node:crypto";
import type {
  ApiKeyRow,
  EngineRow,
  FlowVersionRow,
  OutboxRow,
  PauseRow,
  RunRow,
  StateCount,
  TimerRow,
} from "../../core/ports.ts";
import { TurnQueue } from "./turn-queue.ts";

export interface MemoryDatabaseOptions {
  /** The store's clock: milliseconds since 1970 UTC. */
  readonly nowMs: () => number;
  /** What the engines of the deployment share. @default random */
  readonly secret?: string;
}

export interface MemoryLane {
  readonly laneId: number;
  ownerId: string | null;
  epoch: number;
  batchNumber: number;
  outboxPosition: number;
  publishedPosition: number;
  projectedAtMs: number;
}

export interface MemoryRun {
  readonly lane: number;
  /** The run as JSON, without `data`: its `dataText` says the same. */
  readonly text: string;
  readonly writtenAtMs: number;
}

/** A batch that is inside a transaction, as far as others may end it. */
export interface OpenTransaction {
  readonly engineId: string;
  end(): void;
}

export interface MemoryInboxRow {
  readonly arrival: number;
  /** The row as JSON. */
  readonly text: string;
}

export interface MemoryDatabase {
  readonly nowMs: () => number;
  readonly secret: string;
  readonly flowVersions: Map<string, FlowVersionRow>;
  /** Each with its lease, which is that of all its lanes. */
  readonly engines: Map<string, Omit<EngineRow, "engineId"> & { readonly leaseUntilMs: number }>;
  /** Empty until a deployment is made. */
  readonly lanes: MemoryLane[];
  readonly runs: Map<string, MemoryRun>;
  /** Entries as JSON, by run. */
  readonly history: Map<string, string[]>;
  /** By lane, in order of position; settled rows are gone. */
  readonly outbox: Map<number, readonly OutboxRow[]>;
  readonly timers: Map<string, TimerRow>;
  /** By id, in order of arrival. */
  readonly inbox: Map<string, MemoryInboxRow>;
  /** The arrival of the latest row that the inbox has got. */
  readonly latest: { arrival: number };
  /** Dead letters as JSON, by run and version. */
  readonly deadLetters: Map<string, string>;
  /** Actions as JSON, by id. */
  readonly actions: Map<string, string>;
  readonly pauses: Map<string, PauseRow>;
  /** Last due time by flow. */
  readonly schedules: Map<string, number>;
  readonly apiKeys: Map<string, ApiKeyRow>;
  readonly projection: Map<string, RunRow>;
  readonly stateCounts: Map<string, StateCount>;
  /** The participants' tables: JSON by key. */
  readonly values: Map<string, string>;
  readonly transactions: Set<OpenTransaction>;
  readonly turns: TurnQueue;
}

/** An empty database in the memory of this process. */
export function createMemoryDatabase(options: MemoryDatabaseOptions): MemoryDatabase {
  return {
    nowMs: options.nowMs,
    secret: options.secret ?? randomBytes(32).toString("base64url"),
    flowVersions: new Map(),
    engines: new Map(),
    lanes: [],
    runs: new Map(),
    history: new Map(),
    outbox: new Map(),
    timers: new Map(),
    inbox: new Map(),
    latest: { arrival: 0 },
    deadLetters: new Map(),
    actions: new Map(),
    pauses: new Map(),
    schedules: new Map(),
    apiKeys: new Map(),
    projection: new Map(),
    stateCounts: new Map(),
    values: new Map(),
    transactions: new Set(),
    turns: new TurnQueue(),
  };
}
