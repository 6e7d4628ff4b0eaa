import type { HistoryEntry, HistoryKind } from "./history.ts";
import type { SeenEvent } from "./ports.ts";

/** What became of an event, by the kind of entry it made. Every other kind means that it was applied. */
const OUTCOMES: Partial<Record<HistoryKind, SeenEvent["outcome"]>> = {
  unexpected: "unexpected",
  queued: "queued",
  parked: "parked",
};

/**
 * The id that a history entry took in, and what the entry says to a repeat under it; null for an entry that took in none. What was
 * refused was not taken in: under the same id it may come again.
 */
export function seenBy(entry: HistoryEntry): readonly [id: string, seen: SeenEvent] | null {
  const { eventId, kind, version, digest = 0 } = entry;
  if (eventId === undefined || kind === "refused") return null;
  return [eventId, { version, digest, outcome: OUTCOMES[kind] ?? "applied" }];
}
