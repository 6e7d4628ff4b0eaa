/** Which errors mean that the database cannot be used, as opposed to an answer of the database. Knows no driver: errors are data. */
import { hasCode, lostConnection, reasonFromServer } from "@sluice/contracts/problem";
import { hostError } from "../errors.ts";

/** Long enough that a restarting server is back, short enough that nobody waits for nothing. */
const RETRY_AFTER_MS = 1000;

/**
 * Whether an error says that the database could not be reached or that the connection was lost. Whether a statement
 * in flight took effect is then unknown.
 */
export function isConnectionError(error: unknown): boolean {
  return isOurs(error) || isLost(error) || isLastWord(error);
}

function isOurs(error: unknown): boolean {
  return hasCode(error, "HOST_DATABASE_UNAVAILABLE") || hasCode(error, "HOST_DATABASE_SILENT");
}

function isLost(error: unknown): boolean {
  const lost = lostConnection(error);
  // The driver marks what went through it with the query; without that mark it is the socket of somebody else.
  return lost === "driver" || (lost === "socket" && Object.hasOwn(Object(error), "query"));
}

/** Whether the server ended the session with it. What it only refuses has the severity ERROR. */
function isLastWord(error: unknown): boolean {
  return reasonFromServer(error) !== null && (error as { severity?: unknown }).severity !== "ERROR";
}

/**
 * A database that cannot be used as HOST_DATABASE_UNAVAILABLE with its cause: lost, or out of something, or busy. Every other error is
 * answered as it came.
 */
export function toDatabaseError(error: unknown): unknown {
  if (isOurs(error)) return error;
  const reason = isLost(error) ? "there is no connection to it" : reasonFromServer(error);
  if (reason === null) return error;
  const message = `the database cannot be used now: ${reason}; try again in a moment`;
  return hostError("HOST_DATABASE_UNAVAILABLE", message, { cause: error, retryAfterMs: RETRY_AFTER_MS });
}
