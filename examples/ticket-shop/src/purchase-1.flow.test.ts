import { describe, it } from "node:test";
import { answered, elapsed, event, testFlow } from "@sluice/engine/testing";
import { purchase1 } from "./purchase-1.flow.ts";
import { purchase } from "./purchase.flow.ts";

const bill = { orderId: "order-1", amountMinor: 4900, currency: "EUR" } as const;
const order = { ...bill, concertId: "festival" } as const;
const placed = testFlow(purchase1).given({ data: order }).then({ state: "order-created", sent: [] });
const pending = placed.when(event("PaymentStarted"));
const paid = pending.when(event("PaymentConfirmed", { chargeId: "charge-1" }));

describe("a purchase of version 1", () => {
  it("gives the money back when there is no ticket", () => {
    paid
      .then({ sent: [{ type: "IssueTicket", data: { orderId: "order-1", concertId: "festival" } }] })
      .when(answered("IssueTicket", "TicketRefused", { reason: "canceled" }))
      .then({ state: "compensating", sent: [{ type: "RefundPayment", data: bill }] })
      .when(answered("RefundPayment", "PaymentRefunded", { refundId: "refund-1" }))
      .then({ outcome: "refunded" });
  });

  it("is of the standard category when it is migrated, and may be upgraded from then on", () => {
    placed
      .when(elapsed("60s"))
      .whenMigratedTo(purchase)
      .then({ state: "order-created", data: { category: "standard", amountMinor: 4900 } })
      .when(event("UpgradeChosen", { category: "premium", amountMinor: 9900 }), elapsed("59s"))
      .then({ data: { category: "premium" } })
      .when(elapsed("1s"))
      .then({ outcome: "expired" });
  });

  it("keeps its query under way when it is migrated", () => {
    pending
      .when(elapsed("10s"))
      .whenMigratedTo(purchase)
      .then({ underWay: ["CheckPayment"], sent: [] })
      .when(answered("CheckPayment", "PaymentConfirmed", { chargeId: "charge-1" }))
      .then({
        state: "paid",
        sent: [
          {
            type: "IssueTicket",
            data: { orderId: "order-1", concertId: "festival", category: "standard", amountMinor: 4900 },
          },
        ],
      });
  });

  it("has its payment taken back by version 2 when it was migrated after it had paid", () => {
    paid
      .whenMigratedTo(purchase)
      .then({ underWay: ["IssueTicket"], sent: [] })
      .when(answered("IssueTicket", "TicketRefused", { reason: "sold-out" }))
      .then({ sent: [{ type: "RefundPayment", data: bill }] });
  });

  it("takes nothing back by itself when it was migrated while it was being paid: the return of its payment does", () => {
    pending
      .whenMigratedTo(purchase)
      .when(event("PaymentConfirmed", { chargeId: "charge-1" }))
      .when(answered("IssueTicket", "TicketRefused", { reason: "sold-out" }))
      .then({ outcome: "refunded", sent: [] });
  });
});
