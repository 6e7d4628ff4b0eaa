/** What the driver and the server throw, as the port's errors. */
import { CodedError, lostConnection, reasonFromServer } from "@sluice/contracts/problem";
import { engineError } from "../../core/errors.ts";

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

/** Whether a statement met a row under the key that it was to write, and wrote nothing: SQLSTATE 23505. */
export function isTaken(error: unknown): boolean {
  return isServerError(error) && error.code === "23505";
}

/** Whether the server itself has spoken, in an error of the port or in one of the driver. */
export function isFromServer(error: unknown): boolean {
  return isServerError(error) || (error instanceof CodedError && isServerError(error.cause));
}

/** Long enough that a restarting server is back, short enough that nobody waits for nothing. */
const RETRY_AFTER_MS = 1_000;

export function storeUnavailable(reason: string, cause?: unknown): CodedError {
  return engineError(
    "FLOW_STORE_UNAVAILABLE",
    `the database cannot be used now: ${reason}; try again in a moment`,
    {
      cause,
      retryAfterMs: RETRY_AFTER_MS,
    },
  );
}

export function outcomeUnknown(cause: unknown): CodedError {
  return engineError(
    "FLOW_OUTCOME_UNKNOWN",
    "the connection broke after the commit was sent; whether it happened is unknown, so ask before you repeat",
    { cause },
  );
}

/** Whatever a statement threw: FLOW_STORE_UNAVAILABLE where the database cannot be used, FLOW_LANE_LOST from the fence, else as it came. */
export function toStoreError(error: unknown): unknown {
  if (error instanceof CodedError) return error;
  if (isServerError(error) && error.code === LANES_LOST) return laneLost(error);
  if (lostConnection(error) !== null) return storeUnavailable("there is no connection to it", error);
  const reason = reasonFromServer(error);
  return reason === null ? error : storeUnavailable(reason, error);
}

function laneLost({ detail }: ServerError): CodedError {
  const lanes = (detail ?? "").split(",").map(Number);
  return engineError(
    "FLOW_LANE_LOST",
    `lanes ${lanes.join(", ")} have another owner or have moved on; nothing was written`,
    { fields: { lanes } },
  );
}
