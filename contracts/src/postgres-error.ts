/**
 * What Postgres, or the way to it, says when it cannot work: codes to words. One table for all who talk to it, the engine's store and
 * the pool of the host. Errors are data here; which driver threw them does not matter.
 * @see the PostgreSQL manual, appendix "PostgreSQL Error Codes"
 */

const DISK_FULL = "its disk is full; free some space there";

/** SQLSTATE to the reason, where the server's answer is about itself and not about the statement. */
const REASON_OF_STATE: Readonly<Record<string, string>> = {
  "25006": "it takes no writes now, as a standby does not",
  "25P03": "it ended a transaction that rested too long",
  "25P04": "it ended a transaction that took too long",
  "40001": "others changed the same rows at the same time",
  "40P01": "others waited for the same rows at the same time",
  "53100": DISK_FULL,
  "53200": "it has no memory left",
  "53300": "it takes no more connections",
  "55P03": "others hold what is needed",
  "57014": "the statement took too long",
  "57P01": "the connection was ended by an administrator",
  "57P02": "it has crashed and starts again",
  "57P03": "it is starting or stopping",
  "57P05": "it ended a connection that rested too long",
  "58030": "it cannot read or write its files",
};

/** The same for whole classes: connection exception, wrong credentials, no such database, insufficient resources. */
const REASON_OF_CLASS: Readonly<Record<string, string>> = {
  "08": "the connection was lost",
  "28": "it refuses our user or password",
  "3D": "the database does not exist",
  "53": "it has run out of something",
};

/**
 * Why the database cannot be used now, by the server's own answer, as words behind a colon; null when the error comes from elsewhere or
 * is about the statement alone.
 */
export function reasonFromServer(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  const { code, message, severity } = error as ServerWords;
  if (typeof code !== "string" || !SQLSTATE.test(code)) return null;
  // What has no code of its own, such as a file that is read at each connect, at least says why it could not be written.
  if (typeof message === "string" && message.includes("No space left on device")) return DISK_FULL;
  const reason = REASON_OF_STATE[code] ?? REASON_OF_CLASS[code.slice(0, 2)];
  if (reason !== undefined) return reason;
  // FATAL and PANIC end the session, whatever the code.
  return severity === "FATAL" || severity === "PANIC" ? "it ended the connection" : null;
}

interface ServerWords {
  readonly code: unknown;
  readonly message?: unknown;
  readonly severity?: unknown;
}

/** Five characters with a digit among the first two, or the one class without: no code of an operating system looks so. */
const SQLSTATE = /^(?:\d[0-9A-Z]|[A-Z]\d|XX)[0-9A-Z]{3}$/;

/** Codes that only a driver of Postgres gives: the connection was lost, or never made. */
const DRIVER_CODES: ReadonlySet<unknown> = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
]);

/** Codes of the operating system and of streams, which any socket may give. `ENOENT` is a socket file that is not there. */
const SOCKET_CODES: ReadonlySet<unknown> = new Set([
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_WRITE_AFTER_END",
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENOENT",
  "EACCES",
]);

/** Whether an error says that a connection was lost or never made: certainly one to the database, or one of any socket. */
export function lostConnection(error: unknown): "driver" | "socket" | null {
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  if (DRIVER_CODES.has(error.code)) return "driver";
  return SOCKET_CODES.has(error.code) ? "socket" : null;
}
