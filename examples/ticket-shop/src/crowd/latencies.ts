/** Buckets grow by this factor, so a percentile is at most 2 % off. */
const FACTOR = 1.04;
const FIRST_MS = 0.1;

/** How long calls took, in a few hundred counters however many calls there were. */
export class Latencies {
  readonly #counts = new Map<number, number>();
  #count = 0;
  #longestMs = 0;

  get count(): number {
    return this.#count;
  }

  get longestMs(): number {
    return this.#longestMs;
  }

  add(ms: number): void {
    const bucket = Math.max(0, Math.ceil(Math.log(ms / FIRST_MS) / Math.log(FACTOR)));
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1);
    this.#count++;
    this.#longestMs = Math.max(this.#longestMs, ms);
  }

  /** The time within which this share of the calls was answered; 0 when there were none. */
  percentileMs(share: number): number {
    let left = Math.ceil(this.#count * share);
    for (const bucket of [...this.#counts.keys()].toSorted((a, b) => a - b)) {
      left -= this.#counts.get(bucket) ?? 0;
      if (left <= 0) return Math.min(this.#longestMs, FIRST_MS * FACTOR ** (bucket - 0.5));
    }
    return 0;
  }
}
