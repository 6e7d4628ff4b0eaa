import { errorsOf } from "@sluice/contracts/problem";
import type { ErrorCatalogue, ErrorFields, ErrorKind } from "@sluice/contracts/problem";
import { hasCode, kindOf } from "@sluice/contracts/problem";

/** Every code the engine can raise. A test holds this list and docs/errors.md equal, in both directions. */
export const ENGINE_ERRORS = {
  FLOW_BAD_DEFINITION: "invalid",
  FLOW_BAD_POLICY: "invalid",
  FLOW_BAD_OPTION: "invalid",
  FLOW_BAD_DATA: "invalid",
  FLOW_BAD_EVENT: "invalid",
  FLOW_BAD_CURSOR: "invalid",
  FLOW_BAD_QUERY: "invalid",
  FLOW_DATA_TOO_LARGE: { kind: "invalid", http: 413 },
  FLOW_IDEMPOTENCY_CONFLICT: { kind: "invalid", http: 422 },
  FLOW_UNKNOWN_FLOW: "missing",
  FLOW_UNKNOWN_RUN: "missing",
  FLOW_UNKNOWN_EVENT: { kind: "invalid", http: 422 },
  FLOW_UNKNOWN_CHANNEL: "invalid",
  FLOW_UNEXPECTED_EVENT: "conflict",
  FLOW_RUN_FINAL: "conflict",
  FLOW_RUN_EXISTS: "conflict",
  FLOW_HISTORY_FULL: "conflict",
  FLOW_RUN_NOT_PARKED: "conflict",
  FLOW_NOTHING_TO_RETRY: "conflict",
  FLOW_WOULD_STRAND: "conflict",
  FLOW_COMPENSATING: "conflict",
  FLOW_UNKNOWN_STATE: { kind: "invalid", http: 422 },
  FLOW_MIGRATION_MISSING: { kind: "invalid", http: 422 },
  FLOW_MIGRATION_REFUSED: "conflict",
  FLOW_CHILD_REFUSED: "invalid",
  FLOW_PAUSED: "unavailable",
  FLOW_BAD_OPERATION: { kind: "invalid", http: 422 },
  FLOW_UNKNOWN_ACTION: "missing",
  FLOW_UNKNOWN_DEAD_LETTER: "missing",
  FLOW_UNKNOWN_QUEUE: "missing",
  FLOW_NOT_A_JOB: "conflict",
  FLOW_JOBS_FULL: "overloaded",
  FLOW_VERSION_CHANGED: "conflict",
  FLOW_VERSION_MISSING: "conflict",
  FLOW_VERSION_UNSERVED: "unavailable",
  FLOW_LANES_CHANGED: "conflict",
  FLOW_LANE_LOST: "conflict",
  FLOW_NOT_OWNER: "conflict",
  FLOW_FORBIDDEN: "forbidden",
  FLOW_UNAUTHENTICATED: "unauthenticated",
  FLOW_RATE_LIMITED: "overloaded",
  FLOW_UNKNOWN_KEY: "missing",
  FLOW_TOO_MANY_KEYS: "conflict",
  FLOW_INBOX_FULL: "overloaded",
  FLOW_WAIT_FULL: "overloaded",
  FLOW_STOPPING: "unavailable",
  FLOW_STORE_UNAVAILABLE: "unavailable",
  FLOW_NO_OWNER: "unavailable",
  FLOW_OUTCOME_UNKNOWN: "timeout",
  FLOW_HANDLER_FAILED: "unavailable",
  FLOW_HANDLER_PAUSED: "unavailable",
  FLOW_HANDLER_TIMEOUT: "timeout",
  FLOW_UNDECLARED_EVENT: "bug",
  FLOW_BAD_ANSWER: "bug",
  FLOW_COMMAND_REFUSED: "invalid",
  FLOW_COMMAND_CONFLICT: "conflict",
  FLOW_COMMAND_UNDONE: "conflict",
  FLOW_COMMAND_UNREACHABLE: "unavailable",
  FLOW_COMMAND_TIMEOUT: "timeout",
  FLOW_COMMAND_OVERLOADED: "overloaded",
  FLOW_BROKER_UNAVAILABLE: "unavailable",
  FLOW_BROKER_REFUSED: "forbidden",
  FLOW_BROKER_MISMATCH: "conflict",
  FLOW_RULE_FAILED: "bug",
  FLOW_UNREADABLE: { kind: "invalid", http: 500 },
  FLOW_UNEXPECTED: "bug",
} as const satisfies ErrorCatalogue;

export type EngineErrorCode = keyof typeof ENGINE_ERRORS;
export const engineError = errorsOf(ENGINE_ERRORS);

export function isEngineErrorCode(code: string): code is EngineErrorCode {
  return Object.hasOwn(ENGINE_ERRORS, code);
}

/** What the caller may do about an error of this code. */
export function kindOfCode(code: EngineErrorCode): ErrorKind {
  const row = ENGINE_ERRORS[code];
  return typeof row === "string" ? row : row.kind;
}

/** An error as it is stored and sent: plain data. The stack stays with dead letters, and is shown to who may operate alone. */
export interface PlainError {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly retryAfterMs?: number;
  readonly stack?: string;
  readonly fields?: ErrorFields;
}

/** Turns whatever was thrown into data. `fallback` names what an error without a code of ours means at this place. */
export function toPlainError(error: unknown, fallback: EngineErrorCode): PlainError {
  const coded = typeof error === "object" && error !== null && "code" in error && "kind" in error;
  const retryAfterMs =
    typeof error === "object" &&
    error !== null &&
    "retryAfterMs" in error &&
    typeof error.retryAfterMs === "number"
      ? error.retryAfterMs
      : undefined;
  return {
    code: coded ? String(error.code) : fallback,
    kind: coded ? kindOf(error) : kindOfCode(fallback),
    message: error instanceof Error ? error.message : String(error),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {}),
  };
}

export { hasCode };
