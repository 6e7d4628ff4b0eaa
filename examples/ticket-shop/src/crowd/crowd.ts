/**
 * A crowd that buys tickets in a closed loop: each user places an order, pays it, thinks, and begins again.
 * What it was told is kept: an order that the shop has acknowledged must never be missing afterwards.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { fractionOf, nameId } from "../chance.ts";
import { Latencies } from "./latencies.ts";
import type { Reply, ShopClient } from "./shop-client.ts";

export interface CrowdOptions {
  readonly users: number;
  /** New users per second until all are there; Infinity brings them at once. */
  readonly usersPerSecond: number;
  /** How long users begin new orders. */
  readonly seconds: number;
  /** A user's pause after a purchase, uniform between the two. */
  readonly thinkMsMin: number;
  readonly thinkMsMax: number;
  readonly concertId: string;
  /** Names the orders: the same seed at a new shop places the same ones. */
  readonly seed: number;
  /** Ends the crowd early. */
  readonly signal?: AbortSignal;
}

/** What the crowd has done so far. */
export interface CrowdTotals {
  users: number;
  /** Ids of the orders that the shop has acknowledged. */
  readonly orders: string[];
  /** Ids of those that it was asked for and has not acknowledged: it may know them all the same. */
  readonly unanswered: string[];
  /** Orders whose payment the provider took or refused. */
  paid: number;
  refused: number;
  /** Failed calls by cause. A call that is repeated may fail more than once. */
  readonly errors: Map<string, number>;
  readonly latencies: Latencies;
  /** The same of the current second, for the progress line. */
  second: Latencies;
}

/** The most orders that one crowd remembers; it ends when it has placed them. */
const ORDERS_MAX = 1_000_000;
/** A call without an answer is repeated with the same idempotency key, as a careful client does. */
const ATTEMPTS_MAX = 3;
const REPEAT_MS = 1_000;

export function newTotals(): CrowdTotals {
  return {
    users: 0,
    orders: [],
    unanswered: [],
    paid: 0,
    refused: 0,
    errors: new Map(),
    latencies: new Latencies(),
    second: new Latencies(),
  };
}

export function countErrors({ errors }: Pick<CrowdTotals, "errors">): number {
  return [...errors.values()].reduce((sum, count) => sum + count, 0);
}

/** Lets the crowd in; resolves when the last user has gone. `totals` is kept up to date meanwhile. */
export async function runCrowd(shop: ShopClient, options: CrowdOptions, totals: CrowdTotals): Promise<void> {
  const end = AbortSignal.timeout(options.seconds * 1000);
  const signal = options.signal === undefined ? end : AbortSignal.any([end, options.signal]);
  const users = Array.from({ length: options.users }, (_, number) =>
    liveUser(shop, options, totals, signal, number),
  );
  await Promise.all(users);
}

async function liveUser(
  shop: ShopClient,
  options: CrowdOptions,
  totals: CrowdTotals,
  signal: AbortSignal,
  number: number,
): Promise<void> {
  await pause((number / options.usersPerSecond) * 1000, signal);
  if (signal.aborted) return;
  totals.users++;
  for (let turn = 0; !signal.aborted && totals.orders.length < ORDERS_MAX; turn++) {
    await buy(shop, options, totals, nameId(options.seed, number, turn));
    const { thinkMsMin, thinkMsMax, seed } = options;
    await pause(thinkMsMin + (thinkMsMax - thinkMsMin) * fractionOf(seed, "think", number, turn), signal);
  }
  totals.users--;
}

/** Places an order under a key, and pays it. */
export async function buy(
  shop: ShopClient,
  { concertId }: Pick<CrowdOptions, "concertId">,
  totals: CrowdTotals,
  key: string,
): Promise<void> {
  const order = await repeated(totals, "place order", () => shop.placeOrder(concertId, key));
  if (order === undefined) {
    totals.unanswered.push(orderIdOf(key));
    return;
  }
  totals.orders.push(order.orderId);
  const payment = await repeated(totals, "pay", () => shop.pay(order.orderId));
  if (payment?.outcome === "charged") totals.paid++;
  if (payment?.outcome === "refused") totals.refused++;
}

/** The id that the shop gives to the order of a key. */
export function orderIdOf(key: string): string {
  return nameId("order", key);
}

/** Makes a call, a few times where it finds nobody; undefined when it was refused or nobody ever answered. */
async function repeated<Body>(
  totals: CrowdTotals,
  name: string,
  call: () => Promise<Reply<Body>>,
): Promise<Body | undefined> {
  for (let attempt = 1; ; attempt++) {
    const startedAt = performance.now();
    const reply = await call();
    if (reply.cause === undefined) {
      const tookMs = performance.now() - startedAt;
      totals.latencies.add(tookMs);
      totals.second.add(tookMs);
      return reply.body;
    }
    const cause = `${name}: ${reply.cause}`;
    totals.errors.set(cause, (totals.errors.get(cause) ?? 0) + 1);
    if (!reply.isTransient || attempt === ATTEMPTS_MAX) return undefined;
    await sleep(REPEAT_MS);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
