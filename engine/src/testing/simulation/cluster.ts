/**
 * The engines of a simulation: each in a process of its own, started again when it dies, on one database that they share.
 */
import { createClient } from "../../client/client.ts";
import type { Client } from "../../client/client.ts";
import { createOperator } from "../../client/operator.ts";
import type { Operator } from "../../client/operator.ts";
import type { CompiledFlow } from "../../core/compile-flow.ts";
import type { LogPort, TakeReply } from "../../core/ports.ts";
import { listDueTimes } from "../../definition/next-occurrence.ts";
import { nameId } from "../../runtime/clock.ts";
import { NO_METER, NO_TRACER } from "../../core/silent.ts";
import { resolveEngineOptions } from "../../runtime/options.ts";
import { Runtime } from "../../runtime/runtime.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import { createMemoryStore } from "../../stores/memory/memory-store.ts";
import type { CommitLog } from "./commit-log.ts";
import type { Coverage } from "./coverage.ts";
import type { Faults } from "./faults.ts";
import { faultyStore } from "./faulty-store.ts";
import { TRANSACTIONAL_CHANNELS } from "./participant-ledger.ts";
import type { Participants } from "./participants.ts";
import type { Profile } from "./profile.ts";
import type { Random } from "./random.ts";
import type { Sabotage } from "./sabotage.ts";
import type { Scheduler } from "./scheduler.ts";
import { SimulatedProcess } from "./simulated-process.ts";
import type { Report } from "./violation.ts";
import { wirePeers } from "./wire.ts";
import type { Wire } from "./wire.ts";

/** One start of an engine. */
export interface SimulatedEngine {
  readonly engineId: string;
  readonly process: SimulatedProcess;
  readonly runtime: Runtime;
  readonly client: Client;
  readonly operator: Operator;
  /** The way in of its remote transport, while it takes events in. */
  take: TakeReply | null;
  /** What its gauges showed when it was last measured, by name. */
  readonly gauges: ReadonlyMap<string, number>;
  state: "starting" | "ready" | "stopping";
}

export interface ClusterPorts {
  readonly profile: Profile;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly coverage: Coverage;
  readonly report: Report;
  readonly database: MemoryDatabase;
  readonly log: CommitLog;
  readonly wire: Wire;
  /** All versions of all flows, older versions first. */
  readonly flows: readonly CompiledFlow[];
  readonly participants: Participants;
  readonly sabotage: Sabotage;
  readonly enginesLog: LogPort;
}

/** A place where an engine runs, one after another. */
interface Slot {
  readonly name: string;
  starts: number;
  engine: SimulatedEngine | null;
  process: SimulatedProcess | null;
}

/** How long it takes until a dead process is started again, and until the database notices that its connections are gone. */
const RESTART_MS_MAX = 300;
const DEATH_NOTICED_MS_MAX = 100;
/** What a stop may take beyond `stopMs`: the calls that are under way when the time is over. */
const STOP_GRACE_MS = 500;

export class Cluster {
  readonly #ports: ClusterPorts;
  readonly #slots: readonly Slot[];
  #isClosing = false;

