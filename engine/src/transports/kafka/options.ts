/** What both sides of Kafka are told, the engine's and a service's: where it is, who we are there, and how much may be under way. */
import type { ConnectionOptions as TlsOptions } from "node:tls";
import type { EncodeOptions } from "@sluice/contracts/broker-message";
import { engineError } from "../../core/errors.ts";
import { LANES_DEFAULT } from "../../core/lane.ts";
import type { LogPort, MeterPort } from "../../core/ports.ts";
import { NO_LOG, NO_METER } from "../../core/silent.ts";

/** Credentials; they stand in no log and no error. A function is asked at each connection, for those that change. */
export interface KafkaSasl {
  readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512" | "OAUTHBEARER";
  readonly username?: string | (() => string | Promise<string>);
  readonly password?: string | (() => string | Promise<string>);
  /** Of OAUTHBEARER. */
  readonly token?: string | (() => string | Promise<string>);
}

export interface KafkaOptions {
  /** Some of the brokers, each `host:port`; the others are learned from them. */
  readonly brokers: readonly string[];
  /** What others have to say to runs: answers, failed attempts, events. A run's own are in order, since its id is their key. */
  readonly eventsTopic: string;
  /** The members of a group share the partitions of the topic they read. */
  readonly groupId: string;
  /** Where messages go that can never be taken in, as they came, with a reason. @default the topic that is read, with `.dead-letters` behind it */
  readonly deadLettersTopic?: string;
  /** How we are called in the broker's log. @default "sluice" */
  readonly clientId?: string;
  /** As for `tls.connect` of Node; `{}` is TLS with the system's authorities. @default no TLS */
  readonly tls?: TlsOptions;
  /** @default no credentials */
  readonly sasl?: KafkaSasl;
  /** `create`: topics that are missing are made. `check`: they have to be there. @default "create" */
  readonly topics?: "create" | "check";
  /** How many partitions a topic has at the least, and gets when it is made; dead letters have one. As many as the
   * deployment has lanes makes a lane a partition. @default 16 */
  readonly partitions?: number;
  /** How many brokers keep a copy of a topic at the least, and of one that is made. @default what the broker has set; any is enough */
  readonly replicationFactor?: number;
  /** How long a message may take to be acknowledged by the broker, in ms, repeats within that included. @default 10000 */
  readonly attemptMs?: number;
  /**
   * Largest message that is sent or read, in bytes with its headers; also the most that is written at once. Below the broker's
   * `max.message.bytes`, whose own default is 1048588. @default 1000000
   */
  readonly messageBytesMax?: number;
  /** Most messages of one partition that are taken and not done; past it that partition waits, others go on. @default 500 */
  readonly partitionMessagesMax?: number;
  /** After how long without a sign of life a member's partitions go to the others, in ms; brokers allow 6000 and more. @default 6000 */
  readonly sessionMs?: number;
  /** How long a stop waits for what is under way, in ms. @default 10000 */
  readonly stopMs?: number;
  /** @default nothing is logged */
  readonly log?: LogPort;
  /** @default nothing is measured */
  readonly meter?: MeterPort;
}

export interface KafkaTransportsOptions extends KafkaOptions {
  /** For each channel the topic that its commands go to. */
  readonly channels: Readonly<Record<string, string>>;
  /**
   * For each channel whose service has a `deadLettersTopic` of its own: that topic, for the list of dead letters.
   * @default the channel's topic, with `.dead-letters` behind it
   */
  readonly serviceDeadLetters?: Readonly<Record<string, string>>;
  /** How commands are written. Replies are read either way. @default "plain" */
  readonly envelope?: EncodeOptions["envelope"];
  /** Of a CloudEvent: who sends it, as a URI reference. @default "/sluice" */
  readonly source?: string;
  /**
   * Of an event without an id: `required` makes it a dead letter; `place` takes its topic, partition and offset for one, which does when its
   * producer never sends it twice, since a message that is sent twice stands in two places. @default "required"
   */
  readonly eventIds?: "required" | "place";
}

export interface KafkaTransportOptions extends Omit<KafkaTransportsOptions, "channels"> {
  readonly channel: string;
  readonly commandsTopic: string;
}

export interface KafkaCommandsOptions extends KafkaOptions {
  readonly commandsTopic: string;
}

export interface ResolvedKafkaOptions {
  readonly brokers: readonly string[];
  readonly eventsTopic: string;
  readonly groupId: string;
  readonly deadLettersTopic: string;
  readonly clientId: string;
  readonly tls: TlsOptions | null;
  readonly sasl: KafkaSasl | null;
  readonly topics: "create" | "check";
  readonly partitions: number;
  readonly replicationFactor: number | null;
  readonly attemptMs: number;
  readonly messageBytesMax: number;
  readonly partitionMessagesMax: number;
  readonly sessionMs: number;
  readonly stopMs: number;
  readonly log: LogPort;
  readonly meter: MeterPort;
}

