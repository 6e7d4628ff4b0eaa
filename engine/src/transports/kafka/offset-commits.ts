import type { Consumer } from "@platformatic/kafka";
import type { LogPort } from "../../core/ports.ts";
import type { AssignedPartition } from "./assigned-partition.ts";
import { faultOf } from "./kafka-fault.ts";

/** Commits are put together; this much is done again after a crash. */
const COMMIT_MS = 100;

/** Tells the group how far its partitions are done: one commit at a time, for all of them. */
export class OffsetCommits {
  readonly #member: Pick<Consumer, "commit">;
  readonly #topic: string;
  readonly #partitions: ReadonlyMap<number, AssignedPartition>;
  readonly #log: LogPort;
  readonly #failed: (error: unknown) => void;
  #timer: NodeJS.Timeout | null = null;
  #underWay: Promise<void> | null = null;
  #isStopped = false;

  /** `failed`: a commit has failed. The client may have joined again in it, and failed at that: then it is no member any more. */
  constructor(
    member: Pick<Consumer, "commit">,
    topic: string,
    partitions: ReadonlyMap<number, AssignedPartition>,
    log: LogPort,
    failed: (error: unknown) => void,
  ) {
    this.#member = member;
    this.#topic = topic;
    this.#partitions = partitions;
    this.#log = log;
    this.#failed = failed;
  }

  soon(): void {
    if (this.#isStopped) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.now();
    }, COMMIT_MS);
  }

  /** Never rejects: what could not be committed is so with the next commit, or done again by the next owner. */
  async now(): Promise<void> {
    await this.settled();
    if (this.#isStopped) return;
    this.#underWay = this.#commit();
    await this.#underWay;
    this.#underWay = null;
  }

  /** None begins any more. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    while (this.#underWay !== null) await this.#underWay;
  }

  async #commit(): Promise<void> {
    const done = [...this.#partitions.values()].flatMap((assigned) => {
      const offset = assigned.committable;
      return offset === null ? [] : [{ assigned, offset }];
    });
    if (done.length === 0) return;
    const offsets = done.map(({ assigned: { partition }, offset }) => ({
      topic: this.#topic,
      partition,
      offset,
      // Unknown: it would only serve to notice a log that was cut off.
      leaderEpoch: -1,
    }));
    try {
      await this.#member.commit({ offsets });
      for (const { assigned, offset } of done) assigned.committed(offset);
    } catch (error) {
      this.#log.debug(
        { topic: this.#topic, found: faultOf(error).found },
        "a commit has failed; it is repeated",
      );
      this.#failed(error);
      this.soon();
    }
  }
}
