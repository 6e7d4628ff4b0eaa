import { errorsOf } from "@sluice/contracts/problem";
import type { ErrorCatalogue } from "@sluice/contracts/problem";

/** Every code the ticket shop and its payment provider can raise. The README and the server's page of errors list them. */
export const SHOP_ERRORS = {
  SHOP_UNKNOWN_CONCERT: "missing",
  SHOP_UNKNOWN_ORDER: "missing",
  SHOP_SOLD_OUT: "conflict",
  SHOP_CONCERT_CANCELED: "conflict",
  SHOP_NO_UPGRADE: "conflict",
  SHOP_BAD_SIGNATURE: "unauthenticated",
  SHOP_NOT_DECIDED: "unavailable",
  SHOP_PROVIDER_UNAVAILABLE: "unavailable",
  PROVIDER_UNAVAILABLE: "unavailable",
  PROVIDER_TIMEOUT: "timeout",
} as const satisfies ErrorCatalogue;

/** What each code means, for the page of errors. */
export const SHOP_MEANINGS: Readonly<Record<keyof typeof SHOP_ERRORS, string>> = {
  SHOP_UNKNOWN_CONCERT: "There is no concert of that id.",
  SHOP_UNKNOWN_ORDER: "There is no order of that id.",
  SHOP_SOLD_OUT: "All seats of the concert are sold.",
  SHOP_CONCERT_CANCELED: "The concert does not take place.",
  SHOP_NO_UPGRADE: "There is no premium seat for this order.",
  SHOP_BAD_SIGNATURE: "A callback is not signed by the payment provider.",
  SHOP_NOT_DECIDED: "The order could not take the payment or the upgrade yet. Nobody was charged.",
  SHOP_PROVIDER_UNAVAILABLE:
    "The payment provider does not answer. The order finds out by itself what became of its payment.",
  PROVIDER_UNAVAILABLE: "A bad moment of the payment provider. Nothing happened.",
  PROVIDER_TIMEOUT: "A bad moment of the payment provider. It may have happened.",
};

export const shopError = errorsOf(SHOP_ERRORS);
