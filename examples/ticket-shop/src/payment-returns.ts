/**
 * Payments of orders that have ended. Owns: `kept_at` and `return_run_id` of `payments`.
 * R1  A payment is kept where its run has closed the order and the ticket is good. Every other one goes back, however the run has ended and
 *     whoever has ended it: the flow, in either version, or an operator, without compensation too.
 * R2  None is overlooked: its row is there before the provider is asked (P1). And none comes afterwards: what is returned is charged no
 *     more, for the provider has closed the order.
 * R3  Nothing is remembered from one look to the next. Whoever dies on the way, the next look begins again, here or in another process;
 *     the order's id is the key of the run that gives back, so there is one.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client, LogPort } from "@sluice/engine";
import type { Sql } from "@sluice/host/postgres";
import type { Bill } from "./purchase-shapes.ts";
import { keepPayments } from "./store/keep-payments.ts";
import { listEndedPayments } from "./store/list-ended-payments.ts";
import { noteReturn } from "./store/note-return.ts";

/** From one look to the next. */
const LOOK_MS = 1_000;
/** Payments that are judged at once; as many runs are started at the most. */
const PAYMENTS_MAX = 100;

interface PaymentReturnsParts {
  readonly sql: Sql;
  readonly log: Pick<LogPort, "warn" | "info">;
}

/** Looks after payments from `start` to `stop`. */
export class PaymentReturns {
  readonly #parts: PaymentReturnsParts;
  readonly #end = new AbortController();
  #looking: Promise<void> | undefined;

  constructor(parts: PaymentReturnsParts) {
    this.#parts = parts;
  }

  /** Looks now and then, until `signal` is aborted or it is stopped. */
  start(client: Client, signal: AbortSignal): void {
    this.#looking ??= this.#look(client, AbortSignal.any([signal, this.#end.signal]));
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#looking;
  }

  async #look(client: Client, signal: AbortSignal): Promise<void> {
    const { sql, log } = this.#parts;
    let isFailing = false;
    while (await isStillOpen(signal)) {
      try {
        await judgeEndedPayments(sql, client, signal);
        if (isFailing) log.info({}, "payments of orders that have ended are looked after again");
        isFailing = false;
      } catch (err) {
        // The database or the engine is away, most likely, and the payments stay where they are.
        if (!isFailing && !signal.aborted)
          log.warn({ err }, "payments of orders that have ended could not be looked after; tried again");
        isFailing = true;
      }
    }
  }
}

/** Waits for the next look; false when there is none. */
function isStillOpen(signal: AbortSignal): Promise<boolean> {
  return sleep(LOOK_MS, undefined, { signal }).then(
    () => true,
    () => false,
  );
}

/** Keeps what is earned, and starts the return of all else. */
async function judgeEndedPayments(sql: Sql, client: Client, signal: AbortSignal): Promise<void> {
  for (let isMore = true; isMore && !signal.aborted;) {
    const ended = await listEndedPayments(sql, PAYMENTS_MAX);
    const earned = ended.filter(({ isEarned }) => isEarned).map(({ bill }) => bill.orderId);
    if (earned.length > 0) await keepPayments(sql, earned);
    const returned = ended.filter(({ isEarned }) => !isEarned);
    await Promise.all(returned.map(({ bill }) => returnPayment(sql, client, bill)));
    isMore = ended.length === PAYMENTS_MAX;
  }
}

/** The run first, then the note of it: who dies between the two starts the same run again. */
async function returnPayment(sql: Sql, client: Client, bill: Bill): Promise<void> {
  const { orderId } = bill;
  const { runId } = await client.start("payment-return", {
    key: orderId,
    idempotencyKey: orderId,
    data: { ...bill },
  });
  await noteReturn(sql, orderId, runId);
}
