import type { Sql } from "@sluice/host/postgres";
import type { LedgerEntry } from "./provider/ledger.ts";
import { streamOrderStates } from "./store/stream-order-states.ts";
import type { OrderState } from "./store/stream-order-states.ts";

/** What the provider has booked for an order: how it settled it, and whether it gave the money back. */
interface Booked {
  readonly isCharged: boolean;
  readonly isRefunded: boolean;
}
type Ledger = ReadonlyMap<string, Booked>;
const NOTHING: Booked = { isCharged: false, isRefunded: false };

interface MoneyParts {
  readonly sql: Sql;
  readonly readLedger: () => AsyncIterable<LedgerEntry>;
}

/**
 * Compares the provider's ledger with the orders. The ledger is read before them and after them: what stood there before must
 * have had its consequence, and what the orders claim must stand there after. So nobody has to stop buying meanwhile.
 */
export async function findMoneyBreaches({ sql, readLedger }: MoneyParts): Promise<readonly string[]> {
  const before = await collect(readLedger());
  const orders: OrderState[] = [];
  for await (const rows of streamOrderStates(sql)) orders.push(...rows);
  const after = await collect(readLedger());
  const known = new Set(orders.map(({ orderId }) => orderId));
  const strangers = [...before].filter(([orderId, { isCharged }]) => isCharged && !known.has(orderId));
  return [
    ...orders.flatMap((order) => breachesOf(order, before, after)),
    ...strangers.map(([orderId]) => `the provider charged order ${orderId}, which nobody placed`),
  ];
}

async function collect(entries: AsyncIterable<LedgerEntry>): Promise<Ledger> {
  const ledger = new Map<string, Booked>();
  for await (const { orderId, kind } of entries) {
    const { isCharged, isRefunded } = ledger.get(orderId) ?? NOTHING;
    ledger.set(orderId, {
      isCharged: isCharged || kind === "charged",
      isRefunded: isRefunded || kind === "refunded",
    });
  }
  return ledger;
}

/** States in which a charged order may rest: it is on its way to its ticket or to its refund, or has arrived. */
const MAY_BE_CHARGED = new Set(["payment-pending", "paid", "ticketed", "refunding", "closed", "refunded"]);
const MAY_BE_REFUNDED = new Set(["refunding", "refunded"]);

function breachesOf({ orderId, state, hasTicket }: OrderState, before: Ledger, after: Ledger): string[] {
  const was = before.get(orderId) ?? NOTHING;
  const is = after.get(orderId) ?? NOTHING;
  const breaches: string[] = [];
  if (was.isCharged && !MAY_BE_CHARGED.has(state))
    breaches.push(`order ${orderId} was charged and is ${state}`);
  if (was.isRefunded && !MAY_BE_REFUNDED.has(state))
    breaches.push(`order ${orderId} was refunded and is ${state}`);
  if (hasTicket && !is.isCharged) breaches.push(`order ${orderId} has a ticket and was never charged`);
  if (hasTicket && is.isRefunded) breaches.push(`order ${orderId} has a ticket and was refunded`);
  if (state === "refunded" && !is.isRefunded)
    breaches.push(`order ${orderId} is refunded and the money was not given back`);
  return breaches;
}
