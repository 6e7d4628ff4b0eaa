/**
 * Commands over Kafka, and what comes back.
 * K1  A command is delivered when the broker has acknowledged it; its answer, or the failure of its attempt, comes over the events topic.
 * K2  The transports of one connection share a producer and a consumer. They are open from the first `start` to the last `stop`.
 * K3  No credentials go into a log or an error.
 */
import { BROKER_HEADERS, encodeCommand } from "@sluice/contracts/broker-message";
import type { EncodeOptions, ReceivedMessage, TraceContext } from "@sluice/contracts/broker-message";
import type { CommandMessage } from "@sluice/contracts/envelope";
import type { DeadLetterQueue } from "../../core/dead-letter-queue.ts";
import { toPlainError } from "../../core/errors.ts";
import type { Settlement } from "../../core/inputs.ts";
import type { TakeReply, Transport } from "../../core/ports.ts";
import { ReplyIntake } from "../broker/reply-intake.ts";
import { toDeadLetter } from "./dead-letter.ts";
import { deadLettersOf } from "./dead-letters.ts";
import { GroupConsumer } from "./group-consumer.ts";
import { badOption, deadLettersTopicOf, kafkaName, resolveKafkaOptions } from "./options.ts";
import type { KafkaTransportOptions, KafkaTransportsOptions, ResolvedKafkaOptions } from "./options.ts";
import { placeOf, toReceived, toRecord } from "./record.ts";
import type { KafkaMessage } from "./record.ts";
import { Sender } from "./sender.ts";
import { openTopics } from "./topics.ts";
import { PROCESS_CLOCK } from "../broker/process-clock.ts";
import { sendSpan } from "../broker/send-span.ts";
import { waitAtMost } from "../broker/waits.ts";

/** A few batches on their way keep the producer busy; the rest waits in the outbox, where it can be withdrawn. */
const COMMANDS_PER_SEND_MAX = 500;
const SENDS_MAX = 4;
/** Dead letters are few, and read by people. */
const DEAD_LETTER_PARTITIONS = 1;

/**
 * Transports for several channels over one connection: each has a topic for its commands, and all share the topic of events.
 *
 * ```ts
 * participants: kafkaTransports({
 *   brokers: ["127.0.0.1:9092"],
 *   channels: { mail: "mail.commands", payments: "payments.commands" },
 *   eventsTopic: "orders.events",
 *   groupId: "orders-engine",
 * });
 * ```
 * @throws FLOW_BAD_OPTION (invalid); `start` of one: FLOW_BROKER_UNAVAILABLE (unavailable) · FLOW_BROKER_REFUSED (forbidden) ·
 *   FLOW_BROKER_MISMATCH (conflict)
 * @see docs/decisions/0022-kafka.md
 */
export function kafkaTransports(options: KafkaTransportsOptions): readonly Transport[] {
  const channels = Object.entries(options.channels);
  if (channels.length === 0) throw badOption("channels is empty, expected a topic for at least one channel");
  const topics = channels.map(([channel, topic]) => kafkaName(`channels.${channel}`, topic));
  const resolved = resolveKafkaOptions(options, options.eventsTopic);
  if (topics.includes(resolved.eventsTopic))
    throw badOption(`topic ${resolved.eventsTopic} is for commands and for events, expected two`);
  const { envelope = "plain", source, eventIds = "required" } = options;
  if (eventIds !== "required" && eventIds !== "place")
    throw badOption(`eventIds is ${JSON.stringify(eventIds)}, expected "required" or "place"`);
  const encoding = { envelope, ...(source === undefined ? {} : { source }) };
  const names = channels.map(([channel]) => channel);
  const connection = new EngineConnection(resolved, { encoding, eventIds, channels: names, topics });
  const { serviceDeadLetters = {} } = options;
  const ofReplies = deadLettersOf(resolved, resolved.deadLettersTopic);
  return channels.map(([channel, topic]) => {
    const letters = kafkaName(
      `serviceDeadLetters.${channel}`,
      serviceDeadLetters[channel] ?? deadLettersTopicOf(topic),
    );
    return transportOf(connection, channel, topic, [deadLettersOf(resolved, letters), ofReplies]);
  });
}

/** A transport for one channel, with a connection of its own. @throws as `kafkaTransports` */
export function kafkaTransport({ channel, commandsTopic, ...options }: KafkaTransportOptions): Transport {
  const [transport] = kafkaTransports({ ...options, channels: { [channel]: commandsTopic } });
  return transport!;
}

function transportOf(
  connection: EngineConnection,
  channel: string,
  commandsTopic: string,
  deadLetters: readonly DeadLetterQueue[],
): Transport {
  return {
    channel,
    commandsPerSendMax: COMMANDS_PER_SEND_MAX,
    sendsMax: SENDS_MAX,
    answersSoon: true,
    span: sendSpan("kafka", commandsTopic),
    send: (commands, signal, traces) => connection.send(commandsTopic, commands, signal, traces),
    start: (take) => connection.start(channel, take),
    stop: () => connection.stop(channel),
    health: () => connection.health(),
    deadLetters,
  };
}