  constructor(ports: ClusterPorts) {
    this.#ports = ports;
    this.#slots = Array.from({ length: ports.profile.engines }, (_, at) => ({
      name: String.fromCharCode(97 + at),
      starts: 0,
      engine: null,
      process: null,
    }));
  }

  start(): void {
    const { scheduler, random } = this.#ports;
    for (const slot of this.#slots)
      scheduler.schedule(random.between(0, 50), `${slot.name} starts`, () => void this.#boot(slot));
  }

  pickReady(): SimulatedEngine | null {
    const ready = this.engines().filter(({ state }) => state === "ready");
    return ready.length === 0 ? null : this.#ports.random.pick(ready);
  }

  /** Who is not ready yet, and why; nothing once all engines serve, and hold all lanes between them. */
  unrest(): readonly string[] {
    const engineIds = new Set(this.engines().map(({ engineId }) => engineId));
    const starting = this.#slots
      .filter(({ engine }) => engine?.state !== "ready")
      .map(({ name }) => `${name} starts`);
    const waiting = this.engines()
      .map(({ engineId, runtime }) => ({ engineId, readiness: runtime.readiness() }))
      .filter(({ readiness }) => readiness !== true)
      .map(({ engineId, readiness }) => `${engineId} is not ready: ${readiness}`);
    const orphaned = this.#ports.database.lanes
      .filter(({ ownerId }) => ownerId === null || !engineIds.has(ownerId))
      .map(({ laneId, ownerId }) => `lane ${laneId} belongs to ${ownerId ?? "nobody"}`);
    return [...starting, ...waiting, ...orphaned];
  }

  /** Processes that are alive, whether their engine has started or not. */
  processes(): readonly SimulatedProcess[] {
    return this.#slots.flatMap(({ process }) => (process?.isAlive === true ? [process] : []));
  }

  /** Stops an engine in good order, as a deployment does, and starts the next. */
  restart(): void {
    const ready = this.engines().filter(({ state }) => state === "ready");
    if (ready.length > 0) void this.#stop(this.#ports.random.pick(ready));
  }

  /** Stops all engines for good. Resolves when the last has stopped. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.engines().map((engine) => this.#stop(engine)));
  }

  async measure(): Promise<void> {
    await Promise.all(this.engines().map(({ runtime }) => runtime.measure()));
  }

  engines(): readonly SimulatedEngine[] {
    return this.#slots.flatMap(({ engine }) => (engine?.process.isAlive === true ? [engine] : []));
  }

  async #boot(slot: Slot): Promise<void> {
    const { coverage } = this.#ports;
    const engineId = `${slot.name}${++slot.starts}`;
    const memory = createMemoryStore({ database: this.#ports.database, engineId });
    const process = new SimulatedProcess(engineId, {
      ...this.#ports,
      crashed: () => this.#crashed(slot, () => memory.close()),
    });
    slot.process = process;
    slot.engine = null;
    try {
      slot.engine = await this.#createEngine(engineId, process, this.#storeOf(memory, process));
      await slot.engine.runtime.start();
      slot.engine.state = "ready";
    } catch {
      coverage.count("start failed");
      process.crash("because its start failed");
    }
  }

  #storeOf(memory: ReturnType<typeof createMemoryStore>, process: SimulatedProcess) {
    const { log, sabotage, database } = this.#ports;
    const watched = log.watch(memory);
    return faultyStore(sabotage.store?.(watched, database) ?? watched, { ...this.#ports, process });
  }

  async #createEngine(
    engineId: string,
    process: SimulatedProcess,
    store: ReturnType<typeof createMemoryStore>,
  ): Promise<SimulatedEngine> {
    const { profile, flows, wire, coverage, sabotage, enginesLog, participants } = this.#ports;
    const { clock } = process;
    const { lanes } = await store.openDeployment(profile.options.lanes ?? null);
    const remote = participants.remote("remote", process, (take) => (engine.take = take));
    const transports = [remote, participants.local("local", process)];
    const gauges = new Map<string, number>();
    const options = resolveEngineOptions({
      ...profile.options,
      address: profile.hasPeers ? engineId : null,
    });
    const runtime: Runtime = new Runtime({
      store,
      clock,
      log: enginesLog,
      meter: {
        ...NO_METER,
        gauge: (name) => ({ set: (_labels, value) => void gauges.set(name, value) }),
      },
      tracer: NO_TRACER,
      flows,
      participants: [...TRANSACTIONAL_CHANNELS]
        .map((channel) => participants.transactional(channel, process))
        .map((participant) => sabotage.participant?.(participant) ?? participant),
      transports: transports.map((transport) => sabotage.transport?.(transport) ?? transport),
      peers: profile.hasPeers ? wirePeers(wire, process, coverage, (address) => this.#find(address)) : null,
      engineId,
      lanes,
      listDueTimes: sabotage.dueTimes?.(listDueTimes) ?? listDueTimes,
      start: (flow, run) => client.start(flow, run),
      options,
    });
    const client: Client = createClient({
      store,
      flows: this.#isReleased() ? runtime.flows.newest : this.#oldest(),
      versionsOf: (flow) => runtime.flows.versionsOf(flow),
      lanes,
      submit: (input) => runtime.submit(input),
      waitFinal: (runId, waitMs) => runtime.waitFinal(runId, waitMs),
      watch: (runId, written) => runtime.watch(runId, written),
      newId: () => clock.newId(),
      nameId,
    });
    const operator = createOperator({
      store,
      lanes,
      jobsOpenMax: options.jobsOpenMax,
      newId: () => clock.newId(),
      nameId,
      flow: (name, version) =>
        version === undefined ? runtime.flows.newest.get(name) : runtime.flows.get(name, version),
      versionsOf: (name) => runtime.flows.versionsOf(name),
      flowNames: () => runtime.flows.newest.keys(),
      submit: (input) => runtime.submit(input),
      pausesChanged: () => runtime.readPauses(),
      preview: (plan, cursor, limit) => runtime.previewJob(plan, cursor, limit),
    });
    const engine: SimulatedEngine = {
      engineId,
      process,
      runtime,
      client,
      operator,
      take: null,
      gauges,
      state: "starting",
    };
    return engine;
  }

  /** An engine that was started before the release serves new versions, so that it can take over, and begins no run of them. */
  #isReleased(): boolean {
    const { scheduler, profile } = this.#ports;
    return scheduler.nowMs >= profile.releaseMs;
  }

  #oldest(): ReadonlyMap<string, CompiledFlow> {
    return new Map([...this.#ports.flows].reverse().map((flow) => [flow.name, flow]));
  }

  #find(address: string): SimulatedEngine | undefined {
    return this.engines().find(({ engineId }) => engineId === address);
  }

  #crashed(slot: Slot, closeSessions: () => Promise<void>): void {
    const { scheduler, random } = this.#ports;
    const noticedMs = random.between(0, DEATH_NOTICED_MS_MAX);
    scheduler.schedule(
      noticedMs,
      `the database notices that ${slot.name}${slot.starts} is gone`,
      () => void closeSessions(),
    );
    if (this.#isClosing) return;
    scheduler.schedule(
      random.between(1, RESTART_MS_MAX),
      `${slot.name} starts again`,
      () => void this.#boot(slot),
    );
  }

  async #stop(engine: SimulatedEngine): Promise<void> {
    const { scheduler, coverage, profile, faults, report } = this.#ports;
    const { process, runtime } = engine;
    const isDisturbed = faults.isOn;
    engine.state = "stopping";
    scheduler.note(`${process.name} is asked to stop`);
    const patienceMs = 2 * profile.options.stopMs + 2 * profile.spikeMsMax + STOP_GRACE_MS;
    const stopped = await Promise.race([
      runtime
        .handOver()
        .then(() => runtime.stop())
        .then(() => true),
      scheduler.sleep(patienceMs, `${process.name} has had its time to stop`).then(() => false),
    ]);
    if (!process.isAlive) return;
    if (stopped) coverage.count("graceful restart");
    else if (!isDisturbed) report("engine", `${process.name} does not stop within ${patienceMs} ms`);
    process.crash(stopped ? "at its end, in good order" : "because it does not stop");
  }
}
