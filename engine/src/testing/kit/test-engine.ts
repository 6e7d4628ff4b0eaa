/**
 * A whole engine for tests: the real one, on a store in memory, in virtual time, in a process that can die. Nothing of it lives outside of
 * the test's memory, so there is nothing to close.
 */
import type { EventMessage, Json, JsonObject } from "@sluice/contracts/envelope";
import { createEngine } from "../../create-engine.ts";
import type { Engine, EngineParts } from "../../create-engine.ts";
import { durationMs } from "../../core/duration.ts";
import type { Duration } from "../../core/duration.ts";
import { hasCode } from "../../core/errors.ts";
import type { FlowDefinition } from "../../core/flow.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { AuditFinding } from "../../core/ports.ts";
import type { Run } from "../../core/run.ts";
import type { Flow } from "../../definition/define-flow.ts";
import { nextOccurrence } from "../../definition/next-occurrence.ts";
import type { EngineOptions } from "../../runtime/options.ts";
import { audit } from "../../stores/memory/audit.ts";
import { getRuns } from "../../stores/memory/load-runs.ts";
import { createMemoryDatabase } from "../../stores/memory/memory-database.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import { createMemoryStore } from "../../stores/memory/memory-store.ts";
import { historyOf } from "../../stores/memory/stored-run.ts";
import { Random } from "../simulation/random.ts";
import { CrashPlan } from "./crash-plan.ts";
import type { CrashMoment } from "./crash-plan.ts";
import { EngineProcess, LEASE_MS } from "./engine-process.ts";
import { failTest } from "./expectation.ts";
import type { FakeHost, FakeParticipant } from "./fake-participant.ts";
import type { CommandWord, FlowWords, ForReading, Word } from "./flow-words.ts";
import { mortalStore } from "./mortal-store.ts";
import { TestRun } from "./test-run.ts";
import { VirtualTime } from "./virtual-time.ts";

export interface TestEngineParts {
  /** Every version that runs may be pinned to, child flows included. New runs take the newest. */
  readonly flows: readonly FlowDefinition[];
  /** One for each channel that the flows name. */
  readonly participants?: readonly FakeParticipant[];
  /** Decides ids and the jitter of retries. @default 1 */
  readonly seed?: number;
  /** When time begins, as ISO 8601. @default "2026-01-01T00:00:00.000Z" */
  readonly beginAt?: string;
  readonly options?: Omit<EngineOptions, "lanes" | "writers" | "leaseMs" | "address">;
  /** Who hears what the engine logs. @default nobody */
  readonly log?: EngineParts["log"];
}
