/** What the driver and the server throw, as the port's errors. */
import { CodedError } from "@sluice/contracts/problem";
import { engineError } from "../../core/errors.ts";

/** Answers that say: not now. The server starts, stops, is full, gave up waiting, or has become a standby. */
const UNAVAILABLE_STATES: ReadonlySet<string> = new Set([
  "25006", // read-only transaction: the server has become a standby
  "25P03", // idle in transaction for too long
  "40001", // serialization failure
  "40P01", // deadlock
  "55P03", // lock timeout
  "57014", // statement timeout, or canceled
  "57P01", // terminated by an administrator, or by a takeover
  "57P02", // crash shutdown
  "57P03", // starting up or shutting down
  "58030", // input or output error
]);

/** Classes: connection exception, wrong credentials, no such database, insufficient resources (disk, memory, connections). */
const UNAVAILABLE_CLASSES: ReadonlySet<string> = new Set(["08", "28", "3D", "53"]);

/** Codes of the driver and of the operating system. */
const CONNECTION_CODES: ReadonlySet<string> = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
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
  "ENOENT", // a socket file that is not there
  "EACCES",
]);

/** The SQLSTATE that `assert_lanes` raises. */
const LANES_LOST = "SL001";

/** An error the server reported and survived: the statement, and the transaction it was in, have changed nothing. */
interface ServerError extends Error {
  readonly code: string;
  readonly severity: string;
  readonly detail?: string;
}

function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && error.name === "PostgresError";
}

/** Whether the database said no and the connection lives: everything else leaves the outcome of a commit open. */
export function isRefusal(error: unknown): boolean {
  return isServerError(error) && error.severity === "ERROR";
}

function isUnavailable(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("code" in error)) return false;
  const code = String(error.code);
  if (!isServerError(error)) return CONNECTION_CODES.has(code);
  return (
    UNAVAILABLE_STATES.has(code) || UNAVAILABLE_CLASSES.has(code.slice(0, 2)) || error.severity !== "ERROR"
  );
}

/** Long enough that a restarting server is back, short enough that nobody waits for nothing. */
const RETRY_AFTER_MS = 1_000;

export function storeUnavailable(reason: string, cause?: unknown): CodedError {
  return engineError("FLOW_STORE_UNAVAILABLE", `the database is away (${reason}); try again in a moment`, {
    cause,
    retryAfterMs: RETRY_AFTER_MS,
  });
}

export function outcomeUnknown(cause: unknown): CodedError {
  return engineError(
    "FLOW_OUTCOME_UNKNOWN",
    "the connection broke after the commit was sent; whether it happened is unknown, so ask before you repeat",
    { cause },
  );
}

/** Whatever a statement threw: FLOW_STORE_UNAVAILABLE where the database is away, FLOW_LANE_LOST from the fence, else as it came. */
export function toStoreError(error: unknown): unknown {
  if (error instanceof CodedError) return error;
  if (isServerError(error) && error.code === LANES_LOST) return laneLost(error);
  if (isUnavailable(error))
    return storeUnavailable(error instanceof Error ? error.message : "no reason given", error);
  return error;
}

function laneLost({ detail }: ServerError): CodedError {
  const lanes = (detail ?? "").split(",").map(Number);
  return engineError(
    "FLOW_LANE_LOST",
    `lanes ${lanes.join(", ")} have another owner or have moved on; nothing was written`,
    { fields: { lanes } },
  );
}
