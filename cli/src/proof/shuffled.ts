import type { Random } from "@sluice/engine/random-flows";

/** The same items in an order that chance decides. */
export function shuffled<T>(items: readonly T[], random: Random): readonly T[] {
  const left = [...items];
  return items.map(() => left.splice(random.whole(0, left.length - 1), 1)[0] as T);
}
