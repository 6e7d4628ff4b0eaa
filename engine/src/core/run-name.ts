import type { Run } from "./run.ts";

/**
 * The id of a run that has a name, which is its key or else the id of its start, so that a second start under it meets the first in its
 * lane; null for one that has neither, whose id is a new one. `nameId` makes a UUID from a text.
 */
export function namedRunId(
  { flow, key, startId }: Pick<Run, "flow" | "key" | "startId">,
  nameId: (text: string) => string,
): string | null {
  if (key !== null) return nameId(`key\n${flow}\n${key}`);
  return startId === null ? null : nameId(`idempotency-key\n${flow}\n${startId}`);
}