interface EngineSide {
  readonly encoding: EncodeOptions;
  readonly eventIds: "required" | "place";
  readonly channels: readonly string[];
  /** Of commands. */
  readonly topics: readonly string[];
}

class EngineConnection {
  readonly #options: ResolvedKafkaOptions;
  readonly #side: EngineSide;
  readonly #users = new Set<string>();
  readonly #sender: Sender;
  /** What each message was that waits in the intake. */
  readonly #messages = new WeakMap<ReceivedMessage, KafkaMessage>();
  readonly #opened = Promise.withResolvers<void>();
  #opening: Promise<void> | null = null;
  #intake: ReplyIntake | null = null;
  #consumer: GroupConsumer | null = null;

  constructor(options: ResolvedKafkaOptions, side: EngineSide) {
    this.#options = options;
    this.#side = side;
    this.#sender = new Sender(options);
  }

  health(): true | string {
    const { brokers } = this.#options;
    if (this.#consumer === null) return `Kafka at ${brokers.join(", ")} is not connected yet`;
    const reading = this.#consumer.health();
    return reading === true ? (this.#intake?.health() ?? true) : reading;
  }

  start(channel: string, take: TakeReply): Promise<void> {
    this.#users.add(channel);
    return (this.#opening ??= this.#open(take));
  }

  async #open(take: TakeReply): Promise<void> {
    const { eventsTopic, deadLettersTopic, partitions } = this.#options;
    await openTopics(this.#options, [
      ...[...this.#side.topics, eventsTopic].map((name) => ({ name, partitions })),
      { name: deadLettersTopic, partitions: DEAD_LETTER_PARTITIONS },
    ]);
    this.#opened.resolve();
    const intake = this.#createIntake(take);
    const consumer = new GroupConsumer(this.#options, eventsTopic, {
      handle: (message) => intake.take(this.#received(message)),
    });
    try {
      await consumer.start();
    } catch (error) {
      await intake.stop();
      throw error;
    }
    this.#intake = intake;
    this.#consumer = consumer;
  }

  #createIntake(take: TakeReply): ReplyIntake {
    const { deadLettersTopic, messageBytesMax, partitionMessagesMax, partitions, log, meter } = this.#options;
    return new ReplyIntake({
      channel: this.#side.channels.join(","),
      take,
      bury: (received, reason, error) => {
        const letter = toDeadLetter(
          this.#messages.get(received)!,
          { reason, error, atMs: Date.now() },
          messageBytesMax,
        );
        return this.#sender.send(deadLettersTopic, letter);
      },
      repliesMax: partitionMessagesMax * partitions,
      bodyBytesMax: messageBytesMax,
      clock: PROCESS_CLOCK,
      log,
      meter,
    });
  }

  #received(message: KafkaMessage): ReceivedMessage {
    const received = toReceived(message);
    const named = this.#side.eventIds === "place" ? withId(received, placeOf(message)) : received;
    this.#messages.set(named, message);
    return named;
  }

  async send(
    topic: string,
    commands: readonly CommandMessage[],
    signal: AbortSignal,
    traces?: readonly (TraceContext | undefined)[],
  ): Promise<readonly Settlement[]> {
    // An engine takes over commands of others before its transports are started.
    await waitAtMost(this.#options.attemptMs, this.#opened.promise);
    const aborted = Promise.withResolvers<readonly Settlement[]>();
    const abort = (): void => aborted.resolve(commands.map(() => NOT_WAITED_FOR));
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    try {
      const sent = Promise.all(commands.map((command, at) => this.#sendOne(topic, command, traces?.[at])));
      return await Promise.race([sent, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async #sendOne(
    topic: string,
    command: CommandMessage,
    trace: TraceContext | undefined,
  ): Promise<Settlement> {
    try {
      await this.#sender.send(topic, toRecord(encodeCommand(command, { ...this.#side.encoding, trace })));
      return { type: "delivered" };
    } catch (error) {
      const { stack: _, ...plain } = toPlainError(error, "FLOW_COMMAND_UNREACHABLE");
      return { type: "failed", error: plain };
    }
  }

  /** The last one closes what all have shared. */
  async stop(channel: string): Promise<void> {
    if (!this.#users.delete(channel) || this.#users.size > 0) return;
    await this.#opening?.catch(() => {});
    const signal = AbortSignal.timeout(this.#options.stopMs);
    await Promise.all([this.#intake?.stop(), this.#consumer?.stop(signal)]);
    await this.#sender.close();
  }
}

/** What answers a command is known by that, and has no need of an id. */
function withId(received: ReceivedMessage, id: string): ReceivedMessage {
  const { eventId, commandId } = BROKER_HEADERS;
  const { headers } = received;
  const isKnown = headers[eventId] !== undefined || headers[commandId] !== undefined;
  return isKnown ? received : { ...received, headers: { ...headers, [eventId]: id } };
}

const NOT_WAITED_FOR: Settlement = {
  type: "failed",
  error: {
    code: "FLOW_COMMAND_TIMEOUT",
    kind: "timeout",
    message: "a command to Kafka was not waited for any more",
  },
};