const PARTITIONS_MAX = 10_000;
const REPLICATION_FACTOR_MAX = 100;
const TIME_MS_MAX = 600_000;
const MESSAGE_BYTES_MIN = 1_024;
const MESSAGE_BYTES_MAX = 67_108_864;
const PARTITION_MESSAGES_MAX = 100_000;
const SESSION_MS_MIN = 1_000;

/**
 * `readTopic` is the one whose messages are taken in; its dead letters are named after it.
 * @throws FLOW_BAD_OPTION (invalid) naming the option, what was found and what was expected
 */
export function resolveKafkaOptions(options: KafkaOptions, readTopic: string): ResolvedKafkaOptions {
  const { tls = null, sasl = null, topics = "create" } = options;
  const whole = wholeOf(options);
  if (topics !== "create" && topics !== "check")
    throw badOption(`topics is ${JSON.stringify(topics)}, expected "create" or "check"`);
  return Object.freeze({
    brokers: resolveBrokers(options.brokers),
    eventsTopic: kafkaName("eventsTopic", options.eventsTopic),
    groupId: kafkaName("groupId", options.groupId),
    deadLettersTopic: kafkaName(
      "deadLettersTopic",
      options.deadLettersTopic ?? deadLettersTopicOf(readTopic),
    ),
    clientId: kafkaName("clientId", options.clientId ?? "sluice"),
    tls,
    sasl: resolveSasl(sasl),
    topics,
    partitions: whole("partitions", LANES_DEFAULT, 1, PARTITIONS_MAX),
    replicationFactor:
      options.replicationFactor === undefined
        ? null
        : whole("replicationFactor", 1, 1, REPLICATION_FACTOR_MAX),
    attemptMs: whole("attemptMs", 10_000, 1, TIME_MS_MAX),
    messageBytesMax: whole("messageBytesMax", 1_000_000, MESSAGE_BYTES_MIN, MESSAGE_BYTES_MAX),
    partitionMessagesMax: whole("partitionMessagesMax", 500, 1, PARTITION_MESSAGES_MAX),
    sessionMs: whole("sessionMs", 6_000, SESSION_MS_MIN, TIME_MS_MAX),
    stopMs: whole("stopMs", 10_000, 1, TIME_MS_MAX),
    log: options.log ?? NO_LOG,
    meter: options.meter ?? NO_METER,
  });
}

/** Where the messages of a topic go that can never be taken in, unless told otherwise. */
export function deadLettersTopicOf(readTopic: string): string {
  return `${readTopic}.dead-letters`;
}

type WholeOption =
  | "partitions"
  | "replicationFactor"
  | "attemptMs"
  | "messageBytesMax"
  | "partitionMessagesMax"
  | "sessionMs"
  | "stopMs";

function wholeOf(options: KafkaOptions) {
  return (name: WholeOption, fallback: number, min: number, max: number): number => {
    const value = options[name] ?? fallback;
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw badOption(`${name} is ${value}, expected a whole number from ${min} to ${max}`);
  };
}

const BROKERS_MAX = 100;
const BROKER = /^(?:\[[\da-f:.]+\]|[\w.-]+):\d{1,5}$/i;

function resolveBrokers(brokers: readonly string[]): readonly string[] {
  if (!Array.isArray(brokers) || brokers.length === 0 || brokers.length > BROKERS_MAX)
    throw badOption(`brokers has to name 1 to ${BROKERS_MAX} brokers, such as ["127.0.0.1:9092"]`);
  // What is no address may be one with credentials in it, so it is not repeated.
  const wrong = brokers.findIndex((broker) => !BROKER.test(broker));
  if (wrong !== -1)
    throw badOption(`brokers[${wrong}] is no host:port, such as 127.0.0.1:9092; credentials go into sasl`);
  return [...brokers];
}

function resolveSasl(sasl: KafkaSasl | null): KafkaSasl | null {
  if (sasl === null) return null;
  const isWhole =
    sasl.mechanism === "OAUTHBEARER"
      ? sasl.token !== undefined
      : sasl.username !== undefined && sasl.password !== undefined;
  if (isWhole) return sasl;
  const expected = sasl.mechanism === "OAUTHBEARER" ? "a token" : "username and password";
  throw badOption(`sasl of mechanism ${sasl.mechanism} is not complete, expected ${expected}`);
}

/** What Kafka takes as the name of a topic; for groups and clients it is more than enough. */
const NAME = /^(?!\.{1,2}$)[\w.-]{1,249}$/;

/** @throws FLOW_BAD_OPTION (invalid) */
export function kafkaName(option: string, name: string): string {
  if (NAME.test(name)) return name;
  throw badOption(
    `${option} is ${JSON.stringify(name)}, expected 1 to 249 letters, digits, points, dashes and underlines`,
  );
}

export function badOption(message: string): Error {
  return engineError("FLOW_BAD_OPTION", `kafka: ${message}`);
}
