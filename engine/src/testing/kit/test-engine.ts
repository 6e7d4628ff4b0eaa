/**
 * A whole engine for tests: the real one, on a store in memory, in virtual time, in a process that can die. Nothing of it lives outside of
 * the test's memory, so there is nothing to close.
 */
import type { EventMessage, JsonObject } from "@sluice/contracts/envelope";
import { createEngine } from "../../create-engine.ts";
import type { Engine, EngineParts } from "../../create-engine.ts";
import { durationMs } from "../../core/duration.ts";
import type { Duration } from "../../core/duration.ts";
import { hasCode } from "../../core/errors.ts";
import type { FlowDefinition } from "../../core/flow.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { AuditFinding, Store } from "../../core/ports.ts";
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
import type { Difference } from "./expectation.ts";
import type { FakeHost, FakeParticipant } from "./fake-participant.ts";
import type { FlowWords, ForReading } from "./flow-words.ts";
import { mortalStore } from "./mortal-store.ts";
import { TestRun } from "./test-run.ts";
import type { RunHost } from "./test-run.ts";
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

/**
 * Starts an engine for a test.
 *
 * ```ts
 * const engine = await testEngine({ flows: [purchase, refund], participants: [tickets, payments] });
 * const run = await engine.startRun(purchase, { data: order });
 * await engine.advance("15m");
 * run.expect({ outcome: "expired" });
 * ```
 * @throws as `createEngine`: FLOW_BAD_DEFINITION, FLOW_UNKNOWN_CHANNEL (invalid) …
 * @see docs/guides/testing-flows.md
 */
export async function testEngine(parts: TestEngineParts): Promise<TestEngine> {
  const engine = new TestEngine(parts);
  await engine.restart();
  return engine;
}

/** A run to be started. */
export interface TestStart<T extends FlowWords> {
  readonly data: ForReading<T["Data"]>;
  readonly key?: string;
}

/** One start of the engine. */
interface Serving {
  readonly engine: Engine;
  readonly process: EngineProcess;
}

/** @see testEngine */
export class TestEngine implements RunHost {
  readonly #parts: TestEngineParts;
  readonly #database: MemoryDatabase;
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #crashes = new CrashPlan();
  readonly #complaints: string[] = [];
  #flows: readonly FlowDefinition[];
  #starts = 0;
  #deaths = 0;
  /** Null while the engine is stopped. */
  #present: Promise<Serving> | null = null;
  #restarted = Promise.withResolvers<void>();

  constructor(parts: TestEngineParts) {
    this.#parts = parts;
    this.#flows = parts.flows;
    this.#random = new Random(parts.seed ?? 1);
    this.#time = new VirtualTime(Date.parse(parts.beginAt ?? BEGIN_AT), () => this.#longestHistory());
    this.#database = createMemoryDatabase({ nowMs: () => this.#time.nowMs, secret: "test" });
  }

  /** Milliseconds since 1970, in virtual time. */
  get nowMs(): number {
    return this.#time.nowMs;
  }

  /** How often the engine has died. */
  get deaths(): number {
    return this.#deaths;
  }

  /** Starts a run and lets everything happen that follows at once. */
  async startRun<T extends FlowWords>(flow: Flow<T>, { data, key }: TestStart<T>): Promise<TestRun<T>> {
    const idempotencyKey = this.newId();
    const start = { data: data as JsonObject, idempotencyKey, ...(key === undefined ? {} : { key }) };
    const { runId } = await this.ask(({ client }) => client.start(flow.name, start));
    return new TestRun<T>(this, runId);
  }

  /** All runs of a flow, in the order of their starts: also those that a schedule or another run has started. */
  runsOf<T extends FlowWords>(flow: Flow<T>): readonly TestRun<T>[] {
    return this.listRuns()
      .filter((run) => run.flow === flow.name)
      .map(({ runId }) => new TestRun<T>(this, runId));
  }

