import { createHash } from "node:crypto";

/**
 * A fraction in [0, 1) that is always the same for the same words. With a seed among them, what happens to one order can be
 * repeated whatever the other orders do meanwhile, which no sequence of random numbers can promise under concurrency.
 */
export function fractionOf(...words: readonly (string | number)[]): number {
  return createHash("sha256").update(words.join("\n")).digest().readUInt32BE(0) / 2 ** 32;
}

/** A UUID that is always the same for the same words, so that a request that is repeated names the same thing again. */
export function nameId(...words: readonly (string | number)[]): string {
  const hex = createHash("sha256").update(words.join("\n")).digest("hex");
  // The digits that RFC 9562 fixes: version 8 (made by the application) and the variant.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
