import { Producer, compatibilityPartitioner } from "@platformatic/kafka";
import { clientSettings } from "./client-settings.ts";
import type { ResolvedKafkaOptions } from "./options.ts";
import type { KafkaRecord } from "./record.ts";
import { againMs, waitAtMost } from "../broker/waits.ts";

/** The time was over. */
export class GivenUp extends Error {
  readonly mayHaveArrived: boolean;

  constructor(cause: unknown, mayHaveArrived: boolean) {
    super("given up", { cause });
    this.mayHaveArrived = mayHaveArrived;
  }
}

/** How long one look takes whether a topic can be reached, and how long a producer may take to close. */
const LOOK_MS = 2_000;
const CLOSE_MS = 1_000;

/** The client's producer, whose repeats end when our time is over. */
export class IdempotentProducer {
  readonly #client: Producer;
  readonly #attemptMs: number;
  /** Of whatever is repeated, for messages. */
  #lastError: unknown;

  constructor(options: ResolvedKafkaOptions) {
    this.#attemptMs = options.attemptMs;
    this.#client = new Producer({
      ...clientSettings(options, options.attemptMs),
      idempotent: true,
      // As Java's clients do it, which is also how a run gets its lane.
      partitioner: compatibilityPartitioner,
      // By itself it counts attempts; it is closed when the time is over.
      retries: Number.MAX_SAFE_INTEGER,
      retryDelay: (_client, _operation, attempt, _retries, error) => {
        this.#lastError = error;
        return againMs(attempt);
      },
    });
  }

  /** @throws the client's error when the topic is not known, or none of the brokers says so in time */
  async reach(topic: string): Promise<void> {
    await this.#within(LOOK_MS, this.#client.metadata({ topics: [topic], retries: 0 }), () => false);
  }

  /** @throws the client's error, or GivenUp */
  async produce(topic: string, records: readonly KafkaRecord[]): Promise<void> {
    let hasReached = [...this.#client.connections].some(([, connection]) => connection.isConnected());
    const note = (): void => {
      hasReached = true;
    };
    this.#client.on("client:broker:connect", note);
    try {
      const messages = records.map((record) => toMessage(topic, record));
      await this.#within(this.#attemptMs, this.#client.send({ messages }), () => hasReached);
    } finally {
      this.#client.off("client:broker:connect", note);
    }
  }

  /** Ends its repeats as well. Never throws; a broker that is frozen may keep the connection open for longer. */
  async close(): Promise<void> {
    await waitAtMost(CLOSE_MS, this.#client.close(true));
  }

  async #within(ms: number, work: Promise<unknown>, mayHaveArrived: () => boolean): Promise<void> {
    const over = Promise.withResolvers<never>();
    const timer = setTimeout(() => over.reject(new GivenUp(this.#lastError, mayHaveArrived())), ms);
    try {
      await Promise.race([work, over.promise]);
      this.#lastError = undefined;
    } catch (error) {
      work.catch(() => {});
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

function toMessage(topic: string, { key, value, headers, partition }: KafkaRecord) {
  return {
    topic,
    value,
    headers: headers as Map<Buffer, Buffer>,
    ...(key === null ? {} : { key }),
    ...(partition === undefined ? {} : { partition }),
  };
}
