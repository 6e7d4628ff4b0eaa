import { errorsOf } from "@sluice/contracts/problem";
import type { ErrorCatalogue } from "@sluice/contracts/problem";

/** Every code of this example. */
export const BANK_ERRORS = {
  OTHER_BANK_SILENT: "timeout",
} as const satisfies ErrorCatalogue;

export const bankError = errorsOf(BANK_ERRORS);
