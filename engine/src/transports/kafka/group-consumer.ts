/**
 * A member of a consumer group that reads one topic: its partitions are shared by the members, cooperatively, so that a rebalance stops only
 * those partitions that move.
 * G1  An offset is committed only when everything before it in its partition is done. So nothing is lost; after a crash or a rebalance some
 *     messages come again, and whoever takes them knows them by their ids.
 * G2  A partition that is full is not read; the others are. A broker that is away, or a group that is being rebalanced, ends nothing: it is
 *     tried again until `stop`.
 * G3  A member that was expelled, since it was frozen or cut off, begins its partitions afresh where the group has got to.
 */
import { Consumer } from "@platformatic/kafka";
import type { LogPort } from "../../core/ports.ts";
import { AssignedPartition } from "./assigned-partition.ts";
import type { Handing } from "./assigned-partition.ts";
import { clientSettings } from "./client-settings.ts";
import { brokerError, faultOf } from "./kafka-fault.ts";
import type { ResolvedKafkaOptions } from "./options.ts";
import { OffsetCommits } from "./offset-commits.ts";
import type { KafkaMessage } from "./record.ts";
import { Rejoining } from "./rejoining.ts";
import { TopicReader } from "./topic-reader.ts";
import { waitAgain, waitAtMost } from "../broker/waits.ts";

/** How often a member says that it lives, in parts of the session. */
const HEARTBEATS_PER_SESSION = 6;
/** How long the members have to join a rebalance; those that live do so with their next heartbeat. */
const REBALANCE_MS_MIN = 10_000;
const REQUEST_MARGIN_MS = 5_000;
/** How long a start waits for the broker that will look after the group. */
const COORDINATOR_MS_MAX = 20_000;
/** How long the last commit and the farewell may take. */
const LEAVE_MS = 2_000;

interface ConsumerPorts {
  /** Resolves when the message may be forgotten; rejects when it has to be kept. */
  handle(message: KafkaMessage, handing: Handing): Promise<void>;
}

export class GroupConsumer {
  readonly #options: ResolvedKafkaOptions;
  readonly #topic: string;
  readonly #ports: ConsumerPorts;
  readonly #log: LogPort;
  /** The member: it joins, says that it lives, commits. */
  readonly #member: Consumer;
  readonly #reader: TopicReader;
  readonly #commits: OffsetCommits;
  readonly #rejoining: Rejoining;
  readonly #partitions = new Map<number, AssignedPartition>();
  readonly #stopping = new AbortController();
  #memberId: string | null = null;
  #assigning: Promise<void> = Promise.resolve();
  #failure: string | null = null;

