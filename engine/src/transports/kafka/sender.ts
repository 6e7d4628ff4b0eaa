/**
 * Messages on their way to a broker, over one idempotent producer; each is settled once all replicas that the topic asks for have it.
 * S1  One request at a time for each topic: a second beside one that is being repeated would overtake it, and break the sequence numbers by
 *     which the broker knows a repeat. Whatever has come meanwhile travels together in the next.
 * S2  A message is settled within `attemptMs` of its arrival, and one look at the broker, while its topic cannot be reached; otherwise
 *     within `attemptMs` of its turn.
 * S3  "Nothing happened" is said only when no request with the message was written; otherwise the outcome is unknown.
 */
import { engineError } from "../../core/errors.ts";
import { faultOf } from "./kafka-fault.ts";
import type { KafkaFault } from "./kafka-fault.ts";
import { GivenUp, IdempotentProducer } from "./idempotent-producer.ts";
import type { ResolvedKafkaOptions } from "./options.ts";
import { bytesOf } from "./record.ts";
import type { KafkaRecord } from "./record.ts";
import { waitAgain } from "../broker/waits.ts";

/** Most messages in one request; its bytes are bounded by `messageBytesMax`. */
const MESSAGES_PER_REQUEST_MAX = 5_000;
/** Most messages that wait. Those who send bound what they send; this holds if they do not. */
const WAITING_MAX = 100_000;

interface Waiting {
  readonly record: KafkaRecord;
  readonly bytes: number;
  readonly sinceMs: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What the sender needs of a producer. */
export type SenderProducer = Pick<IdempotentProducer, "reach" | "produce" | "close">;

export class Sender {
  readonly #options: ResolvedKafkaOptions;
  readonly #queues = new Map<string, Waiting[]>();
  readonly #closing = new AbortController();
  readonly #createProducer: () => SenderProducer;
  #producer: SenderProducer | null = null;
  #waiting = 0;

  constructor(
    options: ResolvedKafkaOptions,
    createProducer: () => SenderProducer = () => new IdempotentProducer(options),
  ) {
    this.#options = options;
    this.#createProducer = createProducer;
  }

  /**
   * Resolves when the message is acknowledged.
   * @throws FLOW_COMMAND_REFUSED (invalid) too large · FLOW_COMMAND_UNREACHABLE (unavailable) nothing happened · FLOW_COMMAND_TIMEOUT
   *   (timeout) outcome unknown · FLOW_BROKER_REFUSED (forbidden) · FLOW_COMMAND_OVERLOADED (overloaded) · FLOW_STOPPING (unavailable)
   */
  send(topic: string, record: KafkaRecord): Promise<void> {
    const { messageBytesMax } = this.#options;
    const bytes = bytesOf(record);
    if (bytes > messageBytesMax) return Promise.reject(tooLarge(topic, bytes, messageBytesMax));
    if (this.#closing.signal.aborted) return Promise.reject(closed());
    if (this.#waiting >= WAITING_MAX) return Promise.reject(full(topic));
    this.#waiting++;
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        record,
        bytes,
        sinceMs: performance.now(),
        resolve: () => {
          this.#waiting--;
          resolve();
        },
        reject: (error) => {
          this.#waiting--;
          reject(error);
        },
      };
      const queue = this.#queues.get(topic);
      if (queue !== undefined) queue.push(waiting);
      else {
        const begun = [waiting];
        this.#queues.set(topic, begun);
        // What is sent in the same turn of the event loop goes out together.
        setImmediate(() => void this.#pump(topic, begun));
      }
    });
  }

  /** Gives up what is under way, outcome unknown. */
  async close(): Promise<void> {
    this.#closing.abort();
    const producer = this.#producer;
    this.#producer = null;
    await producer?.close();
  }

  async #pump(topic: string, queue: Waiting[]): Promise<void> {
    while (queue.length > 0 && !this.#closing.signal.aborted) {
      if (await this.#reach(topic, queue)) await this.#deliver(topic, this.#takeBatch(queue));
    }
    for (const { reject } of queue.splice(0)) reject(closed());
    this.#queues.delete(topic);
  }

