/**
 * A whole engine for tests: the real one, on a store in memory, in virtual time, in a process that can die. Nothing of it lives outside of
 * the test's memory, so there is nothing to close.
 */
import type { JsonObject } from "@sluice/contracts/envelope";
import type { Engine, EngineParts } from "../../create-engine.ts";
import { durationMs } from "../../core/duration.ts";
import type { Duration } from "../../core/duration.ts";
import type { FlowDefinition } from "../../core/flow.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { Run } from "../../core/run.ts";
import type { Flow } from "../../definition/define-flow.ts";
import type { EngineOptions } from "../../runtime/options.ts";
import { audit } from "../../stores/memory/audit.ts";
import { getRuns } from "../../stores/memory/load-runs.ts";
import { createMemoryDatabase } from "../../stores/memory/memory-database.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import { historyOf } from "../../stores/memory/stored-run.ts";
import { Random } from "../simulation/random.ts";
import { CrashPlan } from "./crash-plan.ts";
import type { CrashMoment } from "./crash-plan.ts";
import { failTest } from "./expectation.ts";
import type { Difference } from "./expectation.ts";
import type { FakeParticipant } from "./fake-participant.ts";
import type { FlowWords, ForReading } from "./flow-words.ts";
import { Succession } from "./succession.ts";
import type { FixedOption } from "./succession.ts";
import { TestRun } from "./test-run.ts";
import type { RunHost } from "./test-run.ts";
import { VirtualTime } from "./virtual-time.ts";

export interface TestEngineParts {
  /** Every version that runs may be pinned to, child flows included. New runs take the newest. */
  readonly flows: readonly FlowDefinition[];
  /** One for each channel that the flows name. */
  readonly participants?: readonly FakeParticipant[];
  /** Decides the ids of runs and the jitter of retries. @default 1 */
  readonly seed?: number;
  /** When time begins, as ISO 8601. @default "2026-01-01T00:00:00.000Z" */
  readonly beginAt?: string;
  readonly options?: Omit<EngineOptions, FixedOption>;
  /** Who hears what the engine logs. @default nobody */
  readonly log?: EngineParts["log"];
}

/** A run to be started. */
export interface TestStart<T extends FlowWords> {
  readonly data: ForReading<T["Data"]>;
  readonly key?: string;
}

const BEGIN_AT = "2026-01-01T00:00:00.000Z";

/**
 * Starts an engine for a test.
 *
 * ```ts
 * const engine = await testEngine({ flows: [purchase, refund], participants: [tickets, payments] });
 * const run = await engine.startRun(purchase, { data: order });
 * await engine.advance("15m");
 * run.expect({ outcome: "expired" });
 * ```
 * @throws as `createEngine`: FLOW_BAD_DEFINITION, FLOW_UNKNOWN_CHANNEL, FLOW_BAD_OPTION (invalid)
 * @see docs/guides/testing-flows.md
 */
export async function testEngine(parts: TestEngineParts): Promise<TestEngine> {
  const engine = new TestEngine(parts);
  await engine.restart(...parts.flows);
  return engine;
}

/** @see testEngine */
export class TestEngine {
  readonly #database: MemoryDatabase;
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #crashes = new CrashPlan();
  readonly #complaints: string[] = [];
  readonly #succession: Succession;
  readonly #host: RunHost;

