/** A point in time as the API shows it: ISO 8601. */
export function toIso(ms: number): string {
  return new Date(ms).toISOString();
}
