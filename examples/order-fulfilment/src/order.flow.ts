import { compensate, defineFlow } from "@sluice/engine/definition";
import { Type } from "typebox";

const Text = Type.String({ minLength: 1, maxLength: 200 });
const Nothing = Type.Object({});

const Line = Type.Object({ sku: Text, units: Type.Integer({ minimum: 1 }) });
const Hold = Type.Object({ orderId: Text, line: Line });
const Charge = Type.Object({ orderId: Text, amountMinor: Type.Integer({ minimum: 1 }), card: Text });
const Courier = Type.Object({ courier: Text });
const Pickup = Type.Object({ orderId: Text, address: Text, ...Courier.properties });
const Screening = Type.Object({ risk: Type.Integer({ minimum: 0, maximum: 100 }) });
const Payment = Type.Object({ paymentId: Text });
const Shipment = Type.Object({ parcelId: Text });
const Refusal = Type.Object({ refusal: Text });

/** From this risk on, a person looks at the order. */
const REVIEWED_RISK = 80;
/** Each is asked for a pick-up, and the first to agree has the order. */
export const COURIERS = ["swift", "steady"] as const;

/**
 * An order is checked on all sides at once, paid, and shipped by the courier who is first to agree. Whatever says no, whenever the customer
 * changes their mind, and when it has taken too long, what was done until then is taken back: the parcel, the pick-up, the payment, the
 * stock, in this order.
 */
export const order = defineFlow({
  name: "order-fulfilment",
  version: 1,
  data: Type.Object({
    ...Charge.properties,
    address: Text,
    lines: Type.Array(Line, { minItems: 1, maxItems: 100 }),
    ...Type.Partial(Screening).properties,
    ...Type.Partial(Payment).properties,
    ...Type.Partial(Courier).properties,
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
    PickupAgreed: Courier,
    PickupReleased: Nothing,
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
    BookPickup: { channel: "couriers", data: Pickup, answers: ["PickupAgreed"] },
    ReleasePickup: { channel: "couriers", data: Pickup, answers: ["PickupReleased"] },
    ShipParcel: { channel: "couriers", data: Pickup, answers: ["ParcelCollected"] },
    RecallParcel: { channel: "couriers", data: Pickup, answers: ["ParcelRecalled"] },
  },
  businessStates: ["checking", "in review", "processing", "shipped", "refused", "canceled"],
  initial: "checking",
  // Checks and payment have no limit of their own; this is the one on all of it.
  deadline: { delay: "7d", ...compensate("refused") },
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
        PaymentCharged: { target: "booking-pickup", update: "merge" },
        PaymentRefused: { target: "refused", update: "merge", compensate: true },
        OrderCanceled: compensate("canceled"),
        commandFailed: compensate("refused"),
      },
    },
    "booking-pickup": {
      businessState: "processing",
      send: {
        BookPickup: {
          each: ({ orderId, address }) => COURIERS.map((courier) => ({ orderId, address, courier })),
        },
      },
      undo: { BookPickup: { send: { ReleasePickup: "command" } } },
      on: {
        PickupAgreed: { update: "merge" },
        // One that cannot come leaves it to the other.
        commandFailed: {},
        OrderCanceled: compensate("canceled"),
      },
      join: { wait: "any", then: "shipping", losers: "undo" },
      deadline: { delay: "2h", ...compensate("refused") },
    },
    shipping: {
      businessState: "processing",
      // The courier takes the order at once and says hours later that it has the parcel.
      send: { ShipParcel: ({ orderId, address, courier = COURIERS[0] }) => ({ orderId, address, courier }) },
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