  /** Waits until the topic can be reached, or nobody waits for that any more. */
  async #reach(topic: string, queue: Waiting[]): Promise<boolean> {
    for (let attempt = 1; queue.length > 0 && !this.#closing.signal.aborted; attempt++) {
      try {
        await this.#current().reach(topic);
        return true;
      } catch (error) {
        this.#expire(topic, queue, faultOf(error));
        if (queue.length > 0) await waitAgain(attempt, this.#closing.signal);
      }
    }
    return false;
  }

  /** Settles what has waited for too long, and all of it when waiting does not help. */
  #expire(topic: string, queue: Waiting[], fault: KafkaFault): void {
    const sinceMs = performance.now() - this.#options.attemptMs;
    const late =
      fault.type === "away" ? queue.findIndex((waiting) => waiting.sinceMs > sinceMs) : queue.length;
    for (const { reject } of queue.splice(0, late === -1 ? queue.length : late))
      reject(unreachable(topic, fault));
  }

  #takeBatch(queue: Waiting[]): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of queue) {
      bytes += waiting.bytes;
      if (count > 0 && (bytes > this.#options.messageBytesMax || count === MESSAGES_PER_REQUEST_MAX)) break;
      count++;
    }
    return queue.splice(0, count);
  }

  async #deliver(topic: string, batch: readonly Waiting[]): Promise<void> {
    if (this.#closing.signal.aborted) {
      for (const { reject } of batch) reject(closed());
      return;
    }
    const producer = this.#current();
    try {
      await producer.produce(
        topic,
        batch.map(({ record }) => record),
      );
      for (const { resolve } of batch) resolve();
    } catch (error) {
      const fault = faultOf(error);
      if (fault.type === "too-large" && batch.length > 1) return this.#deliverHalves(topic, batch);
      if (error instanceof GivenUp || fault.type === "away") await this.#retire(producer);
      const settled = this.#errorOf(topic, fault, error);
      for (const { reject } of batch) reject(settled);
    }
  }

  /** The topic takes less than we write at once: what is too large for it is found by halving, so that the others arrive. */
  async #deliverHalves(topic: string, batch: readonly Waiting[]): Promise<void> {
    const middle = batch.length >> 1;
    await this.#deliver(topic, batch.slice(0, middle));
    await this.#deliver(topic, batch.slice(middle));
  }

  #current(): SenderProducer {
    return (this.#producer ??= this.#createProducer());
  }

  /** It may still repeat what we have given up, and must not. */
  async #retire(producer: SenderProducer): Promise<void> {
    if (this.#producer === producer) this.#producer = null;
    await producer.close();
  }

  #errorOf(topic: string, fault: KafkaFault, error: unknown): Error {
    if (fault.type === "too-large")
      return engineError("FLOW_COMMAND_REFUSED", `a message is too large for topic ${topic}: ${fault.found}`);
    // The cause of a message that was given up is that of its last repeat: another may have arrived.
    const isCertain = error instanceof GivenUp ? !error.mayHaveArrived : fault.type !== "away";
    if (isCertain) return unreachable(topic, fault);
    const { attemptMs } = this.#options;
    return engineError(
      "FLOW_COMMAND_TIMEOUT",
      `Kafka did not acknowledge a message to topic ${topic} within ${attemptMs} ms (attemptMs): ${fault.found}`,
    );
  }
}

function unreachable(topic: string, { type, found }: KafkaFault): Error {
  return type === "refused"
    ? engineError("FLOW_BROKER_REFUSED", `Kafka refuses messages to topic ${topic}: ${found}`)
    : engineError("FLOW_COMMAND_UNREACHABLE", `topic ${topic} of Kafka cannot be reached: ${found}`);
}

function tooLarge(topic: string, bytes: number, messageBytesMax: number): Error {
  return engineError(
    "FLOW_COMMAND_REFUSED",
    `a message to topic ${topic} has ${bytes} bytes, expected at most ${messageBytesMax} (messageBytesMax)`,
  );
}

function full(topic: string): Error {
  return engineError(
    "FLOW_COMMAND_OVERLOADED",
    `${WAITING_MAX} messages wait for Kafka, and one more for topic ${topic} is too much`,
  );
}

function closed(): Error {
  return engineError("FLOW_STOPPING", "the connection to Kafka is being closed; nothing happened, try again");
}
