/** What a caller would like, as far as this API knows how. */
export interface Preferences {
  /** Milliseconds it would wait for the end of the run; null when it did not say. */
  readonly waitMs: number | null;
  readonly isAsync: boolean;
}

/**
 * Reads a `Prefer` header. Preferences are wishes: what is unknown or malformed is passed over, and the first of a name counts.
 * @see RFC 7240
 */
export function parsePrefer(header: string | undefined): Preferences {
  const wishes = new Map<string, string>();
  for (const wish of (header ?? "").split(",")) {
    const [name = "", value = ""] = (wish.split(";", 1)[0] ?? "").split("=", 2);
    const key = name.trim().toLowerCase();
    if (!wishes.has(key)) wishes.set(key, value.trim().replace(/^"(.*)"$/, "$1"));
  }
  const seconds = wishes.get("wait");
  return {
    waitMs: seconds !== undefined && /^\d+$/.test(seconds) ? Number(seconds) * 1_000 : null,
    isAsync: wishes.has("respond-async"),
  };
}
