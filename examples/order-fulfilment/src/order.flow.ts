import { compensate, defineFlow } from "@sluice/engine/definition";
import { Type } from "typebox";

const Text = Type.String({ minLength: 1, maxLength: 200 });
const Nothing = Type.Object({});

const Line = Type.Object({ sku: Text, units: Type.Integer({ minimum: 1 }) });
const Hold = Type.Object({ orderId: Text, line: Line });
const Charge = Type.Object({ orderId: Text, amountMinor: Type.Integer({ minimum: 1 }), card: Text });
const Parcel = Type.Object({ orderId: Text, address: Text });
const Screening = Type.Object({ risk: Type.Integer({ minimum: 0, maximum: 100 }) });
const Payment = Type.Object({ paymentId: Text });
const Shipment = Type.Object({ parcelId: Text });
const Refusal = Type.Object({ refusal: Text });

/** From this risk on, a person looks at the order. */
const REVIEWED_RISK = 80;

/**
 * An order is checked on all sides at once, paid and shipped. Whatever says no, and whenever the customer changes their mind, what was
 * done until then is taken back: the parcel, the payment, the stock, in this order.
 */
export const order = defineFlow({
  name: "order-fulfilment",
  version: 1,
  data: Type.Object({
    ...Charge.properties,
    ...Parcel.properties,
    lines: Type.Array(Line, { minItems: 1, maxItems: 100 }),
    ...Type.Partial(Screening).properties,
    ...Type.Partial(Payment).properties,
    ...Type.Partial(Shipment).properties,
    ...Type.Partial(Refusal).properties,
  }),
  events: {
    StockHeld: Nothing,
    StockRefused: Refusal,
    StockReleased: Nothing,
    OrderScreened: Screening,
    ReviewPassed: Nothing,
    ReviewFailed: Refusal,
    PaymentCharged: Payment,
    PaymentRefused: Refusal,
    PaymentRefunded: Nothing,
    ParcelCollected: Shipment,
    ParcelRecalled: Nothing,
    OrderCanceled: Nothing,
  },
  commands: {
    HoldStock: { channel: "warehouse", data: Hold, answers: ["StockHeld", "StockRefused"] },
    ReleaseStock: { channel: "warehouse", data: Hold, answers: ["StockReleased"] },
    ScreenOrder: { channel: "screening", data: Charge, answers: ["OrderScreened"] },
    ChargePayment: { channel: "payments", data: Charge, answers: ["PaymentCharged", "PaymentRefused"] },
    RefundPayment: { channel: "payments", data: Charge, answers: ["PaymentRefunded"] },
    ShipParcel: { channel: "carrier", data: Parcel, answers: ["ParcelCollected"] },
    RecallParcel: { channel: "carrier", data: Parcel, answers: ["ParcelRecalled"] },
  },
  businessStates: ["checking", "in review", "processing", "shipped", "refused", "canceled"],
  initial: "checking",
  states: {
    checking: {
      businessState: "checking",
      send: {
        HoldStock: { each: "/lines", as: "line", pick: ["orderId"] },
        ScreenOrder: { pick: ["orderId", "amountMinor", "card"] },
      },
      undo: { HoldStock: { send: { ReleaseStock: "command" }, unless: ["StockRefused"] } },
      on: {
        StockHeld: {},
        OrderScreened: { update: "merge" },
        StockRefused: { target: "refused", update: "merge", compensate: true },
        OrderCanceled: compensate("canceled"),
        commandFailed: compensate("refused"),
      },
      join: {
        wait: "all",
        then: [
          { guard: ({ data }) => (data.risk ?? 0) >= REVIEWED_RISK, target: "in-review" },
          { target: "paying" },
        ],
      },
    },
    "in-review": {
      businessState: "in review",
      on: {
        ReviewPassed: "paying",
        ReviewFailed: { target: "refused", update: "merge", compensate: true },
        OrderCanceled: compensate("canceled"),
      },
      deadline: { delay: "2d", ...compensate("refused") },
    },
    paying: {
      businessState: "processing",
      send: { ChargePayment: { pick: ["orderId", "amountMinor", "card"] } },
      undo: {
        ChargePayment: {
          send: { RefundPayment: "command" },
          unless: ["PaymentRefused"],
          retry: { attempts: 1000, first: "1s", factor: 2, max: "5m" },
        },
      },
      on: {
        PaymentCharged: { target: "shipping", update: "merge" },
        PaymentRefused: { target: "refused", update: "merge", compensate: true },
        OrderCanceled: compensate("canceled"),
        commandFailed: compensate("refused"),
      },
    },
    shipping: {
      businessState: "processing",
      // The carrier takes the order for a pick-up at once and says hours later that it has the parcel.
      send: { ShipParcel: { pick: ["orderId", "address"] } },
      undo: { ShipParcel: { send: { RecallParcel: "command" } } },
      on: {
        ParcelCollected: { target: "shipped", update: "merge" },
        OrderCanceled: compensate("canceled"),
        commandFailed: compensate("refused"),
      },
      deadline: { delay: "3d", ...compensate("refused") },
    },
    shipped: { businessState: "shipped", final: "shipped" },
    refused: { businessState: "refused", final: "refused" },
    // Also where an operator's cancellation ends.
    canceled: { businessState: "canceled", final: "canceled" },
  },
});
