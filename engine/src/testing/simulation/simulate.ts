/**
 * The simulation: a few whole engines on one database in memory, in one process, in virtual time. A seed decides everything: the flows,
 * the callers, the participants, the order of all that happens, and what goes wrong before and after each call of each port.
 * First all of it at once; then the faults cease, the world has to come to rest, and what it has become is held to the invariants.
 */
import { compileFlow } from "../../core/compile-flow.ts";
import type { CompiledFlow } from "../../core/compile-flow.ts";
import type { LogPort } from "../../core/ports.ts";
import { compileSchema } from "../../definition/compile-schema.ts";
import { resolveEngineOptions } from "../../runtime/options.ts";
import { createMemoryDatabase } from "../../stores/memory/memory-database.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import { createMemoryStore } from "../../stores/memory/memory-store.ts";
import { CallerLedger } from "./caller-ledger.ts";
import { Callers } from "./callers.ts";
import { checkCallers } from "./check-callers.ts";
import { checkEffects, checkHotRow } from "./check-effects.ts";
import { checkQueues, unrest } from "./check-queues.ts";
import { checkDeadLetters, checkHistory, checkWait } from "./check-runs.ts";
import { Cluster } from "./cluster.ts";
import { CommitLog } from "./commit-log.ts";
import { coverRuns } from "./cover-runs.ts";
import { Coverage } from "./coverage.ts";
import { Faults } from "./faults.ts";
import { readRuns } from "./finished-run.ts";
import type { GeneratedFlow } from "./flow-palette.ts";
import { generateFlow } from "./generate-flow.ts";
import { LateAnswers } from "./late-answers.ts";
import { Outside } from "./outside.ts";
import { ParticipantLedger } from "./participant-ledger.ts";
import { Participants } from "./participants.ts";
import { drawProfile } from "./profile.ts";
import type { Profile } from "./profile.ts";
import { Random } from "./random.ts";
import type { Sabotage } from "./sabotage.ts";
import { Scheduler } from "./scheduler.ts";
import { scheduleStrikes } from "./strikes.ts";
import { Trace } from "./trace.ts";
import type { Violation } from "./violation.ts";
import { Wire } from "./wire.ts";

export interface SimulationOptions {
  /** A fault planted behind a port. @default none */
  readonly sabotage?: Sabotage;
  /** Hears each step and each line of the engines' logs. @default nobody */
  readonly listen?: (line: string) => void;
}

export interface SimulationResult {
  readonly seed: number;
  /** Broken promises; none when all is well. */
  readonly violations: readonly Violation[];
  readonly coverage: Coverage;
  readonly profile: Profile;
  readonly steps: number;
  readonly virtualMs: number;
  /** Equal for equal histories: the same seed gives the same hash. */
  readonly traceHash: string;
  /** The last steps, oldest first. */
  readonly trace: readonly string[];
}

/** When virtual time begins; it says nothing, as long as it is always the same. */
const BEGIN_MS = Date.UTC(2026, 5, 1);
/** Bounds of one seed. Beyond them it hangs or spins, which is a violation. */
const STEPS_MAX = 400_000;
const REST_MS_MAX = 60_000;
const REST_LONG_MS_MAX = 1_500_000;
/** A seed with more broken promises than this is broken enough. */
const VIOLATIONS_MAX = 20;

