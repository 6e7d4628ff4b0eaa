import { setTimeout as sleep } from "node:timers/promises";
import type { ShopClient } from "./shop-client.ts";

export interface Settled {
  /** How many orders ended how. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Orders the shop had acknowledged and does not know any more. There must be none. */
  readonly missing: readonly string[];
  /** Orders that were not final in time. */
  readonly open: readonly string[];
}

const CALLS_MAX = 16;
const PAUSE_MS = 250;

/** Asks after each order until all have ended, at most `settleMs` long. While the shop does not answer it is asked again. */
export async function settleOrders(
  shop: ShopClient,
  orders: readonly string[],
  { settleMs, signal }: { readonly settleMs: number; readonly signal?: AbortSignal },
): Promise<Settled> {
  const outcomes: Record<string, number> = {};
  const missing: string[] = [];
  const untilMs = performance.now() + settleMs;

  const isOpen = async (orderId: string): Promise<boolean> => {
    const { body, cause } = await shop.getOrder(orderId);
    if (cause === "SHOP_UNKNOWN_ORDER") missing.push(orderId);
    const outcome = body?.outcome ?? null;
    if (outcome !== null) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    return cause !== "SHOP_UNKNOWN_ORDER" && outcome === null;
  };
  let open = await filter(orders, isOpen);
  while (open.length > 0 && performance.now() < untilMs && signal?.aborted !== true) {
    await sleep(PAUSE_MS);
    open = await filter(open, isOpen);
  }
  return { outcomes, missing, open };
}

/** Keeps those for which the test holds, with a few tests at a time. */
async function filter(items: readonly string[], test: (item: string) => Promise<boolean>): Promise<string[]> {
  const kept: string[] = [];
  const queue = items.values();
  const work = async (): Promise<void> => {
    for (const item of queue) if (await test(item)) kept.push(item);
  };
  await Promise.all(Array.from({ length: CALLS_MAX }, work));
  return kept;
}
