/** The shapes of the shop's API. */
import { Type } from "typebox";
import type { Static, TSchema } from "typebox";

/** Without control characters: one of them, NUL, is none that the database takes. */
const PLAIN = { maxLength: 200, pattern: "^[^\\u0000-\\u001f\\u007f]*$" };
const Text = Type.String({ minLength: 1, ...PLAIN });
/** The format alone would let `urn:uuid:` stand before it. */
const Uuid = Type.String({
  format: "uuid",
  pattern: "^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
});
const Time = Type.String({ format: "date-time" });
const Nullable = <T extends TSchema>(type: T) => Type.Union([type, Type.Null()]);
const Limit = Type.Integer({ minimum: 1, maximum: 100, default: 20 });
const Cursor = Type.String({ default: "", ...PLAIN, description: "Where the page before ended" });
const NextCursor = Nullable(Type.String({ description: "Opens the next page; null on the last" }));

export const PageQuery = Type.Object({ cursor: Cursor, limit: Limit }, { additionalProperties: false });
export type PageQuery = Static<typeof PageQuery>;

export const Concert = Type.Object({
  concertId: Text,
  name: Type.String(),
  seats: Type.Integer(),
  sold: Type.Integer(),
  priceMinor: Type.Integer({ description: "In hundredths of the currency" }),
  premiumPriceMinor: Nullable(Type.Integer({ description: "Null: there are no premium seats" })),
  currency: Type.String(),
  canceledAt: Nullable(Time),
});
export type Concert = Static<typeof Concert>;

export const ConcertParams = Type.Object({ concertId: Text });
export type ConcertParams = Static<typeof ConcertParams>;

export const Concerts = Type.Object({
  items: Type.Array(Concert),
  cursor: NextCursor,
});
export type Concerts = Static<typeof Concerts>;

/** A request that is repeated with the same key is the same request. */
export const OrderHeaders = Type.Object({
  "idempotency-key": Type.Optional(Text),
});
export type OrderHeaders = Static<typeof OrderHeaders>;

export const PurchaseHeaders = Type.Object({
  ...OrderHeaders.properties,
  prefer: Type.Optional(
    Type.String({ maxLength: 200, description: "wait=N: answer after N seconds at the latest" }),
  ),
});
export type PurchaseHeaders = Static<typeof PurchaseHeaders>;

export const NewOrder = Type.Object({ concertId: Text }, { additionalProperties: false });
export type NewOrder = Static<typeof NewOrder>;

export const PlacedOrder = Type.Object({
  orderId: Uuid,
  runId: Uuid,
  concertId: Text,
  amountMinor: Type.Integer(),
  currency: Type.String(),
});
export type PlacedOrder = Static<typeof PlacedOrder>;

/** The same order, answered with `Idempotent-Replayed: true`. */
export const RepeatedOrder = Type.Object(PlacedOrder.properties, {
  description: "The order was placed before under this idempotency key.",
});

export const OrderParams = Type.Object({ orderId: Uuid });
export type OrderParams = Static<typeof OrderParams>;

export const Payment = Type.Object({
  orderId: Uuid,
  runId: Uuid,
  chargeId: Type.String(),
  outcome: Type.Union([Type.Literal("charged"), Type.Literal("refused"), Type.Literal("closed")], {
    description: "closed: the order had waited too long or was canceled, and nobody was charged",
  }),
});
export type Payment = Static<typeof Payment>;

const Category = Type.Union([Type.Literal("standard"), Type.Literal("premium")]);

/** An order as it is now. State and outcome are those of its run; null for the moment in which the run is only on its way. */
export const Order = Type.Object({
  ...PlacedOrder.properties,
  category: Category,
  placedAt: Time,
  state: Nullable(Type.String()),
  businessState: Nullable(Type.String()),
  outcome: Nullable(Type.String({ description: "Set when nothing more will happen" })),
  ticket: Nullable(
    Type.Object({
      ticketId: Uuid,
      seat: Type.Integer(),
      voidedAt: Nullable(Type.String({ format: "date-time", description: "Since then it lets nobody in" })),
    }),
  ),
});
export type Order = Static<typeof Order>;

export const Cancellation = Type.Object({
  concertId: Text,
  runId: Uuid,
  state: Nullable(Type.String()),
  outcome: Nullable(Type.String({ description: "Set when all tickets are refunded and void" })),
  refunded: Type.Integer({ description: "Tickets that are refunded and void" }),
});
export type Cancellation = Static<typeof Cancellation>;

/** A concert on one day, by the calendar of the box office. */
export const Report = Type.Object({
  day: Type.String({ format: "date" }),
  concertId: Text,
  sold: Type.Integer(),
  revenueMinor: Type.Integer(),
  refunds: Type.Integer({ description: "Tickets that were given back" }),
  refundsMinor: Type.Integer(),
  currency: Type.String(),
});
export const Reports = Type.Object({ items: Type.Array(Report), cursor: NextCursor });
export type Reports = Static<typeof Reports>;

export const ReportsQuery = Type.Object(
  {
    day: Type.Optional(
      Type.String({ format: "date", description: "Absent: the newest day that has a report" }),
    ),
    cursor: Cursor,
    limit: Limit,
  },
  { additionalProperties: false },
);
export type ReportsQuery = Static<typeof ReportsQuery>;

export const AuditReport = Type.Object({
  isClean: Type.Boolean(),
  laws: Type.Array(Type.Object({ name: Type.String(), breaches: Type.Array(Type.String()) })),
});
export type AuditReport = Static<typeof AuditReport>;
