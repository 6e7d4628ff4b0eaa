import type { Sql } from "@sluice/host/postgres";
import type { LedgerEntry } from "./provider/ledger.ts";
import { streamOrderStates } from "./store/stream-order-states.ts";
import type { OrderState } from "./store/stream-order-states.ts";

/** What the provider has booked for an order: what it charged, if it did, and all that it gave back. */
interface Booked {
  readonly chargedMinor: number | null;
  readonly refundsMinor: readonly number[];
}
type Ledger = ReadonlyMap<string, Booked>;
const NOTHING: Booked = { chargedMinor: null, refundsMinor: [] };

export interface MoneyParts {
  readonly sql: Sql;
  readonly readLedger: () => AsyncIterable<LedgerEntry>;
  /** States in which an order may have a good ticket, unless it is on its way back. */
  readonly ticketed: readonly string[];
}

/**
 * Compares the provider's ledger with the orders. The ledger is read before them and after them: what stood there before must
 * have had its consequence, and what the orders claim must stand there after. So nobody has to stop buying meanwhile.
 */
export async function findMoneyBreaches({
  sql,
  readLedger,
  ticketed,
}: MoneyParts): Promise<readonly string[]> {
  const before = await collect(readLedger());
  const orders: OrderState[] = [];
  for await (const rows of streamOrderStates(sql)) orders.push(...rows);
  const after = await collect(readLedger());
  const known = new Set(orders.map(({ orderId }) => orderId));
  const strangers = [...before].filter(
    ([orderId, { chargedMinor }]) => chargedMinor !== null && !known.has(orderId),
  );
  return [
    ...orders.flatMap((order) =>
      breachesOf(order, before.get(order.orderId) ?? NOTHING, after.get(order.orderId) ?? NOTHING, ticketed),
    ),
    ...strangers.map(([orderId]) => `the provider charged order ${orderId}, which nobody placed`),
  ];
}

async function collect(entries: AsyncIterable<LedgerEntry>): Promise<Ledger> {
  const ledger = new Map<string, Booked>();
  for await (const { orderId, kind, amountMinor } of entries) {
    const { chargedMinor, refundsMinor } = ledger.get(orderId) ?? NOTHING;
    ledger.set(orderId, {
      chargedMinor: kind === "charged" ? amountMinor : chargedMinor,
      refundsMinor: kind === "refunded" ? [...refundsMinor, amountMinor] : refundsMinor,
    });
  }
  return ledger;
}

/** States in which a charged order may rest: it is on its way to its ticket or to its refund, or has arrived. */
const MAY_BE_CHARGED = new Set(["payment-pending", "paid", "ticketed", "compensating", "closed", "refunded"]);
const MAY_BE_REFUNDED = new Set(["compensating", "refunded", "canceled"]);

function breachesOf(order: OrderState, was: Booked, is: Booked, ticketed: readonly string[]): string[] {
  return [
    ...breachesOfState(order, was, is, ticketed),
    ...breachesOfTicket(order, was, is),
    ...wrongAmounts(order, was, is),
  ].map((breach) => `order ${order.orderId} ${breach}`);
}

function breachesOfState(
  { state, isConcertCanceled, payment }: OrderState,
  was: Booked,
  is: Booked,
  ticketed: readonly string[],
): string[] {
  const breaches: string[] = [];
  // Who had a ticket for a concert that does not take place gets the money back as well.
  const mayBeRefunded =
    MAY_BE_REFUNDED.has(state) || payment !== null || (isConcertCanceled && ticketed.includes(state));
  if (was.chargedMinor !== null && !isRefunded(is) && !MAY_BE_CHARGED.has(state) && payment !== "open")
    breaches.push(`was charged and is ${state}`);
  if (isRefunded(was) && !mayBeRefunded) breaches.push(`was refunded and is ${state}`);
  if (state === "refunded" && !isRefunded(is) && payment !== "open")
    breaches.push("is refunded and the money was not given back");
  return breaches;
}

/** Money goes back before the tickets of a canceled concert are voided, and after that of an order which is taken back. */
function breachesOfTicket(order: OrderState, was: Booked, is: Booked): string[] {
  const { ticket, state, isConcertCanceled, payment } = order;
  const breaches: string[] = [];
  if (ticket !== null && is.chargedMinor === null) breaches.push("has a ticket and was never charged");
  if (ticket === "good" && isRefunded(was) && !isConcertCanceled)
    breaches.push("has a ticket and was refunded");
  if (ticket === "void" && !isRefunded(is) && state !== "compensating" && payment !== "open")
    breaches.push("has a ticket that is void, and the money was not given back");
  return breaches;
}

/** What an order costs is settled before it is charged. */
function wrongAmounts(
  { amountMinor }: OrderState,
  was: Booked,
  { chargedMinor, refundsMinor }: Booked,
): string[] {
  const breaches: string[] = [];
  if (was.chargedMinor !== null && was.chargedMinor !== amountMinor)
    breaches.push(`costs ${amountMinor} and was charged ${was.chargedMinor}`);
  if (refundsMinor.length > 1) breaches.push(`was refunded ${refundsMinor.length} times`);
  if (refundsMinor.some((refundMinor) => refundMinor !== chargedMinor))
    breaches.push(`was charged ${chargedMinor ?? "nothing"} and refunded ${refundsMinor.join(", ")}`);
  return breaches;
}

function isRefunded({ refundsMinor }: Booked): boolean {
  return refundsMinor.length > 0;
}
