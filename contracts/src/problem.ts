/**
 * Errors as they cross a boundary: a closed set of kinds, codes that never change meaning, and the RFC 9457 body.
 * Stored and received errors are plain data, so `instanceof` is worthless: match on the code with `hasCode`.
 */

/** What the caller may do about an error. Kind to HTTP status is one table in the host; nothing else writes an error status. */
export type ErrorKind =
  | "invalid"
  | "unauthenticated"
  | "forbidden"
  | "missing"
  | "conflict"
  | "overloaded"
  | "unavailable"
  | "timeout"
  | "bug";

/** A catalogue row whose wire contract fixes another status than its kind would give. */
export interface PinnedError {
  readonly kind: ErrorKind;
  readonly http: number;
}

/** Every code a room can raise, with its kind. One per room, in its `errors.ts`; docs/errors.md lists them all. */
export type ErrorCatalogue = Readonly<Record<string, ErrorKind | PinnedError>>;

/** Ids and numbers that belong to an error. They go to the log and into the problem body, never into the message alone. */
export type ErrorFields = Readonly<Record<string, unknown>>;

export interface CodedErrorOptions {
  readonly fields?: ErrorFields;
  readonly cause?: unknown;
  /** Milliseconds the caller should wait before the next attempt. */
  readonly retryAfterMs?: number;
}

/** An error with a code of a catalogue. The message says what was found, what was expected and what to do. */
export class CodedError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  /** The status a wire contract pins; absent where the kind decides. */
  readonly http: number | undefined;
  readonly fields: ErrorFields;
  readonly retryAfterMs: number | undefined;

  constructor(code: string, row: ErrorKind | PinnedError, message: string, options: CodedErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CodedError";
    this.code = code;
    this.kind = typeof row === "string" ? row : row.kind;
    this.http = typeof row === "string" ? undefined : row.http;
    this.fields = options.fields ?? {};
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The one way a room makes its errors: `const error = errorsOf(ENGINE_ERRORS)`, then `throw error("FLOW_LANE_LOST", "…")`. */
export function errorsOf<C extends ErrorCatalogue>(catalogue: C) {
  return (code: keyof C & string, message: string, options?: CodedErrorOptions): CodedError => {
    const row = catalogue[code];
    if (row === undefined) throw new Error(`no such error code: ${code}`);
    return new CodedError(code, row, message, options);
  };
}

/** Whether an error, ours or received as data, carries this code. */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === code;
}

/** The kind an error carries; whatever carries none is our own mistake. */
export function kindOf(error: unknown): ErrorKind {
  if (typeof error === "object" && error !== null && "kind" in error && isErrorKind(error.kind))
    return error.kind;
  return "bug";
}

/** The closed set itself, for schemas. */
export const ERROR_KINDS: Readonly<Record<ErrorKind, true>> = {
  invalid: true,
  unauthenticated: true,
  forbidden: true,
  missing: true,
  conflict: true,
  overloaded: true,
  unavailable: true,
  timeout: true,
  bug: true,
};

export function isErrorKind(value: unknown): value is ErrorKind {
  return typeof value === "string" && Object.hasOwn(ERROR_KINDS, value);
}

/** The problem body of RFC 9457, with our code and kind. `type` is a page of this project: `/docs/errors#CODE`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly kind: ErrorKind;
  readonly [field: string]: unknown;
}

export { isExplainable } from "./explainable.ts";
export { PROBLEM_SCHEMA, problemResponses } from "./problem-schema.ts";
export type { CodesByStatus } from "./problem-schema.ts";
export { lostConnection, reasonFromServer } from "./postgres-error.ts";