/** Plays one seed to its end. Never throws for a fault of the engine: what it finds it answers. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<SimulationResult> {
  const simulation = new Simulation(seed, options);
  return simulation.play();
}

class Simulation {
  readonly #seed: number;
  readonly #profile: Profile;
  readonly #scheduler: Scheduler;
  readonly #coverage = new Coverage();
  readonly #violations: Violation[] = [];
  readonly #database: MemoryDatabase;
  readonly #generated: readonly GeneratedFlow[];
  readonly #flows: readonly CompiledFlow[];
  readonly #faults: Faults;
  readonly #log: CommitLog;
  readonly #cluster: Cluster;
  readonly #late: LateAnswers;
  readonly #participantLedger: ParticipantLedger;
  readonly #callerLedger = new CallerLedger();
  readonly #callers: Callers;

  constructor(seed: number, { sabotage = {}, listen }: SimulationOptions) {
    const random = new Random(seed);
    const profile = drawProfile(random.fork("profile"));
    const scheduler = new Scheduler(new Trace(listen ?? null));
    const coverage = this.#coverage;
    const report = this.#report;
    const database = createMemoryDatabase({ nowMs: () => BEGIN_MS + Math.floor(scheduler.nowMs), secret: "simulated" });
    const faults = new Faults(profile, random.fork("faults"), coverage);
    const log = new CommitLog(report, coverage, database.nowMs);
    const wire = new Wire({ scheduler, faults, coverage });
    const flowRandom = random.fork("flows");
    this.#generated = Array.from({ length: profile.flows }, (_, at) =>
      generateFlow(flowRandom, `flow-${at}`, profile.isLong),
    );
    this.#flows = this.#generated.map(({ definition }) => compileFlow(definition, compileSchema));
    const ledger = new ParticipantLedger(log, report);
    const late = new LateAnswers(
      { database, log, scheduler, report, random: random.fork("late"), entriesMax: profile.options.entriesMax },
      () => outside,
    );
    const participants = new Participants({
      faults,
      coverage,
      ledger,
      late,
      report,
      random: random.fork("participants"),
      handleMs: profile.handleMs,
    });
    const cluster = new Cluster({
      profile,
      scheduler,
      faults,
      coverage,
      report,
      database,
      log,
      wire,
      participants,
      sabotage,
      flows: this.#flows,
      random: random.fork("cluster"),
      enginesLog: listen === undefined ? SILENT : toLog(listen),
    });
    const outside = new Outside({
      cluster,
      wire,
      scheduler,
      coverage,
      report,
      random: random.fork("outside"),
      patienceMs: profile.options.submitMs + PATIENCE_BEYOND_MS,
    });
    this.#callers = new Callers({
      outside,
      scheduler,
      coverage,
      report,
      log,
      database,
      random: random.fork("callers"),
      ledger: this.#callerLedger,
      flows: this.#generated,
      untilMs: profile.chaosMs,
    });
    scheduleStrikes({ profile, scheduler, faults, coverage, cluster, database, random: random.fork("strikes") });
    this.#seed = seed;
    this.#profile = profile;
    this.#scheduler = scheduler;
    this.#database = database;
    this.#faults = faults;
    this.#log = log;
    this.#cluster = cluster;
    this.#late = late;
    this.#participantLedger = ledger;
  }

  readonly #report = (promise: Violation["promise"], message: string): void => {
    if (this.#violations.length < VIOLATIONS_MAX) this.#violations.push({ promise, message });
    this.#scheduler.note(`VIOLATION ${promise}: ${message}`);
  };

  async play(): Promise<SimulationResult> {
    const onRejection = (error: unknown): void =>
      this.#report("engine", `a promise was rejected, and nobody heard: ${stackOf(error)}`);
    process.on("unhandledRejection", onRejection);
    try {
      this.#cluster.start();
      this.#callers.start(this.#profile.callers, this.#profile.crowd);
      await this.#scheduler.play(() => this.#isOver() || this.#scheduler.nowMs >= this.#profile.chaosMs);
      if (this.#violations.length === 0 && (await this.#comeToRest())) await this.#check();
    } catch (error) {
      this.#report("engine", `the simulation stopped: ${stackOf(error)}`);
    } finally {
      process.off("unhandledRejection", onRejection);
    }
    return this.#result();
  }

  #isOver(): boolean {
    return this.#violations.length > 0 || this.#scheduler.trace.steps > STEPS_MAX;
  }

  /** No more faults; whoever is frozen goes on, whoever is dead starts again. False when the world does not come to rest. */
  async #comeToRest(): Promise<boolean> {
    this.#scheduler.note("the faults cease");
    this.#faults.isOn = false;
    this.#faults.isOutage = false;
    for (const simulated of this.#cluster.processes()) simulated.thaw();
    const { isLong, options } = this.#profile;
    const untilMs = this.#scheduler.nowMs + (isLong ? REST_LONG_MS_MAX : REST_MS_MAX);
    let lookAtMs = 0;
    let commitsAtRest = -1;
    await this.#scheduler.play(() => {
      const { nowMs } = this.#scheduler;
      if (this.#isOver() || nowMs > untilMs) return true;
      if (nowMs < lookAtMs) return false;
      lookAtMs = nowMs + options.leaseMs / 2;
      if (this.#unrest().length > 0) commitsAtRest = -1;
      // At rest twice in a row, with nothing written between.
      else if (commitsAtRest === this.#log.commits) return true;
      else commitsAtRest = this.#log.commits;
      return false;
    });
    if (this.#violations.length > 0) return false;
    const left = this.#unrest();
    if (left.length > 0)
      this.#report("I4", `after ${this.#scheduler.trace.steps} steps the world is not at rest: ${left.join("; ")}`);
    return left.length === 0;
  }

  #unrest(): readonly string[] {
    return [
      ...(this.#callers.busy > 0 ? [`${this.#callers.busy} callers wait`] : []),
      ...(this.#late.open > 0 ? [`${this.#late.open} answers are owed`] : []),
      ...this.#cluster.unrest(),
      ...unrest(this.#database),
    ];
  }

  async #check(): Promise<void> {
    const limits = resolveEngineOptions(this.#profile.options);
    const database = this.#database;
    const report = this.#report;
    const runs = readRuns(database, this.#flows);
    const outside = new Map(this.#generated.map((flow) => [flow.definition.name, new Set(flow.outside)]));
    for (const finished of runs.values()) {
      checkHistory(finished, { log: this.#log, limits, report });
      checkDeadLetters(finished, database, report);
      checkWait(finished, { outside: outside.get(finished.run.flow) ?? new Set(), limits, report });
    }
    const effectPorts = { database, ledger: this.#participantLedger, report };
    checkEffects(runs.values(), effectPorts);
    checkHotRow(effectPorts);
    checkQueues(database, runs, report);
    checkCallers(this.#callerLedger, { runs, limits, report });
    await this.#audit();
    coverRuns(runs.values(), this.#coverage);
    await this.#checkEngines();
    await this.#stopAll();
  }

  async #audit(): Promise<void> {
    const { findings } = await createMemoryStore({ database: this.#database, engineId: "auditor" }).audit({ quiet: true });
    for (const { invariant, runId, message } of findings)
      this.#report(invariant, runId === null ? message : `run ${runId}: ${message}`);
  }

  /** In engines at rest nobody waits for anything. */
  async #checkEngines(): Promise<void> {
    let isMeasured = false;
    void this.#cluster.measure().then(() => (isMeasured = true));
    await this.#scheduler.play(() => isMeasured || this.#isOver());
    for (const { engineId, gauges } of this.#cluster.engines()) {
      for (const name of EMPTY_AT_REST) {
        const value = gauges.get(name);
        if (value !== 0) this.#report("engine", `${engineId} is at rest, and its ${name} is ${value}`);
      }
    }
  }

  /** Engines that stop in good order leave no lane behind and nothing that would still happen. */
  async #stopAll(): Promise<void> {
    let isStopped = false;
    const processes = this.#cluster.processes();
    void this.#cluster.close().then(() => (isStopped = true));
    await this.#scheduler.play(() => isStopped || this.#scheduler.trace.steps > STEPS_MAX);
    if (!isStopped) return this.#report("engine", "the engines do not stop");
    for (const { laneId, ownerId } of this.#database.lanes)
      if (ownerId !== null) this.#report("engine", `lane ${laneId} still belongs to ${ownerId} after all engines stopped`);
    for (const each of processes) {
      const left = this.#scheduler.pendingOf(each);
      if (left.length > 0) this.#report("engine", `${each.name} has stopped, and still to come are: ${left.join(", ")}`);
    }
  }

  #result(): SimulationResult {
    const { trace, nowMs } = this.#scheduler;
    return {
      seed: this.#seed,
      violations: this.#violations,
      coverage: this.#coverage,
      profile: this.#profile,
      steps: trace.steps,
      virtualMs: Math.round(nowMs),
      traceHash: trace.hash,
      trace: trace.lines(),
    };
  }
}

/** Gauges that count what waits. */
const EMPTY_AT_REST = [
  "sluice_queue_depth",
  "sluice_waiting_callers",
  "sluice_outbox_depth",
  "sluice_inbox_depth",
  "sluice_timers_due",
] as const;

/** A caller waits a little longer than an engine lets it. */
const PATIENCE_BEYOND_MS = 100;

const SILENT: LogPort = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function toLog(listen: (line: string) => void): LogPort {
  const say = (level: string) => (fields: object, message: string) =>
    listen(`${" ".repeat(13)}${level}: ${message} ${JSON.stringify(fields, hideStack)}`);
  return { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
}

function hideStack(_key: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
