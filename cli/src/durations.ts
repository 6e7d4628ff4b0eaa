/** Lengths of time for people. */

const UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
];

/** `950ms`, `3.2s`, `4m 10s`, `2h 5m`, `3d 4h`: two units at the most. */
export function formatDuration(ms: number): string {
  const rest = Math.max(0, Math.round(ms));
  if (rest < 1_000) return `${rest}ms`;
  if (rest < 10_000) return `${(rest / 1_000).toFixed(1)}s`;
  const at = UNITS.findIndex(([, unitMs]) => rest >= unitMs);
  const [unit, unitMs] = UNITS[at] ?? ["s", 1_000];
  const head = `${Math.floor(rest / unitMs)}${unit}`;
  const [next, nextMs] = UNITS[at + 1] ?? ["", 0];
  const more = nextMs === 0 ? 0 : Math.floor((rest % unitMs) / nextMs);
  return more === 0 ? head : `${head} ${more}${next}`;
}
