/** Reads a topic once, from its first message to the last that it has when it is begun with, as a member of no group. */
import { Consumer, ListOffsetTimestamps } from "@platformatic/kafka";
import { waitAtMost } from "../broker/waits.ts";
import { clientSettings } from "./client-settings.ts";
import { fetchFrom, findServing, messagesOf } from "./fetch.compat.ts";
import type { Serving } from "./fetch.compat.ts";
import { brokerError, faultOf } from "./kafka-fault.ts";
import type { ResolvedKafkaOptions } from "./options.ts";
import type { KafkaMessage } from "./record.ts";

const REQUEST_MS = 5_000;
const FETCH_WAIT_MS = 100;
const FETCH_BYTES_MAX = 4_194_304;
const CLOSE_MS = 1_000;
/** Beyond this a scan ends before the end of the topic. */
const SCAN_MS_MAX = 10_000;

export interface Stretch {
  readonly partition: number;
  readonly begin: bigint;
  readonly end: bigint;
}

export class TopicScan {
  readonly #options: ResolvedKafkaOptions;
  readonly topic: string;
  readonly #client: Consumer;
  #serving: Serving | null = null;
  #stretches: readonly Stretch[] = [];

  constructor(options: ResolvedKafkaOptions, topic: string) {
    this.#options = options;
    this.topic = topic;
    this.#client = new Consumer({ ...clientSettings(options, REQUEST_MS), groupId: options.groupId });
    this.#client.topics.track(topic);
  }

  /** What there is of each partition; none when there is no such topic. */
  get stretches(): readonly Stretch[] {
    return this.#stretches;
  }

  /** @throws FLOW_BROKER_UNAVAILABLE (unavailable) · FLOW_BROKER_REFUSED (forbidden) · FLOW_BROKER_MISMATCH (conflict) */
  async open(): Promise<void> {
    try {
      const serving = await findServing(this.#client, this.topic);
      const [begins, ends] = await Promise.all([
        this.#offsets(ListOffsetTimestamps.EARLIEST),
        this.#offsets(ListOffsetTimestamps.LATEST),
      ]);
      this.#serving = serving;
      this.#stretches = [...serving.brokerOf.keys()].map((partition) => ({
        partition,
        begin: begins[partition] ?? 0n,
        end: ends[partition] ?? 0n,
      }));
    } catch (error) {
      if (faultOf(error).type !== "missing") throw this.#failed(error);
    }
  }

  async #offsets(timestamp: bigint): Promise<readonly bigint[]> {
    const listed = await this.#client.listOffsets({ topics: [this.topic], timestamp });
    return listed.get(this.topic) ?? [];
  }

  /**
   * One message after the other, a partition behind the other; answers whether it got to the end, which is so unless `visit` ends it, or it
   * takes longer than SCAN_MS_MAX.
   */
  async through(
    visit: (message: KafkaMessage) => "next" | "end" | Promise<"next" | "end">,
  ): Promise<boolean> {
    const untilMs = performance.now() + SCAN_MS_MAX;
    for (const { partition, begin, end } of this.#stretches) {
      for (let offset = begin; offset < end;) {
        if (performance.now() > untilMs) return false;
        const fetched = await this.#fetch(partition, offset);
        for (const message of fetched.messages)
          if (message.offset < end && (await visit(message)) === "end") return false;
        offset = fetched.nextOffset;
      }
    }
    return true;
  }

  async #fetch(
    partition: number,
    offset: bigint,
  ): Promise<{ readonly messages: readonly KafkaMessage[]; readonly nextOffset: bigint }> {
    const { topicId, brokerOf } = this.#serving!;
    const positions = [{ partition, offset }];
    try {
      const response = await fetchFrom(this.#client, {
        topicId,
        broker: brokerOf.get(partition) ?? -1,
        positions,
        waitMs: FETCH_WAIT_MS,
        partitionBytesMax: FETCH_BYTES_MAX,
        bytesMax: FETCH_BYTES_MAX,
      });
      const [fetched] = messagesOf(this.topic, response, positions);
      return fetched ?? { messages: [], nextOffset: offset };
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #failed(error: unknown): Error {
    return brokerError(`reading topic ${this.topic}`, this.#options.brokers, error);
  }

  async close(): Promise<void> {
    await waitAtMost(CLOSE_MS, this.#client.close(true));
  }
}