  constructor({
    participants = [],
    seed = 1,
    beginAt = BEGIN_AT,
    options = {},
    log,
  }: Omit<TestEngineParts, "flows">) {
    this.#time = new VirtualTime(parseBegin(beginAt), () => this.#longestHistory());
    this.#database = createMemoryDatabase({ nowMs: () => this.#time.nowMs, secret: "test" });
    this.#random = new Random(seed);
    this.#succession = new Succession({
      database: this.#database,
      time: this.#time,
      random: this.#random,
      crashes: this.#crashes,
      participants,
      options,
      log,
      complain: (message) => void this.#complaints.push(message),
    });
    this.#host = this.#createHost();
  }

  /** Milliseconds since 1970, in virtual time. */
  get nowMs(): number {
    return this.#time.nowMs;
  }

  /** How often the engine has died. */
  get deaths(): number {
    return this.#succession.deaths;
  }

  /**
   * Starts a run and lets everything happen that follows at once.
   * @throws as `Client.start`
   */
  async startRun<T extends FlowWords>(flow: Flow<T>, { data, key }: TestStart<T>): Promise<TestRun<T>> {
    const idempotencyKey = this.#random.uuid();
    const start = { data: data as JsonObject, idempotencyKey, ...(key === undefined ? {} : { key }) };
    const { runId } = await this.ask(({ client }) => client.start(flow.name, start));
    return new TestRun<T>(this.#host, runId);
  }

  /** All runs of a flow in the order of their starts, also those that a schedule or another run has started. */
  runsOf<T extends FlowWords>(flow: Flow<T>): readonly TestRun<T>[] {
    const runs = this.#listRuns().filter((run) => run.flow === flow.name);
    return runs.map(({ runId }) => new TestRun<T>(this.#host, runId));
  }

  /** Lets time pass, and everything happen that is due in it. */
  advance(duration: Duration): Promise<void> {
    return this.#time.advance(durationMs(duration));
  }

  /**
   * Asks the engine for something there is no shorter word for, and lets everything happen that follows at once. If the engine dies before it
   * has answered, the next one is asked: so the question needs an id that makes a repeat harmless.
   */
  ask<A>(question: (engine: Engine) => Promise<A>): Promise<A> {
    return this.#time.finish(this.#succession.ask(question));
  }

  /**
   * Lets the engine die as by SIGKILL when it comes to this moment next; with `about`, when that event or command is at stake there. A new one
   * takes over at once, where a deployment waits for the lease to end; whoever got no answer asks again under the same id.
   */
  crashHere(moment: CrashMoment, about?: string): void {
    this.#crashes.arm(moment, about ?? null);
  }

  /** Lets the engine die now, at rest. */
  crash(): Promise<void> {
    return this.#time.finish(this.#succession.crash());
  }

  /** Stops the engine in good order. Time can pass without it. */
  stop(): Promise<void> {
    return this.#time.finish(this.#succession.stop());
  }

  /** Starts the engine again, after it was stopped in good order, with these flows or versions beside those it has served. */
  async restart(...flows: readonly FlowDefinition[]): Promise<void> {
    if (!this.#succession.isStopped) await this.stop();
    await this.#time.finish(this.#succession.start(flows));
  }

  /**
   * Fails where what is stored breaks an invariant, whatever has happened to the engine.
   * @throws AssertionError with what an audit would find
   */
  audit(): void {
    const { findings } = audit(this.#database, { quiet: false });
    const lines = findings.map(
      ({ invariant, runId, message }) => `  ${invariant}  ${runId ?? "-"}  ${message}`,
    );
    if (lines.length > 0) failTest("what is stored breaks the invariants", lines, [], this.audit);
  }

  #createHost(): RunHost {
    return {
      ask: (question) => this.ask(question),
      advance: (duration) => this.advance(duration),
      crashHere: (moment, about) => this.crashHere(moment, about),
      newId: () => this.#random.uuid(),
      listRuns: () => this.#listRuns(),
      requireRun: (runId) => this.#requireRun(runId),
      historyOf: (runId) => historyOf(this.#database, runId),
      mishaps: () => this.#mishaps(),
    };
  }

  #listRuns(): readonly Run[] {
    return getRuns(this.#database, [...this.#database.runs.keys()]);
  }

  #requireRun(runId: string): Run {
    const [run] = getRuns(this.#database, [runId]);
    return run ?? failTest(`there is no run ${runId}`, [], []);
  }

  #mishaps(): readonly Difference[] {
    const { left } = this.#crashes;
    const unmet = left === null ? [] : [{ place: "crashHere", found: "not reached", expected: left }];
    return [
      ...unmet,
      ...this.#complaints.map((found) => ({ place: "participant", found, expected: "nothing" })),
    ];
  }

  #longestHistory(): readonly HistoryEntry[] {
    const [longest] = this.#listRuns().toSorted((a, b) => b.version - a.version);
    return longest === undefined ? [] : historyOf(this.#database, longest.runId);
  }
}

function parseBegin(beginAt: string): number {
  const beginMs = Date.parse(beginAt);
  if (Number.isNaN(beginMs)) throw new TypeError(`beginAt is "${beginAt}", expected a time as ISO 8601`);
  return beginMs;
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
