/** The data of a run in the benchmark: some 350 bytes of JSON, as those of a real order. */
import { randomUUID } from "node:crypto";
import type { JsonObject } from "@sluice/contracts/envelope";
import { Type } from "typebox";

export const OrderSchema = Type.Object(
  {
    orderId: Type.String(),
    concertId: Type.Integer(),
    amountMinor: Type.Integer(),
    currency: Type.String(),
    buyer: Type.Object({ name: Type.String(), email: Type.String(), address: Type.String() }),
    note: Type.String(),
    paymentId: Type.Optional(Type.String()),
    seat: Type.Optional(Type.Integer()),
    step: Type.Optional(Type.Integer()),
  },
  { additionalProperties: false },
);

export function newOrder(orderId: string = randomUUID()): JsonObject {
  return {
    orderId,
    concertId: 1,
    amountMinor: 4900,
    currency: "EUR",
    buyer: {
      name: "Ada Lovelace",
      email: "ada.lovelace@example.org",
      address: "12 St James's Square, London SW1Y 4JH",
    },
    note: "Two seats next to each other if that is possible, thank you. Please send the tickets by mail a week before the evening.",
  };
}
