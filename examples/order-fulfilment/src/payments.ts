/**
 * Stands in for a payment provider, which is somebody else's and remembers what it did under which id. Here that memory is this
 * process's, so it does not outlive it; the inbox of a service of your own lies in its database (the money transfer has one).
 * Y1  A command is carried out once, however often it comes.
 * Y2  What was taken back is never charged, though its command may still come.
 */
import { randomUUID } from "node:crypto";
import type { FlowTypes } from "@sluice/engine/definition";
import { memoryInbox } from "@sluice/engine/participant";
import type { LocalHandlers } from "@sluice/engine/participant";
import type { order } from "./order.flow.ts";

type Order = FlowTypes<typeof order>;

/** A card that has no money. */
export const DECLINED_CARD = "declined";

export interface PaymentProvider {
  readonly handlers: LocalHandlers<Order>;
  /** What an order has paid and not got back, in minor units. */
  paidMinor(orderId: string): number;
}

export function createPaymentProvider(): PaymentProvider {
  const inbox = memoryInbox();
  const paidMinor = new Map<string, number>();
  return {
    paidMinor: (orderId) => paidMinor.get(orderId) ?? 0,
    handlers: {
      ChargePayment: ({ commandId, data }) =>
        inbox.once(commandId, async () => {
          if (data.card === DECLINED_CARD)
            return { type: "PaymentRefused", data: { refusal: "the card was declined" } };
          paidMinor.set(data.orderId, data.amountMinor);
          return { type: "PaymentCharged", data: { paymentId: randomUUID() } };
        }) as Promise<Order["Answers"]["ChargePayment"]>,
      RefundPayment: async ({ commandId, undoes = "", data }) => {
        await inbox.undo(commandId, undoes, async () => {
          paidMinor.delete(data.orderId);
          return null;
        });
        return { type: "PaymentRefunded", data: {} };
      },
    },
  };
}
