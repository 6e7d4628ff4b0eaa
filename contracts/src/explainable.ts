/** More values than this are in no request that a person has written; one of 1 MiB has room for hundreds of thousands. */
const EXPLAINED_VALUES_MAX = 1_000;

/**
 * Whether a value that breaks its schema may be told all its faults, of which it has several for each value in it. A larger one is told
 * the first: to find the others costs a thousand times what it cost to send them.
 */
export function isExplainable(value: unknown): boolean {
  const seen = [value];
  // Grows while it is walked: whatever a value holds is looked at after it.
  for (const each of seen) {
    if (typeof each !== "object" || each === null) continue;
    const held: readonly unknown[] = Array.isArray(each) ? each : Object.values(each);
    if (seen.length + held.length > EXPLAINED_VALUES_MAX) return false;
    seen.push(...held);
  }
  return true;
}
