/**
 * How far one partition has been read, and how much of that is done. Pure.
 * Offsets are resolved in any order, but what may be committed ends before the first that is not: whoever reads on from there misses nothing.
 */
export class PartitionProgress {
  /** Handed out, in the order of the partition, from the first that is not resolved. */
  #pending: { readonly offset: bigint; isResolved: boolean }[] = [];
  readonly #byOffset = new Map<bigint, { isResolved: boolean }>();
  #readTo: bigint;
  #committedTo: bigint;

  /** Reading begins at `offset`, up to which all is committed. */
  constructor(offset: bigint) {
    this.#readTo = offset;
    this.#committedTo = offset;
  }

  /** Handed out and not below what may be committed, resolved ones behind an unresolved one included: what a crash would repeat. */
  get pending(): number {
    return this.#pending.length;
  }

  begin(offset: bigint): void {
    const entry = { offset, isResolved: false };
    this.#pending.push(entry);
    this.#byOffset.set(offset, entry);
    this.#readTo = offset + 1n;
  }

  resolve(offset: bigint): void {
    const entry = this.#byOffset.get(offset);
    if (entry === undefined) return;
    entry.isResolved = true;
    this.#byOffset.delete(offset);
    const first = this.#pending.findIndex(({ isResolved }) => !isResolved);
    if (first === -1) this.#pending = [];
    else if (first > 0) this.#pending.splice(0, first);
  }

  /** Where a next reader may begin; null when that is committed already. */
  get committable(): bigint | null {
    const offset = this.#pending[0]?.offset ?? this.#readTo;
    return offset > this.#committedTo ? offset : null;
  }

  /** All before `offset` is committed. */
  committed(offset: bigint): void {
    if (offset > this.#committedTo) this.#committedTo = offset;
  }
}
