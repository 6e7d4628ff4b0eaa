import { engineError } from "./errors.ts";
import type { BatchWrites } from "./ports.ts";

/**
 * Asserts that every row of a batch belongs to a lane the batch moves: a row whose lane takes no step would be written
 * whoever owns that lane (I5).
 * @throws FLOW_UNEXPECTED (bug)
 */
export function assertFenced(writes: BatchWrites): void {
  const fenced = new Set(writes.lanes.map(({ laneId }) => laneId));
  const { runs, history, outbox, timersSet, timersCleared, deadLetters, inboxAdded } = writes;
  for (const rows of [runs, history, outbox, timersSet, timersCleared, deadLetters, inboxAdded]) {
    for (const { lane } of rows) {
      if (!fenced.has(lane))
        throw engineError(
          "FLOW_UNEXPECTED",
          `a batch writes a row of lane ${lane}, expected a step of that lane with it`,
        );
    }
  }
}
