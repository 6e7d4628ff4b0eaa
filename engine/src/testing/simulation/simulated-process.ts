/**
 * A process that engines run in, without the process: what it waits for it waits for here, so that it can be killed and frozen.
 * X1  A dead process does nothing more: what it waited for never comes, its timers are gone, what it sent is on its way all the same.
 * X2  A frozen process (SIGSTOP) does nothing for a while; what came for it meanwhile comes then, in order, and finds it unaware.
 * X3  Its clock has an offset and a drift of its own.
 */
import type { Clock } from "../../core/ports.ts";
import type { Coverage } from "./coverage.ts";
import type { CallPlan, Faults } from "./faults.ts";
import type { Random } from "./random.ts";
import type { EventOwner, ScheduledEvent, Scheduler } from "./scheduler.ts";

/** A place where the process needs somebody else. */
export interface CallPoint {
  readonly name: string;
  /** What a call fails with that did not arrive, and one whose answer was lost. Absent: it does not fail by itself. */
  readonly failure?: { readonly before: () => Error; readonly after: () => Error };
}

interface ProcessPorts {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly coverage: Coverage;
  readonly random: Random;
  crashed(): void;
}

/** Clocks of computers differ by some 100 ppm; more shows sooner what relies on them. */
const DRIFT_MAX = 0.002;

export class SimulatedProcess implements EventOwner {
  readonly name: string;
  readonly clock: Clock;
  readonly #ports: ProcessPorts;
  readonly #timerLabel: string;
  readonly #onDeath = new Set<() => void>();
  #state: "running" | "frozen" | "dead" = "running";
  #held: ScheduledEvent[] = [];

  constructor(name: string, ports: ProcessPorts) {
    this.name = name;
    this.#ports = ports;
    this.#timerLabel = `${name} timer`;
    this.clock = this.#createClock();
  }

  get isAlive(): boolean {
    return this.#state !== "dead";
  }

  get isFrozen(): boolean {
    return this.#state === "frozen";
  }

  admits(event: ScheduledEvent): boolean {
    if (this.#state === "frozen") this.#held.push(event);
    return this.#state === "running";
  }

  /** Calls somebody else. `effect` is what happens there; how and whether it comes to that, the faults decide. */
  call<T>(point: CallPoint, effect: () => Promise<T>): Promise<T> {
    // What a process computes after its death nobody sees.
    if (!this.isAlive) return never();
    const plan = this.#ports.faults.planCall(point.name, point.failure !== undefined);
    if (plan.fault === "crash-before") {
      this.#ports.coverage.count("crash before a call");
      this.crash(`before ${point.name}`);
      return never();
    }
    return new Promise((resolve, reject) => {
      const arrive = (): void => this.#arrive(point, plan, effect, resolve, reject);
      if (plan.fault === "freeze-before") {
        this.#ports.coverage.count("freeze before a call");
        this.freeze(`before ${point.name}`);
        this.#schedule(plan.requestMs, `${point.name} →`, arrive);
      } else if (plan.requestMs === 0) arrive();
      else this.#ports.scheduler.schedule(plan.requestMs, `${this.name} ${point.name} →`, arrive);
    });
  }

  #arrive<T>(
    point: CallPoint,
    plan: CallPlan,
    effect: () => Promise<T>,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ): void {
    const { coverage, faults } = this.#ports;
    const answer = (text: string, deliver: () => void): void => {
      if (!this.isAlive) return;
      if (plan.fault === "crash-after") {
        coverage.count("crash after a call");
        return this.crash(`after ${point.name}`);
      }
      if (plan.fault === "freeze-after") {
        coverage.count("freeze after a call");
        this.freeze(`after ${point.name}`);
      }
      this.#schedule(plan.answerMs, `${point.name} ${text}`, deliver);
    };
    const { failure } = point;
    if (failure !== undefined && (plan.fault === "error-before" || faults.isOutage)) {
      coverage.count("call failed before");
      return answer("← did not arrive", () => reject(failure.before()));
    }
    void effect().then(
      (value) => {
        if (failure === undefined || plan.fault !== "error-after") return answer("←", () => resolve(value));
        coverage.count("call failed after");
        answer("← was lost", () => reject(failure.after()));
      },
      (error: unknown) => answer(`← ${codeOf(error)}`, () => reject(error as Error)),
    );
  }

  /** Gives way to the scheduler: whoever resumes within the process does so in a step of its own. */
  pass(label: string, delayMs = 0): Promise<void> {
    return new Promise((resolve) => void this.#schedule(delayMs, label, resolve));
  }

  /** Hears of the death of the process, as the other end of a connection does. The answer hangs up. */
  onDeath(callback: () => void): () => void {
    this.#onDeath.add(callback);
    return () => this.#onDeath.delete(callback);
  }

  /** How many timers it has still set. */
  get timers(): number {
    return this.#ports.scheduler.pendingOf(this).filter((label) => label === this.#timerLabel).length;
  }

  crash(where: string): void {
    if (!this.isAlive) return;
    this.#ports.scheduler.note(`${this.name} crashes ${where}`);
    this.#state = "dead";
    this.#held = [];
    for (const callback of this.#onDeath) callback();
    this.#onDeath.clear();
    this.#ports.crashed();
  }

  freeze(where: string): void {
    if (this.#state !== "running") return;
    const { scheduler, faults } = this.#ports;
    this.#state = "frozen";
    const freezeMs = faults.freezeMs();
    scheduler.note(`${this.name} freezes ${where} for ${Math.round(freezeMs)} ms`);
    scheduler.schedule(freezeMs, `${this.name} thaws`, () => this.thaw());
  }

  thaw(): void {
    if (this.#state !== "frozen") return;
    this.#state = "running";
    for (const event of this.#held.splice(0)) this.#ports.scheduler.enqueue(event, 0);
  }

  #schedule(delayMs: number, label: string, run: () => void): () => void {
    return this.#ports.scheduler.schedule(delayMs, `${this.name} ${label}`, run, this);
  }

  #createClock(): Clock {
    const { scheduler, random } = this.#ports;
    const offsetMs = random.between(0, 1e7);
    const rate = 1 + random.between(-DRIFT_MAX, DRIFT_MAX);
    return {
      monotonicMs: () => offsetMs + scheduler.readMs() * rate,
      schedule: (delayMs, callback) => scheduler.schedule(delayMs / rate, this.#timerLabel, callback, this),
      random: () => random.next(),
      newId: () => random.uuid(),
    };
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {});
}

/** What an error is called in a trace. */
export function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : String(error);
}
