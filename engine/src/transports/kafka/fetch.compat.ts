/** Reading with Kafka's own words: what it calls the leader of a partition is here the broker that serves it. */
import type { Consumer } from "@platformatic/kafka";
import type { KafkaMessage } from "./record.ts";

export type FetchResponse = Awaited<ReturnType<Consumer["fetch"]>>;

/** Control records mark the ends of transactions; they are no messages. */
const IS_CONTROL = 1 << 5;

/** The broker that serves each partition of a topic, and the id under which the topic is fetched. */
export interface Serving {
  readonly topicId: string;
  readonly brokerOf: ReadonlyMap<number, number>;
}

/** Asks anew, past the client's memory. */
export async function findServing(client: Consumer, topic: string): Promise<Serving> {
  const { topics } = await client.metadata({ topics: [topic], forceUpdate: true });
  const known = topics.get(topic);
  if (known === undefined) throw new Error(`Unknown topic ${topic}.`);
  return {
    topicId: known.id,
    brokerOf: new Map(known.partitions.map(({ leader }, partition) => [partition, leader])),
  };
}

/** Where to read on: a partition and the offset of the next message. */
export interface Position {
  readonly partition: number;
  readonly offset: bigint;
}

export interface FetchWish {
  readonly topicId: string;
  readonly broker: number;
  readonly positions: readonly Position[];
  /** How long the broker waits for the first message. */
  readonly waitMs: number;
  readonly partitionBytesMax: number;
  readonly bytesMax: number;
}

export function fetchFrom(client: Consumer, wish: FetchWish): Promise<FetchResponse> {
  return client.fetch({
    node: wish.broker,
    minBytes: 1,
    maxBytes: wish.bytesMax,
    maxWaitTime: wish.waitMs,
    topics: [
      {
        topicId: wish.topicId,
        partitions: wish.positions.map(({ partition, offset }) => ({
          partition,
          fetchOffset: offset,
          partitionMaxBytes: wish.partitionBytesMax,
          // Unknown: the broker need not compare what we believe with what it knows.
          currentLeaderEpoch: -1,
          lastFetchedEpoch: -1,
        })),
      },
    ],
  });
}

/** What came for a partition; those for which nothing came are left out. */
export interface FetchedPartition {
  readonly partition: number;
  readonly fromOffset: bigint;
  readonly messages: readonly KafkaMessage[];
  /** Where to read on, past whatever was no message. */
  readonly nextOffset: bigint;
}

/** The messages from each position on: a broker sends whole batches, which may begin before it. */
export function messagesOf(
  topic: string,
  response: FetchResponse,
  positions: readonly Position[],
): FetchedPartition[] {
  const offsets = new Map(positions.map(({ partition, offset }) => [partition, offset]));
  return response.responses.flatMap(({ partitions }) =>
    partitions.flatMap(({ partitionIndex: partition, records }): FetchedPartition[] => {
      const fromOffset = offsets.get(partition);
      if (fromOffset === undefined || !records) return [];
      const messages: KafkaMessage[] = [];
      let nextOffset = fromOffset;
      for (const batch of records) {
        const end = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n;
        if (end > nextOffset) nextOffset = end;
        if ((batch.attributes & IS_CONTROL) !== 0) continue;
        for (const { offsetDelta, key, value, headers } of batch.records) {
          const offset = batch.firstOffset + BigInt(offsetDelta);
          if (offset >= fromOffset) messages.push({ topic, partition, offset, key, value, headers });
        }
      }
      return nextOffset === fromOffset ? [] : [{ partition, fromOffset, messages, nextOffset }];
    }),
  );
}

const OFFSET_OUT_OF_RANGE = 1;

/** Partitions whose offset is not stored any more, from an error of a fetch. */
export function outOfRangeOf(error: unknown): readonly number[] {
  const response = (error as { response?: Partial<FetchResponse> } | null)?.response;
  return (response?.responses ?? []).flatMap(({ partitions }) =>
    partitions.flatMap(({ errorCode, partitionIndex }) =>
      errorCode === OFFSET_OUT_OF_RANGE ? [partitionIndex] : [],
    ),
  );
}
