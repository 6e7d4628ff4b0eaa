/**
 * Begins runs by a schedule that does not wait for answers. A run's latency counts from its planned start, so that a stall is felt by every
 * run that was planned during it (no coordinated omission). One that is still under way when patience ends counts with its age.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { latenciesOf } from "../statistics.ts";
import type { Load, LoadResult, LoadWatch, RunOnce } from "./load.ts";
import { RUN_MS_MAX } from "./load.ts";

const LOOK_EVERY_MS = 1;

export async function openArrival(
  runOnce: RunOnce,
  load: Load & { readonly arrivalsPerSecond: number },
  watch: LoadWatch,
): Promise<LoadResult> {
  const arrival = new Arrival(runOnce, load);
  const openMs = load.warmUpSeconds * 1_000;
  const closeMs = openMs + load.seconds * 1_000;
  await arrival.runUntil(openMs, watch.signal);
  watch.opened();
  await arrival.runUntil(closeMs, watch.signal);
  watch.closed();
  await arrival.drain(closeMs, watch.signal);
  return arrival.result(openMs, closeMs);
}

/** A run of the schedule. Times are ms since the schedule began. */
interface Planned {
  readonly plannedMs: number;
  endedMs: number | null;
}

class Arrival {
  readonly #runOnce: RunOnce;
  readonly #inFlightMax: number;
  readonly #spacingMs: number;
  readonly #beganMs = performance.now();
  readonly #planned: Planned[] = [];
  #inFlight = 0;
  #failure: { readonly error: unknown } | null = null;

  constructor(
    runOnce: RunOnce,
    { inFlight, arrivalsPerSecond }: Load & { readonly arrivalsPerSecond: number },
  ) {
    this.#runOnce = runOnce;
    this.#inFlightMax = inFlight;
    this.#spacingMs = 1_000 / arrivalsPerSecond;
  }

  async runUntil(untilMs: number, signal: AbortSignal): Promise<void> {
    while (this.#nowMs() < untilMs && !signal.aborted) {
      this.#begin(untilMs);
      await sleep(LOOK_EVERY_MS);
    }
    this.#throwIfFailed();
  }

  /** Begins what was planned before `untilMs` and waits for all that is under way, for a bounded time. */
  async drain(untilMs: number, signal: AbortSignal): Promise<void> {
    const patienceMs = this.#nowMs() + RUN_MS_MAX;
    while (this.#isBehind(untilMs) && this.#nowMs() < patienceMs && !signal.aborted) {
      this.#begin(untilMs);
      await sleep(LOOK_EVERY_MS);
    }
    this.#throwIfFailed();
  }

  result(openMs: number, closeMs: number): LoadResult {
    const nowMs = this.#nowMs();
    const isInside = (ms: number | null): boolean => ms !== null && ms >= openMs && ms < closeMs;
    const runs = this.#planned.filter(({ endedMs }) => isInside(endedMs)).length;
    const notBegun: Planned[] = [];
    for (let ms = this.#nextMs(); ms < closeMs; ms += this.#spacingMs)
      notBegun.push({ plannedMs: ms, endedMs: null });
    const latenciesMs = [...this.#planned, ...notBegun]
      .filter(({ plannedMs }) => isInside(plannedMs))
      .map(({ plannedMs, endedMs }) => (endedMs ?? nowMs) - plannedMs);
    return { seconds: (closeMs - openMs) / 1_000, runs, ...latenciesOf(latenciesMs) };
  }

  #nowMs(): number {
    return performance.now() - this.#beganMs;
  }

  #nextMs(): number {
    return this.#planned.length * this.#spacingMs;
  }

  #isBehind(untilMs: number): boolean {
    return this.#failure === null && (this.#inFlight > 0 || this.#nextMs() < untilMs);
  }

  /** What is due by the schedule, as far as callers are free. */
  #begin(untilMs: number): void {
    const dueMs = Math.min(this.#nowMs(), untilMs);
    while (this.#nextMs() < dueMs && this.#inFlight < this.#inFlightMax && this.#failure === null) {
      const planned: Planned = { plannedMs: this.#nextMs(), endedMs: null };
      this.#planned.push(planned);
      this.#inFlight++;
      this.#runOnce().then(
        () => this.#ended(planned),
        (error: unknown) => (this.#failure ??= { error }),
      );
    }
  }

  #ended(planned: Planned): void {
    planned.endedMs = this.#nowMs();
    this.#inFlight--;
  }

  #throwIfFailed(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }
}
