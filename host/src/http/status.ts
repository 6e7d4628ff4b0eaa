/** Errors as HTTP answers: the one table from kind to status, and the one way to a problem body (RFC 9457). */
import { randomUUID } from "node:crypto";
import { isErrorKind } from "@sluice/contracts/problem";
import type { ErrorKind, PinnedError, Problem } from "@sluice/contracts/problem";
import type { Log } from "../log.ts";
import { toDatabaseError } from "../postgres/connection-error.ts";

/** Kind to status. Nothing else in the system writes an error status. */
export const STATUS_OF_KIND = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  missing: 404,
  conflict: 409,
  overloaded: 429,
  unavailable: 503,
  timeout: 504,
  bug: 500,
} as const satisfies Record<ErrorKind, number>;

/** The status of a catalogue's row. */
export function statusOfRow(row: ErrorKind | PinnedError): number {
  return typeof row === "string" ? STATUS_OF_KIND[row] : row.http;
}

export const PROBLEM_CONTENT_TYPE = "application/problem+json; charset=utf-8";

/** An error as an HTTP answer, ready to be sent by any server. */
export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Problem;
}

export interface ToProblemOptions {
  /** Where the text of a `bug` goes; the answer carries only the id of that log line. */
  readonly log?: Pick<Log, "error">;
}

/** An error with a kind, be it a `CodedError` or one that was stored or received as plain data. */
interface ErrorData {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly http?: unknown;
  readonly fields?: unknown;
  readonly retryAfterMs?: unknown;
}

/** How long a caller waits when the error itself does not know. */
const RETRY_AFTER_MS = 1000;

/**
 * Turns any error into its answer. A lost database becomes HOST_DATABASE_UNAVAILABLE; what carries no kind is our own
 * mistake and is answered as HOST_UNEXPECTED with an `errorId`, while its text goes to the log only.
 * @see RFC 9457; RFC 9110 section 10.2.3 (Retry-After)
 */
export function toProblem(error: unknown, options: ToProblemOptions = {}): ProblemAnswer {
  const known = toDatabaseError(error);
  if (!isErrorData(known) || known.kind === "bug") return bugAnswer(known, options);
  const status = statusOf(known);
  return {
    status,
    headers: { "content-type": PROBLEM_CONTENT_TYPE, ...retryAfter(known) },
    body: { ...plainFields(known.fields), ...problemOf(known.code, known.kind, status, known.message) },
  };
}

function isErrorData(error: unknown): error is ErrorData {
  return (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    typeof error.code === "string" &&
    "kind" in error &&
    isErrorKind(error.kind) &&
    "message" in error &&
    typeof error.message === "string"
  );
}

function bugAnswer(error: unknown, options: ToProblemOptions): ProblemAnswer {
  const errorId = randomUUID();
  options.log?.error({ errorId, error }, "an error nobody foresaw");
  const code = isErrorData(error) ? error.code : "HOST_UNEXPECTED";
  const detail = `Something went wrong on our side; the log has it as error ${errorId}.`;
  return {
    status: STATUS_OF_KIND.bug,
    headers: { "content-type": PROBLEM_CONTENT_TYPE },
    body: { errorId, ...problemOf(code, "bug", STATUS_OF_KIND.bug, detail) },
  };
}

function problemOf(code: string, kind: ErrorKind, status: number, detail: string): Problem {
  return { type: `/docs/errors#${code}`, title: titleOf(code), status, detail, code, kind };
}

/** `HOST_BODY_TOO_LARGE` reads "Body too large": the same for every occurrence, as RFC 9457 asks. */
function titleOf(code: string): string {
  const words = code.split("_").slice(1).join(" ").toLowerCase();
  return words === "" ? code : words.charAt(0).toUpperCase() + words.slice(1);
}

function statusOf({ http, kind }: ErrorData): number {
  return typeof http === "number" && http >= 400 && http <= 599 ? http : STATUS_OF_KIND[kind];
}

function retryAfter(error: ErrorData): Readonly<Record<string, string>> {
  const isTransient = error.kind === "overloaded" || error.kind === "unavailable";
  const ms =
    typeof error.retryAfterMs === "number" ? error.retryAfterMs : isTransient ? RETRY_AFTER_MS : undefined;
  return ms === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil(ms / 1000))) };
}

/** Fields that JSON can carry. An `Error` among them would bring its stack, so it stays behind. */
function plainFields(fields: unknown): Record<string, unknown> {
  if (typeof fields !== "object" || fields === null) return {};
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined && typeof value !== "function" && !(value instanceof Error))
      .map(([name, value]) => [name, typeof value === "bigint" ? String(value) : value]),
  );
}
