import type { Outcome } from "./offered.ts";

/** Statuses that say that nothing happened and that the caller may come back. */
const REFUSALS: ReadonlySet<number> = new Set([429, 503]);

export interface Answered {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: string;
}

/** What an answer to the start of a run, waited for to its end, comes to. */
export function outcomeOf({ status, retryAfter, body }: Answered): Outcome {
  if (REFUSALS.has(status)) return isWholeSeconds(retryAfter) ? "refused" : "refused-bare";
  return status === 200 && endOf(body) === "completed" ? "done" : "failed";
}

/** @see RFC 9110 section 10.2.3 */
function isWholeSeconds(retryAfter: string | null): boolean {
  return retryAfter !== null && /^\d+$/.test(retryAfter);
}

function endOf(body: string): unknown {
  try {
    return (JSON.parse(body) as { readonly outcome?: unknown } | null)?.outcome;
  } catch {
    return undefined;
  }
}
