/** Numbers about samples. */

/** Nearest rank: a value that was measured, not one between two. `sorted` is ascending; NaN of nothing. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle one; of an even number the lower of the two, so that it was measured as well. */
export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

/** What matters of a crowd of latencies, in ms. */
export interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export function latenciesOf(valuesMs: readonly number[]): Latencies {
  const sorted = valuesMs.toSorted((a, b) => a - b);
  return { p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99), maxMs: quantile(sorted, 1) };
}