  /** Lets time pass, and everything happen that is due in it. */
  advance(duration: Duration): Promise<void> {
    return this.#time.advance(durationMs(duration));
  }

  /**
   * Asks the engine for something it has no shorter word for here, and lets everything happen that follows at once. If it dies meanwhile the
   * next one is asked again, so the question needs an id that makes a repeat harmless.
   */
  ask<A>(question: (engine: Engine) => Promise<A>): Promise<A> {
    return this.#time.finish(this.#persist(question));
  }

  /**
   * Lets the engine die as by SIGKILL when it comes to this moment next, with `about` only where that event or command is at stake. A new one
   * takes over at once, where a deployment waits for the lease to end; callers that got no answer repeat what they have asked.
   */
  crashHere(moment: CrashMoment, about?: string): void {
    this.#crashes.arm(moment, about ?? null);
  }

  /** Lets the engine die now. */
  async crash(): Promise<void> {
    const { process } = await this.#time.finish(this.#requirePresent());
    process.crash();
    await this.#time.finish(this.#requirePresent());
  }

  /** Stops the engine in good order. Time can pass without it. */
  async stop(): Promise<void> {
    await this.ask((engine) => engine.stop());
    const { process } = await this.#time.finish(this.#requirePresent());
    this.#present = null;
    process.crash();
  }

