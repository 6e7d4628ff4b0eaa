/** Which errors mean that the database is away, as opposed to an answer of the database. Knows no driver: errors are data. */
import { hostError } from "../errors.ts";

/** Codes that only the driver or the server gives. Of the server: stopping, crashed, starting, full; a session it has ended. */
const DATABASE_CODES: ReadonlySet<unknown> = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
  "57P01",
  "57P02",
  "57P03",
  "53300",
  "57P05",
  "25P03",
  "25P04",
]);

/** Codes of the operating system, which any socket may give. `ENOENT` is a socket file that is not there. */
const SOCKET_CODES: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENOENT",
]);

/** Long enough that a restarting server is back, short enough that nobody waits for nothing. */
const RETRY_AFTER_MS = 1000;

/**
 * Whether an error says that the database could not be reached or that the connection was lost. Whether a statement
 * in flight took effect is then unknown.
 */
export function isConnectionError(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("code" in error)) return false;
  const { code } = error;
  if (DATABASE_CODES.has(code) || code === "HOST_DATABASE_UNAVAILABLE") return true;
  if (typeof code === "string" && /^08\w{3}$/.test(code)) return true;
  // The driver marks what went through it with the query; without that mark it is the socket of somebody else.
  return SOCKET_CODES.has(code) && "query" in error;
}

/** The lost database as HOST_DATABASE_UNAVAILABLE with its cause; every other error is answered as it came. */
export function toDatabaseError(error: unknown): unknown {
  if (!isConnectionError(error) || (error as { code: unknown }).code === "HOST_DATABASE_UNAVAILABLE")
    return error;
  return hostError(
    "HOST_DATABASE_UNAVAILABLE",
    "the database is away, expected an answer from it; try again in a moment",
    { cause: error, retryAfterMs: RETRY_AFTER_MS },
  );
}
