/** Numbers as people read them. What was not measured is a dash. */

export const NOTHING = "–";

/** `12,345` */
export function whole(value: number | null): string {
  return isKnown(value) ? Math.round(value).toLocaleString("en-US") : NOTHING;
}

/** Three digits that count: `0.0123`, `4.56`, `78.9`, `1,234`. */
export function short(value: number | null): string {
  if (!isKnown(value)) return NOTHING;
  if (value >= 100 || value === 0) return whole(value);
  return Number(value.toPrecision(3)).toString();
}

/** `12 %` */
export function percent(share: number | null): string {
  return isKnown(share) ? `${Math.round(100 * share)} %` : NOTHING;
}

/** `0.93×` */
export function times(ratio: number | null): string {
  return isKnown(ratio) ? `${ratio.toFixed(2)}×` : NOTHING;
}

/** `212 MB`, of 1,000,000 bytes each. */
export function megabytes(bytes: number | null): string {
  return isKnown(bytes) ? `${whole(bytes / 1e6)} MB` : NOTHING;
}

function isKnown(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}
