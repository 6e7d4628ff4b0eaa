/**
 * One partition while it is ours.
 * A1  At most `messagesMax` of its messages are taken and not done; what was read beyond that waits, and nothing more is read meanwhile.
 * A2  Messages of one key are handed over one at a time, in order; a message that has to be kept is handed over again, before those behind it.
 * A3  After `finish` nothing is handed over any more, and what is under way still counts; after `lose` that is the next owner's, and does not.
 */
import { PartitionProgress } from "./partition-progress.ts";
import type { KafkaMessage } from "./record.ts";
import { waitAgain } from "../broker/waits.ts";

/** What a message is handed over with. */
export interface Handing {
  /** Whether it may have been handed over before, here or elsewhere. */
  readonly isRedelivered: boolean;
}

interface PartitionPorts {
  readonly messagesMax: number;
  /** Resolves when the message may be forgotten; rejects when it has to be kept. */
  handle(message: KafkaMessage, handing: Handing): Promise<void>;
  /** A message is kept, and handed over again after a while. */
  kept(message: KafkaMessage, error: unknown): void;
  /** Something is done: there may be room, and something to commit. */
  advanced(): void;
}

export class AssignedPartition {
  readonly partition: number;
  readonly #ports: PartitionPorts;
  readonly #progress: PartitionProgress;
  readonly #finishing = new AbortController();
  #isLost = false;
  /** Messages below this were in the partition before it was ours, so somebody else may have had them. */
  readonly #firstNewOffset: bigint;
  #position: bigint;
  #read: readonly KafkaMessage[] = [];
  /** How many of those are handed over. */
  #handedOver = 0;
  /** Messages that wait behind another of their key, which is under way. */
  readonly #behind = new Map<string, KafkaMessage[]>();
  #handling = 0;

  constructor(
    partition: number,
    offsets: { readonly committed: bigint; readonly end: bigint },
    ports: PartitionPorts,
  ) {
    this.partition = partition;
    this.#ports = ports;
    this.#position = offsets.committed;
    this.#firstNewOffset = offsets.end;
    this.#progress = new PartitionProgress(offsets.committed);
  }

  /** Offset of the next message to read. */
  get position(): bigint {
    return this.#position;
  }

  get isHungry(): boolean {
    return !this.#finishing.signal.aborted && this.#handedOver === this.#read.length && this.#hasRoom;
  }

  get isIdle(): boolean {
    return this.#handling === 0;
  }

  get committable(): bigint | null {
    return this.#progress.committable;
  }

  committed(offset: bigint): void {
    this.#progress.committed(offset);
  }

  /** What is stored begins at `offset` only: what stood before is gone. */
  skipTo(offset: bigint): void {
    this.#position = offset;
  }

  /** Takes what was read from `fromOffset` on. What comes late, from a broker that does not serve it any more, is read already. */
  add(fromOffset: bigint, messages: readonly KafkaMessage[], nextOffset: bigint): void {
    if (this.#finishing.signal.aborted || fromOffset !== this.#position) return;
    this.#position = nextOffset;
    this.#read = messages;
    this.#handedOver = 0;
    this.#handOver();
  }

  finish(): void {
    this.#finishing.abort();
    this.#read = [];
    this.#handedOver = 0;
    this.#behind.clear();
  }

  lose(): void {
    this.#isLost = true;
    this.finish();
  }

  get #hasRoom(): boolean {
    return this.#progress.pending < this.#ports.messagesMax;
  }

  #handOver(): void {
    while (this.#hasRoom) {
      const message = this.#read[this.#handedOver];
      if (message === undefined) return;
      this.#handedOver++;
      this.#progress.begin(message.offset);
      this.#begin(message);
    }
  }

  #begin(message: KafkaMessage): void {
    const key = message.key?.toString("latin1") ?? null;
    if (key === null) return void this.#handle(message);
    const behind = this.#behind.get(key);
    if (behind !== undefined) behind.push(message);
    else {
      this.#behind.set(key, []);
      void this.#handleInTurn(key, message);
    }
  }

  async #handleInTurn(key: string, first: KafkaMessage): Promise<void> {
    for (
      let next: KafkaMessage | undefined = first;
      next !== undefined;
      next = this.#behind.get(key)?.shift()
    )
      await this.#handle(next);
    this.#behind.delete(key);
  }

  async #handle(message: KafkaMessage): Promise<void> {
    this.#handling++;
    try {
      for (let attempt = 1; ; attempt++) {
        const isRedelivered = attempt > 1 || message.offset < this.#firstNewOffset;
        try {
          await this.#ports.handle(message, { isRedelivered });
          break;
        } catch (error) {
          this.#ports.kept(message, error);
          if (!(await waitAgain(attempt, this.#finishing.signal))) return;
        }
      }
    } finally {
      this.#handling--;
    }
    if (this.#isLost) return;
    this.#progress.resolve(message.offset);
    this.#handOver();
    this.#ports.advanced();
  }
}
