import { defineFlow } from "@sluice/engine/definition";
import { Type } from "typebox";
import { Bill, Nothing, REFUND_RETRY, Text } from "./purchase-shapes.ts";

/** Tickets that are refunded at once: as many commands are under way. */
export const REFUNDS_MAX = 200;

const ConcertId = Type.Object({ concertId: Text });
const Page = Type.Object({
  /** What was paid for some tickets, in the order of their seats. */
  bills: Type.Array(Bill, { maxItems: REFUNDS_MAX }),
  /** The last of these seats. No ticket up to here is good any more once they are voided. */
  afterSeat: Type.Integer({ minimum: 0 }),
});

/**
 * A concert does not take place: its sales stop, then all of its tickets are refunded and voided, some at a time. A ticket is voided
 * after its money has gone back, so that nobody is left with neither.
 */
export const concertCancellation = defineFlow({
  name: "concert-cancellation",
  version: 1,
  data: Type.Object({
    ...ConcertId.properties,
    ...Page.properties,
    /** Tickets that were refunded so far. */
    refunded: Type.Integer({ minimum: 0 }),
  }),
  events: {
    SalesStopped: Nothing,
    TicketsListed: Page,
    NoTicketsLeft: Nothing,
    PaymentRefunded: Type.Object({ refundId: Text }),
    PaymentVoided: Nothing,
    TicketsVoided: Nothing,
  },
  commands: {
    StopSales: { channel: "tickets", data: ConcertId, answers: ["SalesStopped"] },
    ListTickets: {
      channel: "tickets",
      data: Type.Object({ ...ConcertId.properties, afterSeat: Page.properties.afterSeat }),
      answers: ["TicketsListed", "NoTicketsLeft"],
    },
    RefundPayment: { channel: "payments", data: Bill, answers: ["PaymentRefunded", "PaymentVoided"] },
    VoidTickets: {
      channel: "tickets",
      data: Type.Object({ orderIds: Type.Array(Text, { maxItems: REFUNDS_MAX }) }),
      answers: ["TicketsVoided"],
    },
  },
  businessStates: ["refunding", "refunded"],
  initial: "stopping-sales",
  states: {
    "stopping-sales": {
      businessState: "refunding",
      send: { StopSales: { pick: ["concertId"] } },
      on: { SalesStopped: "listing" },
    },
    listing: {
      businessState: "refunding",
      send: { ListTickets: { pick: ["concertId", "afterSeat"] } },
      on: { TicketsListed: { target: "refunding", update: "merge" }, NoTicketsLeft: "refunded" },
    },
    refunding: {
      businessState: "refunding",
      send: { RefundPayment: { each: "/bills" } },
      retry: REFUND_RETRY,
      join: { wait: "all", then: "voiding" },
      // The second: nobody had paid for it. The others shall have their money all the same.
      on: { PaymentRefunded: {}, PaymentVoided: {} },
    },
    voiding: {
      businessState: "refunding",
      send: { VoidTickets: ({ bills }) => ({ orderIds: bills.map(({ orderId }) => orderId) }) },
      on: {
        TicketsVoided: {
          target: "resting",
          update: ({ data }) => ({ ...data, bills: [], refunded: data.refunded + data.bills.length }),
        },
      },
    },
    // The provider has others to serve as well.
    resting: { businessState: "refunding", after: { delay: "100ms", target: "listing" } },
    refunded: { businessState: "refunded", final: "refunded" },
  },
});
