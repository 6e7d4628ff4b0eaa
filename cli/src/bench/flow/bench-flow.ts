/** The flows that are measured: the purchase, or one of so many steps. */

export type BenchFlow = "purchase" | number;

/** More would say nothing new. */
export const STEPS_MAX = 20;

/** State entries of one run. The purchase: created, payment started, paid, ticketed, closed; of steps: the first one, and behind each. */
export function transitionsOf(flow: BenchFlow): number {
  return flow === "purchase" ? 5 : flow + 1;
}

export function nameOf(flow: BenchFlow): string {
  if (flow === "purchase") return "purchase";
  return flow === 1 ? "1 step" : `${flow} steps`;
}
