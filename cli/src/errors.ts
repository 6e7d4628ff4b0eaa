import { errorsOf } from "@sluice/contracts/problem";
import type { ErrorCatalogue } from "@sluice/contracts/problem";

/** Every code the command can raise by itself. A test holds this list and docs/errors.md equal, in both directions. */
export const CLI_ERRORS = {
  CLI_BAD_ARGUMENT: "invalid",
  CLI_BAD_APP: "invalid",
  CLI_BAD_CONFIG: "invalid",
  CLI_BAD_ANSWER: "bug",
  CLI_NO_SERVER: "unavailable",
  CLI_NO_DATABASE: "missing",
  CLI_NO_KEY: "conflict",
  CLI_UNKNOWN_RUN: "missing",
  CLI_INTERRUPTED: "conflict",
  CLI_UNEXPECTED: "bug",
} as const satisfies ErrorCatalogue;

export const cliError = errorsOf(CLI_ERRORS);
