/** Server-sent events as they travel. @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
import type { CodedError } from "@sluice/contracts/problem";
import type { HistoryEntry } from "../../../core/history.ts";
import type { Run } from "../../../core/run.ts";
import { viewHistoryEntry } from "../api/views.ts";

/** How long a reader waits before it comes back after a break. */
const RETRY_MS = 1_000;

export const OPENING_BLOCK = Buffer.from(`retry: ${RETRY_MS}\n\n`);
export const BEAT_BLOCK = Buffer.from(": beat\n\n");

/** The entries of a history, an event each. */
export function historyBlock(entries: readonly HistoryEntry[]): Buffer {
  const events = entries.map(
    (entry) => `id: ${entry.version}\nevent: entry\ndata: ${JSON.stringify(viewHistoryEntry(entry))}\n\n`,
  );
  return Buffer.from(events.join(""));
}

/** How a run ended. */
export function endBlock({
  runId,
  state,
  outcome,
  version,
}: Pick<Run, "runId" | "state" | "outcome" | "version">): Buffer {
  return Buffer.from(`event: end\ndata: ${JSON.stringify({ runId, state, outcome, version })}\n\n`);
}

/** Why the reader gets no more. Not called `error`, which is what a browser calls a connection that broke. */
export function refusedBlock({ code, kind, message }: CodedError): Buffer {
  return Buffer.from(`event: refused\ndata: ${JSON.stringify({ code, kind, detail: message })}\n\n`);
}
