/**
 * Buyers who come by a schedule that does not wait for the shop. An order's latency counts from its planned start, so that a stall is felt by
 * every buyer who was planned during it. Who cannot come in because too many are inside counts with his age.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { nameId } from "../chance.ts";
import { buy, orderIdOf } from "./crowd.ts";
import type { CrowdTotals } from "./crowd.ts";
import type { ShopClient } from "./shop-client.ts";

export interface ArrivalsOptions {
  readonly arrivalsPerSecond: number;
  /** How long buyers come. */
  readonly seconds: number;
  /** Most buyers inside at a time; past it they wait outside. */
  readonly buyersMax: number;
  readonly concertId: string;
  /** Names the orders. */
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** A buyer of the schedule; points in time are ms since 1970. */
export interface Arrival {
  readonly orderId: string;
  readonly plannedAtMs: number;
  /** When the shop had answered the payment, or the buyer had given up; null when neither happened in time. */
  readonly answeredAtMs: number | null;
}

const LOOK_EVERY_MS = 2;
/** How long the last buyers may take. */
const PATIENCE_MS = 30_000;

/** Lets them in, each to the next of several engines; resolves when the last one has gone, or patience ends. */
export async function openArrivals(
  shops: readonly ShopClient[],
  options: ArrivalsOptions,
  totals: CrowdTotals,
): Promise<readonly Arrival[]> {
  const schedule = new Schedule(shops, options, totals);
  const count = Math.floor(options.seconds * options.arrivalsPerSecond);
  const untilMs = performance.now() + options.seconds * 1000 + PATIENCE_MS;
  while (schedule.gone < count && performance.now() < untilMs && !options.signal.aborted) {
    schedule.letIn(count);
    await sleep(LOOK_EVERY_MS);
  }
  return schedule.arrivals(count);
}

class Schedule {
  readonly #shops: readonly ShopClient[];
  readonly #options: ArrivalsOptions;
  readonly #totals: CrowdTotals;
  readonly #beganAtMs = Date.now();
  readonly #began = performance.now();
  readonly #answered = new Map<number, number>();
  #begun = 0;

  constructor(shops: readonly ShopClient[], options: ArrivalsOptions, totals: CrowdTotals) {
    this.#shops = shops;
    this.#options = options;
    this.#totals = totals;
  }

  get gone(): number {
    return this.#answered.size;
  }

  /** Who is due, as far as there is room. */
  letIn(count: number): void {
    const { arrivalsPerSecond, buyersMax } = this.#options;
    const due = Math.min(count, (this.#nowMs() * arrivalsPerSecond) / 1000);
    while (this.#begun < due && this.#begun - this.gone < buyersMax) this.#letInNext();
  }

  arrivals(count: number): readonly Arrival[] {
    const { arrivalsPerSecond } = this.#options;
    return Array.from({ length: count }, (_, number) => {
      const answeredMs = this.#answered.get(number);
      return {
        orderId: orderIdOf(this.#keyOf(number)),
        plannedAtMs: this.#beganAtMs + (number * 1000) / arrivalsPerSecond,
        answeredAtMs: answeredMs === undefined ? null : this.#beganAtMs + answeredMs,
      };
    });
  }

  #letInNext(): void {
    const number = this.#begun++;
    const shop = this.#shops[number % this.#shops.length];
    if (shop === undefined) throw new RangeError("there is no shop to go to");
    this.#totals.users++;
    void buy(shop, this.#options, this.#totals, this.#keyOf(number)).finally(() => {
      this.#totals.users--;
      this.#answered.set(number, this.#nowMs());
    });
  }

  #keyOf(number: number): string {
    const { seed, arrivalsPerSecond } = this.#options;
    return nameId(seed, "arrival", arrivalsPerSecond, number);
  }

  #nowMs(): number {
    return performance.now() - this.#began;
  }
}
