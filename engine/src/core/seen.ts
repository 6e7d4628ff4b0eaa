import type { HistoryEntry, HistoryKind } from "./history.ts";
import type { SeenEvent } from "./ports.ts";

/** What became of an event, by the kind of entry it made. Every other kind means that it was applied. */
const OUTCOMES: Partial<Record<HistoryKind, SeenEvent["outcome"]>> = {
  unexpected: "unexpected",
  queued: "queued",
  parked: "parked",
};

/** What a history entry that carries an event id says to a repeat of that event. */
export function seenOf(entry: HistoryEntry): SeenEvent {
  return {
    version: entry.version,
    digest: entry.digest ?? 0,
    outcome: OUTCOMES[entry.kind] ?? "applied",
  };
}
