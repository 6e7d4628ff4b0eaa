/**
 * The payment provider: somebody else's machine. Charges an order once, says later by callback what became of it, answers who asks,
 * gives money back. How reliably, is its behavior's affair; that money never moves twice or wrongly, is the ledger's.
 */
import type { FlowTypes } from "@sluice/engine/definition";
import { fractionOf } from "../chance.ts";
import { shopError } from "../errors.ts";
import type { concertCancellation } from "../concert-cancellation.flow.ts";
import type { paymentReturn } from "../payment-return.flow.ts";
import type { purchase1 } from "../purchase-1.flow.ts";
import type { purchase } from "../purchase.flow.ts";
import type { Behavior, BehaviorChange } from "./behavior.ts";
import type { Callbacks } from "./callbacks.ts";
import type { Ledger, LedgerEntry, Order, Settlement } from "./ledger.ts";

/** What the shop asks of a provider. All of its flows ask for refunds in the same words. */
export type ShopTypes = FlowTypes<typeof purchase1 | typeof purchase> &
  FlowTypes<typeof concertCancellation> &
  FlowTypes<typeof paymentReturn>;
type Commands = ShopTypes["Commands"];
type Answers = ShopTypes["Answers"];

/** Unknown orders that somebody has asked for. The oldest is forgotten first: its time then begins anew. */
const ASKED_MAX = 100_000;

export interface ProviderParts {
  readonly ledger: Ledger;
  readonly callbacks: Callbacks;
  readonly behavior: Behavior;
  readonly seed: number;
  /** How long an order stays open for a charge after somebody first asked for it, in ms. */
  readonly unknownMs: number;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonicMs: () => number;
}

export interface Charge extends Order {
  readonly callbackUrl: string;
}

export class Provider {
  readonly #parts: ProviderParts;
  readonly #askedAtMs = new Map<string, number>();
  #behavior: Behavior;
  #calls = 0;

  constructor(parts: ProviderParts) {
    this.#parts = parts;
    this.#behavior = parts.behavior;
  }

  get behavior(): Behavior {
    return this.#behavior;
  }

  change(change: BehaviorChange): Behavior {
    this.#behavior = { ...this.#behavior, ...change };
    return this.#behavior;
  }

  /** Charges an order, or answers what became of it before. Only the first charge has a callback. */
  charge({ callbackUrl, ...order }: Charge): { readonly chargeId: string; readonly outcome: Settlement } {
    const { ledger, callbacks, seed } = this.#parts;
    const isRefused = fractionOf(seed, "refused", order.orderId) < this.#behavior.refuseRate;
    const { entry, isNew } = ledger.settle(isRefused ? "refused" : "charged", order);
    const outcome = settlementOf(entry);
    if (isNew && outcome !== "closed")
      callbacks.send(
        callbackUrl,
        { orderId: order.orderId, chargeId: entry.entryId, outcome },
        this.#behavior,
      );
    return { chargeId: entry.entryId, outcome };
  }

  /** What is known of a payment; null while there is nothing to report. */
  check({ data }: Commands["CheckPayment"]): Answers["CheckPayment"] | null {
    const found = this.#parts.ledger.getSettlement(data.orderId) ?? this.#closeWhenOld(data);
    return found === null ? null : toEvent(found);
  }

  /** Gives the money of an order back. One that was not charged yet is closed, so that a charge which is still on its way is refused. */
  refund({ data }: Commands["RefundPayment"]): Answers["RefundPayment"] {
    const { ledger } = this.#parts;
    const { entry } = ledger.settle("closed", data);
    if (entry.kind !== "charged") return { type: "PaymentVoided", data: {} };
    return { type: "PaymentRefunded", data: { refundId: ledger.refund(entry).entryId } };
  }

  list(afterNumber: number, limit: number): readonly LedgerEntry[] {
    return this.#parts.ledger.list(afterNumber, limit);
  }

  /**
   * Does the work of one call, or fails: before it or after it, equally often, as networks do.
   * @throws PROVIDER_UNAVAILABLE (unavailable): nothing happened · PROVIDER_TIMEOUT (timeout): it happened, but the caller cannot know
   */
  call<Answer>(work: () => Answer): Answer {
    const fraction = fractionOf(this.#parts.seed, "call", this.#calls++);
    const { failureRate } = this.#behavior;
    if (fraction < failureRate / 2)
      throw shopError(
        "PROVIDER_UNAVAILABLE",
        "the provider has a bad moment, and nothing happened; try again",
      );
    const answer = work();
    if (fraction < failureRate)
      throw shopError(
        "PROVIDER_TIMEOUT",
        "the provider has a bad moment, and it may have happened; ask again with the same order",
      );
    return answer;
  }

  /**
   * An order nobody has charged for so long is closed in the ledger before the shop is told so: a charge that is still on its way,
   * from a process that was frozen perhaps, then finds it closed and is refused. Otherwise an expired order could be charged.
   */
  #closeWhenOld(order: Order): LedgerEntry | null {
    const { ledger, monotonicMs, unknownMs } = this.#parts;
    const nowMs = monotonicMs();
    const askedAtMs = this.#askedAtMs.get(order.orderId) ?? nowMs;
    if (nowMs - askedAtMs >= unknownMs) {
      this.#askedAtMs.delete(order.orderId);
      return ledger.settle("closed", order).entry;
    }
    this.#askedAtMs.set(order.orderId, askedAtMs);
    const [oldest] = this.#askedAtMs.keys();
    if (this.#askedAtMs.size > ASKED_MAX && oldest !== undefined) this.#askedAtMs.delete(oldest);
    return null;
  }
}

function settlementOf({ kind, orderId }: LedgerEntry): Settlement {
  if (kind === "refunded") throw new Error(`the settlement of order ${orderId} is a refund`);
  return kind;
}

function toEvent(entry: LedgerEntry): Answers["CheckPayment"] {
  switch (settlementOf(entry)) {
    case "charged":
      return { type: "PaymentConfirmed", data: { chargeId: entry.entryId } };
    case "refused":
      return { type: "PaymentRefused", data: { chargeId: entry.entryId } };
    case "closed":
      return { type: "OrderExpired", data: {} };
  }
}
