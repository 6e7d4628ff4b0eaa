/**
 * Begins requests by a schedule that waits for no answer, and tells apart what became of them: unlike the other loads of the benchmark, it is
 * meant to be refused. A latency counts from the planned start, also where the callers themselves were late.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { latenciesOf, quantile } from "../statistics.ts";
import type { CallersCost, Offered, OfferedLoad, Outcome } from "./offered.ts";

const LOOK_EVERY_MS = 1;

/** Longer than the engine takes to answer anybody; whoever has no answer then has failed. */
const ANSWER_MS_MAX = 30_000;

/** Failures that are kept in words. */
const FAILURES_MAX = 5;

/** One request; an answer in words beside where it failed. */
export type Ask = () => Promise<{ readonly outcome: Outcome; readonly failure?: string }>;

export interface OfferWatch {
  readonly signal: AbortSignal;
  opened(): void;
  closed(): void;
}

export async function offerLoad(ask: Ask, load: OfferedLoad, watch: OfferWatch): Promise<Offered> {
  const offer = new Offer(ask, load);
  await offer.runUntil(offer.openMs, watch.signal);
  watch.opened();
  const cost = watchCost();
  await offer.runUntil(offer.closeMs, watch.signal);
  const used = cost();
  watch.closed();
  await offer.drain(watch.signal);
  return offer.result(used);
}

/** Times are ms since the schedule began. */
class Offer {
  readonly openMs: number;
  readonly closeMs: number;
  readonly #ask: Ask;
  readonly #load: OfferedLoad;
  readonly #beganMs = performance.now();
  readonly #ended: Record<Outcome, number> = { done: 0, refused: 0, "refused-bare": 0, failed: 0 };
  readonly #failures: string[] = [];
  readonly #latenciesMs: number[] = [];
  readonly #lateMs: number[] = [];
  #begun = 0;
  #underWay = 0;
  #heldBack = 0;
  /** When a planned request last found no free connection. */
  #fullAtMs = Number.NEGATIVE_INFINITY;

  constructor(ask: Ask, load: OfferedLoad) {
    this.#ask = ask;
    this.#load = load;
    this.openMs = 1_000 * load.settleSeconds;
    this.closeMs = this.openMs + 1_000 * load.seconds;
  }

  async runUntil(untilMs: number, signal: AbortSignal): Promise<void> {
    while (this.#nowMs() < untilMs && !signal.aborted) {
      this.#beginDue(Math.min(this.#nowMs(), untilMs));
      await sleep(LOOK_EVERY_MS);
    }
    // What fell due since the last look.
    if (!signal.aborted) this.#beginDue(untilMs);
  }

  /** Waits for what is under way; nothing more begins. */
  async drain(signal: AbortSignal): Promise<void> {
    const untilMs = this.#nowMs() + ANSWER_MS_MAX;
    while (this.#underWay > 0 && this.#nowMs() < untilMs && !signal.aborted) await sleep(LOOK_EVERY_MS);
  }

  result(used: Pick<CallersCost, "cores" | "loopShare">): Offered {
    const { arrivalsPerSecond, seconds } = this.#load;
    return {
      arrivalsPerSecond,
      seconds,
      ended: this.#ended,
      failures: this.#failures,
      ...latenciesOf(this.#latenciesMs),
      callers: {
        ...used,
        lateP99Ms: quantile(
          this.#lateMs.toSorted((a, b) => a - b),
          0.99,
        ),
        heldBack: this.#heldBack + this.#neverBegun(),
      },
    };
  }

  #nowMs(): number {
    return performance.now() - this.#beganMs;
  }

  #beginDue(dueMs: number): void {
    const spacingMs = 1_000 / this.#load.arrivalsPerSecond;
    for (;;) {
      const plannedMs = this.#begun * spacingMs;
      if (plannedMs >= dueMs) return;
      if (this.#underWay === this.#load.connectionsMax) {
        this.#fullAtMs = dueMs;
        return;
      }
      this.#begun++;
      this.#underWay++;
      void this.#carryOut(plannedMs);
    }
  }

  async #carryOut(plannedMs: number): Promise<void> {
    const isPlannedInside = this.#isInside(plannedMs);
    if (isPlannedInside) {
      this.#lateMs.push(this.#nowMs() - plannedMs);
      if (plannedMs < this.#fullAtMs) this.#heldBack++;
    }
    const { outcome, failure } = await this.#ask().catch((error: unknown) => ({
      outcome: "failed" as const,
      failure: String(error),
    }));
    this.#underWay--;
    const endedMs = this.#nowMs();
    if (this.#isInside(endedMs)) this.#ended[outcome]++;
    if (isPlannedInside && outcome === "done") this.#latenciesMs.push(endedMs - plannedMs);
    if (failure !== undefined && this.#failures.length < FAILURES_MAX) this.#failures.push(failure);
  }

  /** Planned in the window, and still without a connection when it closed. */
  #neverBegun(): number {
    const plannedUntil = (ms: number): number => Math.ceil((ms * this.#load.arrivalsPerSecond) / 1_000);
    return plannedUntil(this.closeMs) - Math.max(this.#begun, plannedUntil(this.openMs));
  }

  #isInside(ms: number): boolean {
    return ms >= this.openMs && ms < this.closeMs;
  }
}

/** What this process uses until the answer is called. */
function watchCost(): () => Pick<CallersCost, "cores" | "loopShare"> {
  const openedMs = performance.now();
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return {
      cores: (user + system) / 1_000 / (performance.now() - openedMs),
      loopShare: performance.eventLoopUtilization(loop).utilization,
    };
  };
}