  constructor(options: ResolvedKafkaOptions, topic: string, ports: ConsumerPorts) {
    this.#options = options;
    this.#topic = topic;
    this.#ports = ports;
    this.#log = options.log;
    this.#member = createMember(options);
    this.#member.topics.track(topic);
    this.#reader = new TopicReader(options, topic, this.#partitions);
    this.#rejoining = new Rejoining(this.#member, this.#stopping.signal, (error) => {
      if (error === null) this.#failure = null;
      else this.#groupFailed(error);
    });
    const rejoin = (error: unknown): void => void this.#rejoining.ifInactive(error);
    this.#commits = new OffsetCommits(this.#member, topic, this.#partitions, options.log, rejoin);
  }

  /**
   * Joins the group; resolves when it is a member and knows its partitions.
   * @throws FLOW_BROKER_REFUSED (forbidden) · FLOW_BROKER_UNAVAILABLE (unavailable) · FLOW_BROKER_MISMATCH (conflict)
   */
  async start(): Promise<void> {
    const { groupId, brokers } = this.#options;
    this.#listen();
    try {
      await this.#join();
      await this.#assigning;
    } catch (error) {
      await this.#close();
      throw brokerError(`joining group ${groupId} to read topic ${this.#topic}`, brokers, error);
    }
  }

  /** A broker that is new makes the place for its groups when it is first asked for one, which may take seconds. */
  async #join(): Promise<void> {
    const untilMs = performance.now() + COORDINATOR_MS_MAX;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#member.joinGroup();
        return;
      } catch (error) {
        const isComing = faultOf(error).found.includes("COORDINATOR");
        if (!isComing || performance.now() > untilMs) throw error;
        await waitAgain(attempt, this.#stopping.signal);
      }
    }
  }

  #listen(): void {
    this.#member.on("consumer:group:join", () => this.#assign());
    this.#member.on("consumer:group:rebalance", () => {
      this.#assign();
      void this.#commits.now();
    });
    // The client has given up joining again after an outage.
    this.#member.on("error", (error: Error) => void this.#rejoining.ifInactive(error));
    this.#member.on("consumer:heartbeat:error", ({ error }) => this.#groupFailed(error));
    this.#member.on("consumer:heartbeat:end", () => {
      this.#failure = null;
    });
  }

  /** True, or why nothing is read now. */
  health(): true | string {
    const failure = this.#stopping.signal.aborted ? "it is stopped" : (this.#reader.failure ?? this.#failure);
    return failure === null ? true : `topic ${this.#topic} of Kafka is not read: ${failure}`;
  }

  /** Takes nothing more, waits for what is under way until `signal` is aborted, commits, and leaves the group. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#stopping.abort();
    this.#reader.stop();
    const partitions = [...this.#partitions.values()];
    for (const partition of partitions) partition.finish();
    while (partitions.some(({ isIdle }) => !isIdle)) if (!(await waitAgain(1, signal))) break;
    await waitAtMost(LEAVE_MS, this.#commits.now());
    await this.#close();
  }

  async #close(): Promise<void> {
    this.#stopping.abort();
    this.#commits.stop();
    for (const partition of this.#partitions.values()) partition.lose();
    const closed = [this.#leave(), this.#reader.close()];
    await waitAtMost(LEAVE_MS, Promise.allSettled(closed));
  }

  /**
   * A client that is closed while it joins may finish its join, and then says for ever that it lives, to nobody: it has to leave the group
   * first, which ends its joins too, and before that to be done with commits, one of which joins again when the group has moved on.
   */
  async #leave(): Promise<void> {
    await this.#commits.settled();
    // By callback: as a promise it has no type.
    const { promise: left, resolve } = Promise.withResolvers<Error | null>();
    this.#member.leaveGroup(true, resolve);
    const error = await left;
    if (error !== null)
      this.#log.debug({ err: error, groupId: this.#options.groupId }, "a group was left without a farewell");
    await this.#member.close(true);
  }

  #groupFailed(error: unknown): void {
    this.#failure = faultOf(error).found;
  }

  /** Takes over what the group has given us, one change after the other. */
  #assign(): void {
    this.#assigning = this.#assigning.then(() => this.#takePartitions());
  }

  async #takePartitions(): Promise<void> {
    const { memberId, assignments } = this.#member;
    if (this.#stopping.signal.aborted) return;
    const ours = new Set(assignments?.find(({ topic }) => topic === this.#topic)?.partitions ?? []);
    const isExpelled = this.#memberId !== null && memberId !== this.#memberId;
    this.#memberId = memberId;
    for (const [partition, assigned] of this.#partitions) {
      if (ours.has(partition) && !isExpelled) continue;
      assigned.lose();
      this.#partitions.delete(partition);
    }
    const added = [...ours].filter((partition) => !this.#partitions.has(partition));
    if (added.length > 0) await this.#open(added);
    this.#log.debug(
      { topic: this.#topic, groupId: this.#options.groupId, partitions: [...this.#partitions.keys()] },
      "partitions of a topic are assigned",
    );
    this.#reader.read();
  }

  async #open(added: readonly number[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        const [committed, begins, ends] = await Promise.all([
          this.#member.listCommittedOffsets({ topics: [{ topic: this.#topic, partitions: [...added] }] }),
          this.#reader.listOffsets(added, "first"),
          this.#reader.listOffsets(added, "next"),
        ]);
        for (const partition of added) {
          const offset = committed.get(this.#topic)?.[partition] ?? -1n;
          // A group that is new here begins with all there is.
          const from = offset >= 0n ? offset : (begins.get(partition) ?? 0n);
          const offsets = { committed: from, end: ends.get(partition) ?? 0n };
          this.#partitions.set(partition, this.#assignedFrom(partition, offsets));
        }
        return;
      } catch (error) {
        this.#groupFailed(error);
        if (!(await waitAgain(attempt, this.#stopping.signal))) return;
        // The group may have given them to somebody else meanwhile.
        if (this.#member.memberId !== this.#memberId) return;
      }
    }
  }

  #assignedFrom(
    partition: number,
    offsets: { readonly committed: bigint; readonly end: bigint },
  ): AssignedPartition {
    return new AssignedPartition(partition, offsets, {
      messagesMax: this.#options.partitionMessagesMax,
      handle: (message, handing) => this.#ports.handle(message, handing),
      kept: ({ offset }, error) =>
        this.#log.debug(
          { err: error, topic: this.#topic, partition, offset: String(offset) },
          "a message is kept and handed over again",
        ),
      advanced: () => {
        this.#commits.soon();
        this.#reader.read();
      },
    });
  }
}

function createMember(options: ResolvedKafkaOptions): Consumer {
  const { sessionMs, groupId } = options;
  const rebalanceMs = Math.max(sessionMs, REBALANCE_MS_MIN);
  return new Consumer({
    // A join is answered when all have joined.
    ...clientSettings(options, rebalanceMs + REQUEST_MARGIN_MS),
    retries: 3,
    retryDelay: 200,
    groupId,
    sessionTimeout: sessionMs,
    rebalanceTimeout: rebalanceMs,
    heartbeatInterval: Math.ceil(sessionMs / HEARTBEATS_PER_SESSION),
    protocols: [{ name: "cooperative-sticky", version: 3 }],
  });
}
