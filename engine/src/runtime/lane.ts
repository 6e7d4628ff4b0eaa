import type { ClaimedLane, LaneStep } from "../core/ports.ts";

/**
 * A lane that this process owns, as its writer sees it: where it stands and which of its outbox rows are still out.
 * Positions move only after the commit that moves them in the store.
 */
export class OwnedLane {
  readonly laneId: number;
  readonly epoch: number;
  #batchNumber: number;
  #outboxPosition: number;
  /** Outbox positions without a committed settlement, in order. */
  readonly #outstanding = new Set<number>();

  constructor(claimed: ClaimedLane) {
    this.laneId = claimed.laneId;
    this.epoch = claimed.epoch;
    this.#batchNumber = claimed.batchNumber;
    this.#outboxPosition = claimed.outboxPosition;
    for (const { position } of claimed.unpublished) this.#outstanding.add(position);
  }

  get outboxPosition(): number {
    return this.#outboxPosition;
  }

  get outstandingCount(): number {
    return this.#outstanding.size;
  }

  /** The step a batch takes when it adds `added` outbox rows and settles these positions. */
  step(added: number, settled: ReadonlySet<number>): LaneStep {
    const outboxPosition = this.#outboxPosition + added;
    return {
      laneId: this.laneId,
      epoch: this.epoch,
      batchNumber: this.#batchNumber,
      outboxPosition,
      publishedPosition: this.#firstOutstanding(settled, added === 0 ? outboxPosition : this.#outboxPosition),
    };
  }

  /** The step was committed. */
  advance(step: LaneStep, settled: ReadonlySet<number>): void {
    for (const position of settled) this.#outstanding.delete(position);
    for (let position = this.#outboxPosition + 1; position <= step.outboxPosition; position++)
      this.#outstanding.add(position);
    this.#batchNumber++;
    this.#outboxPosition = step.outboxPosition;
  }

  #firstOutstanding(settled: ReadonlySet<number>, otherwise: number): number {
    for (const position of this.#outstanding) if (!settled.has(position)) return position - 1;
    return otherwise;
  }
}
