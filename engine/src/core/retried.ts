import type { ErrorKind } from "@sluice/contracts/problem";

/** Whether an attempt that ended with this kind is followed by another. */
export const RETRIED = {
  invalid: false,
  unauthenticated: false,
  forbidden: false,
  missing: false,
  conflict: true,
  overloaded: true,
  unavailable: true,
  timeout: true,
  bug: false,
} as const satisfies Record<ErrorKind, boolean>;
