/** What a store says when as much waits in it as may. */
import { engineError } from "./errors.ts";
import type { InboxRow, NewAction } from "./ports.ts";

/** Long enough that a few jobs have ended by then, or an operator has seen that none does. */
const JOBS_RETRY_MS = 10_000;
/** A lane without an owner has one again after its lease, and then it is drained. */
const INBOX_RETRY_MS = 1_000;

/** No more jobs of this sort are kept. */
export function jobsFull({ kind }: Pick<NewAction, "kind">, openMax: number): Error {
  const what = kind.startsWith("runs.") ? "jobs (jobsOpenMax)" : "operations on single runs";
  return engineError(
    "FLOW_JOBS_FULL",
    `${openMax} ${what} are under way, as many as may be; nothing was kept: wait until some have ended, or stop some`,
    { retryAfterMs: JOBS_RETRY_MS },
  );
}

/** No more inputs are kept for this lane's next owner. */
export function inboxFull({ lane }: Pick<InboxRow, "lane">, rowsMax: number): Error {
  return engineError(
    "FLOW_NO_OWNER",
    `lane ${lane} has no owner that can be reached, and ${rowsMax} inputs wait for one, as many as may (inboxRowsMax); nothing happened, try again`,
    { retryAfterMs: INBOX_RETRY_MS },
  );
}
