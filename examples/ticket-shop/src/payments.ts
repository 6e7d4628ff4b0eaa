/**
 * Payments. Owns: `payments`, and the way to the provider.
 * P1  The provider is asked only after the run has taken PaymentStarted, and the payment is noted: nobody is charged another amount than
 *     the run says, and no charge is made of which the shop knows nothing.
 * P2  The run hears of the outcome by callback or by its own poll, never from here: the answer to our call may get lost with us.
 * P3  A callback is acknowledged after its event is durable, and one that comes again changes nothing.
 * P4  A run may end while its order is being charged: an operator cancels it. Then nobody has to hear of the charge for it to go back, see
 *     payment-returns.ts.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { JsonObject } from "@sluice/contracts/envelope";
import { hasCode } from "@sluice/contracts/problem";
import type { Client } from "@sluice/engine";
import type { FlowTypes } from "@sluice/engine/definition";
import type { Sql } from "@sluice/host/postgres";
import { Agent } from "undici";
import { shopError } from "./errors.ts";
import { requireOrder, tellOrder } from "./orders.ts";
import { isSignedBy } from "./provider/callback.ts";
import type { Callback } from "./provider/callback.ts";
import type { LedgerEntry } from "./provider/ledger.ts";
import type { ChargeAnswer, LedgerPage } from "./provider/routes.ts";
import type { purchase1 } from "./purchase-1.flow.ts";
import type { Bill } from "./purchase-shapes.ts";
import type { purchase } from "./purchase.flow.ts";
import type { PlacedOrder } from "./store/insert-order.ts";
import { settlePayment } from "./store/settle-payment.ts";
import { startPayment } from "./store/start-payment.ts";

/** Of either version. */
type Purchase = FlowTypes<typeof purchase1 | typeof purchase>;
type Events = Purchase["Events"];

const CONNECTIONS_MAX = 64;
const ANSWER_MS = 5_000;
/** Some two seconds in all: a provider that is started again is there by then. */
const CHARGE_ATTEMPTS_MAX = 5;
/** From the first failed attempt to the second; it doubles. */
const CHARGE_RETRY_MS = 100;
const LEDGER_PAGE_MAX = 1000;

/** Where charges are made. */
export interface PaymentProvider {
  readonly url: string;
  /** It signs callbacks with this. */
  readonly secret: string;
  /** Resolves when it runs. Starts it where that is ours to do. @throws SHOP_PROVIDER_UNAVAILABLE (unavailable) */
  start(): Promise<void>;
}

export interface PaymentsParts {
  readonly sql: Sql;
  readonly provider: PaymentProvider;
  /** Where the provider reaches this shop: `http://…/shop/callbacks/payments`. */
  readonly callbackUrl: string;
}

export class Payments {
  readonly #parts: PaymentsParts;
  readonly #agent = new Agent({
    connections: CONNECTIONS_MAX,
    headersTimeout: ANSWER_MS,
    bodyTimeout: ANSWER_MS,
  });

  constructor(parts: PaymentsParts) {
    this.#parts = parts;
  }

  /**
   * Starts the payment of an order and answers what the provider says; a repeat answers the same.
   * @throws SHOP_NOT_DECIDED (unavailable) when the run has not taken the start yet: nobody was charged ·
   *   SHOP_PROVIDER_UNAVAILABLE (unavailable) when the provider does not answer: the run will find out by itself ·
   *   FLOW_RUN_FINAL, FLOW_UNEXPECTED_EVENT (conflict) when the order does not wait for a payment, and as the client's `send`
   */
  async start(client: Client, order: PlacedOrder): Promise<ChargeAnswer> {
    const { orderId, runId } = order;
    const started = { id: `payment-started:${orderId}`, type: "PaymentStarted", data: {} } as const;
    await tellOrder(client, order, started);
    await startPayment(this.#parts.sql, orderId);
    const answer = await this.#charge(toBill((await client.require(runId)).data));
    await settlePayment(this.#parts.sql, { orderId, ...answer, isCallback: false });
    return answer;
  }

  /**
   * Takes a callback in; resolves when it is durable.
   * @throws SHOP_BAD_SIGNATURE (unauthenticated) · SHOP_UNKNOWN_ORDER (missing), and as the client's `send`
   */
  async receive(client: Client, callback: Callback, signature: string): Promise<void> {
    const { sql, provider } = this.#parts;
    if (!isSignedBy(callback, signature, provider.secret))
      throw shopError(
        "SHOP_BAD_SIGNATURE",
        "the callback is not signed by the provider, expected its signature in x-provider-signature",
      );
    const { orderId, chargeId } = callback;
    const { runId } = await requireOrder(sql, orderId);
    await client.send(runId, toEvent(callback)).catch((error: unknown) => {
      // The poll was faster, and the run knows already what the callback says, since both have it from one ledger; or it was ended meanwhile
      // and takes nothing back by itself any more (P4).
      if (!hasCode(error, "FLOW_UNEXPECTED_EVENT") && !hasCode(error, "FLOW_RUN_FINAL")) throw error;
    });
    await settlePayment(sql, { orderId, chargeId, outcome: callback.outcome, isCallback: true });
  }

  /** All that the provider ever booked, oldest first. */
  async *readLedger(): AsyncGenerator<LedgerEntry> {
    for (let after: number | null = 0; after !== null;) {
      const page: LedgerPage = await this.#call("GET", `/ledger?after=${after}&limit=${LEDGER_PAGE_MAX}`);
      yield* page.items;
      after = page.next;
    }
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  /** Charging again is safe, for the provider knows the order. So a failure is met by another attempt, a few times. */
  async #charge(bill: Bill): Promise<ChargeAnswer> {
    const charge = { ...bill, callbackUrl: this.#parts.callbackUrl };
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#call<ChargeAnswer>("POST", "/charges", charge);
      } catch (cause) {
        if (attempt === CHARGE_ATTEMPTS_MAX)
          throw shopError(
            "SHOP_PROVIDER_UNAVAILABLE",
            `the payment provider did not answer ${attempt} times; the order finds out by itself what became of its payment`,
            { fields: { orderId: bill.orderId }, cause, retryAfterMs: 5000 },
          );
        await sleep(CHARGE_RETRY_MS * 2 ** (attempt - 1));
      }
    }
  }

  async #call<Answer>(method: "GET" | "POST", path: string, message?: object): Promise<Answer> {
    const { provider } = this.#parts;
    await provider.start();
    const { statusCode, body } = await this.#agent.request({
      origin: provider.url,
      path,
      method,
      ...(message === undefined
        ? {}
        : { headers: { "content-type": "application/json" }, body: JSON.stringify(message) }),
    });
    if (statusCode !== 200) throw new Error(`the provider answered HTTP ${statusCode}: ${await body.text()}`);
    return (await body.json()) as Answer;
  }
}

/** What the run says that the order costs; since it has taken the start of the payment, that does not change any more. */
function toBill(data: JsonObject): Bill {
  // The engine holds the data of a run to the schema of its flow.
  const { orderId, amountMinor, currency } = data as Purchase["Data"];
  return { orderId, amountMinor, currency };
}

/** The event's id is made from the charge, so that the callback may come as often as it likes. */
function toEvent({ chargeId, outcome }: Callback): Events["PaymentConfirmed"] | Events["PaymentRefused"] {
  const type = outcome === "charged" ? "PaymentConfirmed" : "PaymentRefused";
  return { id: `callback:${chargeId}`, type, data: { chargeId } };
}
