import type { EventMessage } from "@sluice/contracts/envelope";
import { createEngine } from "../../create-engine.ts";
import type { Engine, EngineParts } from "../../create-engine.ts";
import { hasCode } from "../../core/errors.ts";
import type { FlowDefinition } from "../../core/flow.ts";
import type { Store } from "../../core/ports.ts";
import { nextOccurrence } from "../../definition/next-occurrence.ts";
import type { EngineOptions } from "../../runtime/options.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import type { Random } from "../simulation/random.ts";
import type { CrashPlan } from "./crash-plan.ts";
import { createCurrentStore } from "./current-store.ts";
import { EngineProcess, LEASE_MS } from "./engine-process.ts";
import type { FakeHost, FakeParticipant } from "./fake-participant.ts";
import { mortalStore } from "./mortal-store.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface SuccessionPorts {
  readonly database: MemoryDatabase;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly crashes: CrashPlan;
  readonly participants: readonly FakeParticipant[];
  readonly options: Omit<EngineOptions, FixedOption>;
  readonly log: EngineParts["log"];
  /** Something that must not happen in a test has happened. */
  complain(message: string): void;
}

/** What the kit decides itself. */
export type FixedOption = "lanes" | "writers" | "leaseMs" | "address";

/** One start of the engine. */
interface Reign {
  readonly engine: Engine;
  readonly process: EngineProcess;
}

/** Enough for runs to live in different ones. */
const LANES = 4;

/**
 * One engine after the other on one database. Owns who serves now.
 * E1  When an engine dies its sessions end, its lanes are free, and the next one starts at once.
 * E2  Whoever asks is answered: a question that its engine did not live to answer is asked again. So it needs an id.
 */
export class Succession {
  readonly #ports: SuccessionPorts;
  #flows: readonly FlowDefinition[] = [];
  /** Null while the engine is stopped. */
  #present: Promise<Reign> | null = null;
  #restarted = Promise.withResolvers<void>();
  #starts = 0;
  #deaths = 0;

  constructor(ports: SuccessionPorts) {
    this.#ports = ports;
  }

  get deaths(): number {
    return this.#deaths;
  }

  get isStopped(): boolean {
    return this.#present === null;
  }

  async start(flows: readonly FlowDefinition[]): Promise<void> {
    this.#flows = [...this.#flows, ...flows];
    this.#present = this.#boot();
    try {
      await this.#present;
    } catch (error) {
      this.#present = null;
      throw error;
    }
    this.#restarted.resolve();
    this.#restarted = Promise.withResolvers();
  }

  async stop(): Promise<void> {
    await this.ask((engine) => engine.stop());
    const { process } = await this.#requirePresent();
    this.#present = null;
    process.crash();
  }

  /** Resolves when the next one serves. */
  async crash(): Promise<void> {
    const { process } = await this.#requirePresent();
    process.crash();
    await this.#requirePresent();
  }

  async ask<A>(question: (engine: Engine) => Promise<A>): Promise<A> {
    for (;;) {
      const { engine, process } = await this.#requirePresent();
      const ended = await Promise.race([question(engine).then(toAnswer), process.death]);
      if (ended !== undefined) return ended.answer;
    }
  }

  #requirePresent(): Promise<Reign> {
    return (
      this.#present ??
      Promise.reject(new Error("the engine is stopped; restart it before you ask it for anything"))
    );
  }

  async #boot(): Promise<Reign> {
    const engineId = `engine-${++this.#starts}`;
    const store = createCurrentStore(this.#ports.database, engineId);
    const process = this.#createProcess(engineId, () => store.close());
    const engine = await Promise.race([this.#startIn(process, store), process.death]);
    // One that dies while it starts has a successor already.
    return engine === undefined ? this.#requirePresent() : { engine, process };
  }

  async #startIn(process: EngineProcess, store: Store): Promise<Engine> {
    const { participants, options, log } = this.#ports;
    const host = this.#hostIn(process);
    const engine = await createEngine({
      store: mortalStore(store, process, this.#listenerFor(process)),
      flows: this.#flows,
      participants: participants.map((participant) => participant.open(host)),
      clock: process.clock,
      options: { ...options, lanes: LANES, writers: 1, leaseMs: LEASE_MS },
      ...(log === undefined ? {} : { log }),
    });
    await engine.start();
    return engine;
  }

  #createProcess(engineId: string, endSessions: () => Promise<void>): EngineProcess {
    return new EngineProcess({
      ...this.#ports,
      nextSightMs: (afterMs) => this.#nextSightMs(afterMs),
      died: () => {
        void endSessions();
        this.#succeed(engineId);
      },
    });
  }

  /** A deployment would wait for the lease to end. */
  #succeed(engineId: string): void {
    const { database, time } = this.#ports;
    void createCurrentStore(database, engineId).leave(engineId);
    if (this.isStopped) return;
    this.#deaths++;
    const turn = time.scheduler.sleep(0, "the next engine starts");
    this.#present = turn.then(() => this.#boot());
  }

  #listenerFor({ heart }: EngineProcess) {
    return {
      committed: (entries: number) => {
        this.#ports.time.wrote(entries);
        heart.arrange();
      },
      waits: () => heart.wake(),
    };
  }

  #hostIn(process: EngineProcess): FakeHost {
    const { time, database, complain } = this.#ports;
    return { process, time, database, complain, tell: (runId, event) => void this.#tell(runId, event) };
  }

  /** What a participant says by itself, once an engine serves. If it came too late the history says so. */
  async #tell(runId: string, event: EventMessage): Promise<void> {
    while (this.isStopped) await this.#restarted.promise;
    try {
      await this.ask(({ client }) => client.send(runId, event));
    } catch (error) {
      if (this.isStopped) return this.#tell(runId, event);
      if (hasCode(error, "FLOW_UNEXPECTED_EVENT") || hasCode(error, "FLOW_RUN_FINAL")) return;
      this.#ports.complain(`its later ${event.type} was refused: ${String(error)}`);
    }
  }

  /** When the next timer is due, or the next run of a schedule; infinity when none is. */
  #nextSightMs(afterMs: number): number {
    const timers = [...this.#ports.database.timers.values()].map(({ dueAtMs }) => dueAtMs);
    const schedules = this.#flows.map(({ schedule }) =>
      schedule === undefined ? null : nextOccurrence({ timeZone: "UTC", ...schedule }, afterMs),
    );
    return Math.min(...timers.filter((atMs) => atMs > afterMs), ...schedules.filter((atMs) => atMs !== null));
  }
}

function toAnswer<A>(answer: A): { readonly answer: A } {
  return { answer };
}
