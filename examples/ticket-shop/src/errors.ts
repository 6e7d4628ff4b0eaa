import { errorsOf } from "@sluice/contracts/problem";
import type { ErrorCatalogue } from "@sluice/contracts/problem";

/** Every code the ticket shop and its payment provider can raise. The README lists them. */
export const SHOP_ERRORS = {
  SHOP_UNKNOWN_CONCERT: "missing",
  SHOP_UNKNOWN_ORDER: "missing",
  SHOP_SOLD_OUT: "conflict",
  SHOP_BAD_SIGNATURE: "unauthenticated",
  SHOP_NOT_DECIDED: "unavailable",
  SHOP_PROVIDER_UNAVAILABLE: "unavailable",
  PROVIDER_UNAVAILABLE: "unavailable",
  PROVIDER_TIMEOUT: "timeout",
  PROVIDER_UNKNOWN_CHARGE: "missing",
} as const satisfies ErrorCatalogue;

export const shopError = errorsOf(SHOP_ERRORS);
