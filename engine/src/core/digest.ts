import type { Json } from "@sluice/contracts/envelope";

/**
 * A 53-bit hash of a text (cyrb53), as a number. It tells a repeated message from a changed one under the same id,
 * and seeds the jitter of a command; it protects against mistakes, not against attackers.
 */
export function digest(text: string, seed = 0): number {
  let h1 = 0xdeadbeef ^ seed;
  let h2 = 0x41c6ce57 ^ seed;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    h1 = Math.imul(h1 ^ unit, 2654435761);
    h2 = Math.imul(h2 ^ unit, 1597334677);
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507) ^ Math.imul(h2 ^ (h2 >>> 13), 3266489909);
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507) ^ Math.imul(h1 ^ (h1 >>> 13), 3266489909);
  return 4294967296 * (2097151 & h2) + (h1 >>> 0);
}

/**
 * A digest of a message's body that is the same for equal JSON, whatever the order of its members. `type` is that of an event.
 * @see RFC 8785 for the order
 */
export function bodyDigest(data: Json, type = ""): number {
  return digest(type + canonicalText(data));
}

/** JSON as a text that is the same for equal JSON, whatever the order of its members. */
export function canonicalText(value: Json): string {
  return JSON.stringify(sortMembers(value));
}

/** Whether a digest is that of this body: as it is made now, or as it was made of the text before members were sorted. */
export function isBodyDigest(known: number, data: Json, type = ""): boolean {
  return known === bodyDigest(data, type) || known === digest(type + JSON.stringify(data));
}

function sortMembers(value: Json): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sortMembers);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sortMembers(member)]));
}

/** A number in [0, 1) that is always the same for the same text: randomness that a replay repeats. */
export function fractionOf(text: string): number {
  return digest(text) / 2 ** 53;
}
