import { createHmac, timingSafeEqual } from "node:crypto";
import { Type } from "typebox";
import type { Static } from "typebox";

/** What the provider tells the shop about a charge, when it gets around to it: late, twice, or never. */
export const Callback = Type.Object({
  orderId: Type.String({ maxLength: 200 }),
  chargeId: Type.String({ maxLength: 200 }),
  outcome: Type.Union([Type.Literal("charged"), Type.Literal("refused")]),
});
export type Callback = Static<typeof Callback>;

/** Carries the signature, without which anybody could declare an order paid. */
export const SIGNATURE_HEADER = "x-provider-signature";

/** HMAC-SHA256 of the callback's fields, as hex. */
export function signCallback({ orderId, chargeId, outcome }: Callback, secret: string): string {
  return createHmac("sha256", secret)
    .update(JSON.stringify([orderId, chargeId, outcome]))
    .digest("hex");
}

export function isSignedBy(callback: Callback, signature: string, secret: string): boolean {
  const expected = Buffer.from(signCallback(callback, secret));
  const found = Buffer.from(signature);
  return found.length === expected.length && timingSafeEqual(found, expected);
}