  /** Starts the engine again, stopping it first if it runs, with these versions or flows beside those it has served. */
  async restart(...flows: readonly FlowDefinition[]): Promise<void> {
    if (this.#present !== null) await this.stop();
    this.#flows = [...this.#flows, ...flows];
    this.#present = this.#boot();
    try {
      await this.#time.finish(this.#present);
    } catch (error) {
      this.#present = null;
      throw error;
    }
    this.#restarted.resolve();
    this.#restarted = Promise.withResolvers();
  }

  /**
   * Fails where the stored rows break an invariant (I1, I3, I6 …), whatever has happened to the engine.
   * @throws AssertionError
   */
  audit(): void {
    const { findings } = audit(this.#database, { quiet: false });
    const lines = findings.map(({ invariant, runId, message }: AuditFinding) => `  ${invariant}  ${runId ?? "-"}  ${message}`);
    if (lines.length > 0) failTest("the audit has findings", lines, this.#longestHistory(), this.audit);
  }

  // -------------------------------------------------------------- what its runs need

  newId(): string {
    return this.#random.uuid();
  }

  listRuns(): readonly Run[] {
    return getRuns(this.#database, [...this.#database.runs.keys()]);
  }

  requireRun(runId: string): Run {
    const [run] = getRuns(this.#database, [runId]);
    return run ?? failTest(`there is no run ${runId}`, [], [], this.requireRun);
  }

  historyOf(runId: string): readonly HistoryEntry[] {
    return historyOf(this.#database, runId);
  }

  mishaps(): readonly Difference[] {
    const { left } = this.#crashes;
    const unmet = left === null ? [] : [{ place: "crashHere", found: "not reached", expected: left }];
    return [...unmet, ...this.#complaints.map((found) => ({ place: "participant", found, expected: "a reaction" }))];
  }

  // -------------------------------------------------------------- one engine after the other

  async #boot(): Promise<Serving> {
    const { options = {}, participants = [], log } = this.#parts;
    const memory = createMemoryStore({ database: this.#database, engineId: `engine-${++this.#starts}` });
    const process: EngineProcess = new EngineProcess({
      time: this.#time,
      random: this.#random,
      crashes: this.#crashes,
      nextSightMs: (afterMs) => this.#nextSightMs(afterMs),
      died: () => this.#died(memory),
    });
    const listener = {
      committed: () => {
        this.#time.committed();
        process.heart.arrange();
      },
      waits: () => process.heart.wake(),
    };
    const host = this.#hostIn(process);
    const engine = await createEngine({
      store: mortalStore(memory, process, listener),
      flows: this.#flows,
      participants: participants.map((participant) => participant.open(host)),
      clock: process.clock,
      options: { ...options, lanes: LANES, writers: 1, leaseMs: LEASE_MS },
      ...(log === undefined ? {} : { log }),
    });
    await engine.start();
    return { engine, process };
  }

  /** Its sessions end with it, and its lanes are free. Unless it was stopped the next one starts. */
  #died(memory: Store): void {
    void createMemoryStore({ database: this.#database, engineId: memory.engineId }).leave(memory.engineId);
    void memory.close();
    if (this.#present === null) return;
    this.#deaths++;
    const taken = new Promise<void>((resolve) => void this.#time.scheduler.schedule(0, "takeover", resolve));
    this.#present = taken.then(() => this.#boot());
  }

  async #persist<A>(question: (engine: Engine) => Promise<A>): Promise<A> {
    for (;;) {
      const { engine, process } = await this.#requirePresent();
      const ended = await Promise.race([question(engine).then(toAnswer), process.death]);
      if (ended !== undefined) return ended.answer;
    }
  }

  #requirePresent(): Promise<Serving> {
    return this.#present ?? Promise.reject(new Error("the engine is stopped; restart it before you ask it for anything"));
  }

  #hostIn(process: EngineProcess): FakeHost {
    return {
      process,
      time: this.#time,
      database: this.#database,
      tell: (runId, event) => void this.#tell(runId, event),
      complain: (message) => void this.#complaints.push(message),
    };
  }

  /** What a participant says by itself; what came too late the history shows. */
  async #tell(runId: string, event: EventMessage): Promise<void> {
    while (this.#present === null) await this.#restarted.promise;
    try {
      await this.#persist(({ client }) => client.send(runId, event));
    } catch (error) {
      if (!hasCode(error, "FLOW_UNEXPECTED_EVENT") && !hasCode(error, "FLOW_RUN_FINAL"))
        this.#complaints.push(`a late answer was refused: ${String(error)}`);
    }
  }

  #nextSightMs(afterMs: number): number {
    const timers = [...this.#database.timers.values()].map(({ dueAtMs }) => dueAtMs).filter((dueAtMs) => dueAtMs > afterMs);
    const schedules = this.#flows.flatMap(({ schedule }) =>
      schedule === undefined ? [] : (nextOccurrence({ cron: schedule.cron, timeZone: schedule.timeZone ?? "UTC" }, afterMs) ?? []),
    );
    return Math.min(...timers, ...schedules);
  }

  #longestHistory(): readonly HistoryEntry[] {
    const runs = this.listRuns().toSorted((a, b) => b.version - a.version);
    return runs[0] === undefined ? [] : this.historyOf(runs[0].runId);
  }
}

const BEGIN_AT = "2026-01-01T00:00:00.000Z";
/** Enough for runs to live in different ones. */
const LANES = 4;

function toAnswer<A>(answer: A): { readonly answer: A } {
  return { answer };
}

export interface TestRunParts<T extends FlowWords> extends Omit<TestEngineParts, "flows">, TestStart<T> {
  /** Child flows, and other versions. */
  readonly flows?: readonly FlowDefinition[];
}

/**
 * Starts one run on an engine of its own.
 *
 * ```ts
 * const run = await testRun(purchase, { data: order, participants: [tickets] });
 * await run.send(event("PaymentConfirmed", { chargeId: "charge-1" }));
 * run.expect({ outcome: "closed", path: ["payment-pending", "paid", "closed"] });
 * ```
 * @throws as `testEngine` and `Client.start`
 */
export async function testRun<T extends FlowWords>(
  flow: Flow<T>,
  { flows = [], data, key, ...parts }: TestRunParts<T>,
): Promise<TestRun<T>> {
  const engine = await testEngine({ ...parts, flows: [flow, ...flows] });
  return engine.startRun(flow, { data, ...(key === undefined ? {} : { key }) });
}
