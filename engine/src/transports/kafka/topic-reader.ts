/**
 * Reads the partitions of a topic that are ours and have room.
 * T1  Each broker is asked by one request at a time, for all that it serves and that has room; a broker that is away holds up its own.
 * T2  Reading never ends by itself: what fails is tried again until `stop`.
 * T3  It has connections of its own, since a broker answers one request of a connection after the other, and these wait for messages.
 */
import { Consumer, ListOffsetTimestamps } from "@platformatic/kafka";
import type { LogPort } from "../../core/ports.ts";
import type { AssignedPartition } from "./assigned-partition.ts";
import { clientSettings } from "./client-settings.ts";
import { fetchFrom, findServing, messagesOf, outOfRangeOf } from "./fetch.compat.ts";
import type { Serving } from "./fetch.compat.ts";
import { faultOf } from "./kafka-fault.ts";
import type { ResolvedKafkaOptions } from "./options.ts";
import { waitAgain } from "../broker/waits.ts";

/** How long a broker waits for the first message. A partition that was full is read again after that at the latest. */
const FETCH_WAIT_MS = 250;
/** After how long beyond that a broker that does not answer counts as away. */
const FETCH_LATE_MS = 3_000;
const PARTITION_BYTES_MAX = 1_048_576;
const FETCH_BYTES_MAX = 16_777_216;

/** What Kafka calls the broker of a partition that nobody serves, and what stands for all when none answers. */
const NO_BROKER = -1;

export class TopicReader {
  readonly #topic: string;
  readonly #partitions: ReadonlyMap<number, AssignedPartition>;
  readonly #log: LogPort;
  readonly #client: Consumer;
  readonly #stopping = new AbortController();
  /** Brokers that are being asked. */
  readonly #asked = new Set<number>();
  /** By broker, why it could not be read from, and how often in a row. */
  readonly #failures = new Map<number, { readonly found: string; readonly times: number }>();
  #serving: Serving | null = null;
  #isFinding = false;

  constructor(
    options: ResolvedKafkaOptions,
    topic: string,
    partitions: ReadonlyMap<number, AssignedPartition>,
  ) {
    this.#topic = topic;
    this.#partitions = partitions;
    this.#log = options.log;
    // Of a group it is no member: it only reads.
    const { groupId } = options;
    this.#client = new Consumer({ ...clientSettings(options, FETCH_WAIT_MS + FETCH_LATE_MS), groupId });
    this.#client.topics.track(topic);
  }

  /** Why some of it cannot be read; null when all can. */
  get failure(): string | null {
    const [failed] = this.#failures.values();
    return failed?.found ?? null;
  }

  /** Of the first message that is stored, or of the next that will be. */
  async listOffsets(
    partitions: readonly number[],
    which: "first" | "next",
  ): Promise<ReadonlyMap<number, bigint>> {
    const listed = await this.#client.listOffsets({
      topics: [this.#topic],
      partitions: { [this.#topic]: [...partitions] },
      timestamp: which === "first" ? ListOffsetTimestamps.EARLIEST : ListOffsetTimestamps.LATEST,
    });
    return new Map(partitions.map((partition) => [partition, listed.get(this.#topic)?.[partition] ?? 0n]));
  }

  /** Asks whom it can for what has room. To be called when a partition is ours, or has room again. */
  read(): void {
    if (this.#stopping.signal.aborted) return;
    const serving = this.#serving;
    if (serving === null) return void this.#findServing();
    const hungry = new Map<number, AssignedPartition[]>();
    for (const assigned of this.#partitions.values()) {
      if (!assigned.isHungry) continue;
      const broker = serving.brokerOf.get(assigned.partition) ?? NO_BROKER;
      if (this.#asked.has(broker)) continue;
      const others = hungry.get(broker);
      if (others === undefined) hungry.set(broker, [assigned]);
      else others.push(assigned);
    }
    for (const [broker, partitions] of hungry) void this.#ask(serving, broker, partitions);
  }

  stop(): void {
    this.#stopping.abort();
  }

  async close(): Promise<void> {
    this.stop();
    await this.#client.close(true);
  }

  async #ask(serving: Serving, broker: number, partitions: readonly AssignedPartition[]): Promise<void> {
    this.#asked.add(broker);
    const positions = partitions.map(({ partition, position }) => ({ partition, offset: position }));
    try {
      const response = await fetchFrom(this.#client, {
        topicId: serving.topicId,
        broker,
        positions,
        waitMs: FETCH_WAIT_MS,
        partitionBytesMax: PARTITION_BYTES_MAX,
        bytesMax: FETCH_BYTES_MAX,
      });
      this.#succeeded(broker);
      for (const { partition, fromOffset, messages, nextOffset } of messagesOf(
        this.#topic,
        response,
        positions,
      ))
        partitions.find((each) => each.partition === partition)?.add(fromOffset, messages, nextOffset);
    } catch (error) {
      const lost = outOfRangeOf(error);
      if (lost.length === 0) await this.#failed(broker, error);
      else
        await this.#skipLost(
          broker,
          partitions.filter(({ partition }) => lost.includes(partition)),
        );
    } finally {
      this.#asked.delete(broker);
      this.read();
    }
  }

  #succeeded(broker: number): void {
    if (!this.#failures.delete(broker) || this.#failures.size > 0) return;
    this.#log.info({ topic: this.#topic }, "a topic of Kafka is read again");
  }

  async #failed(broker: number, error: unknown): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const { found } = faultOf(error);
    if (this.#failures.size === 0)
      this.#log.warn(
        { topic: this.#topic, found },
        "a topic of Kafka cannot be read; it is tried until it can",
      );
    const times = (this.#failures.get(broker)?.times ?? 0) + 1;
    this.#failures.set(broker, { found, times });
    // The partitions may be served elsewhere by now.
    this.#serving = null;
    await waitAgain(times, this.#stopping.signal);
  }

  /** The topic's retention was shorter than nobody read it. */
  async #skipLost(broker: number, lost: readonly AssignedPartition[]): Promise<void> {
    try {
      const firsts = await this.listOffsets(
        lost.map(({ partition }) => partition),
        "first",
      );
      for (const assigned of lost) {
        const { partition, position } = assigned;
        const first = firsts.get(partition) ?? position;
        this.#log.error(
          { topic: this.#topic, partition, position: String(position), first: String(first) },
          "messages are gone that nobody has read: the topic keeps them for too short a time",
        );
        assigned.skipTo(first);
      }
    } catch (error) {
      await this.#failed(broker, error);
    }
  }

  async #findServing(): Promise<void> {
    if (this.#isFinding) return;
    this.#isFinding = true;
    try {
      const serving = await findServing(this.#client, this.#topic);
      const brokers = new Set(serving.brokerOf.values());
      for (const broker of this.#failures.keys()) if (!brokers.has(broker)) this.#succeeded(broker);
      this.#serving = serving;
    } catch (error) {
      await this.#failed(NO_BROKER, error);
    } finally {
      this.#isFinding = false;
      this.read();
    }
  }
}
