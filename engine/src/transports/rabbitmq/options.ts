/** What both sides of RabbitMQ are told, the engine's and a service's: where it is, whose queues these are, how much may be under way. */
import type { ConnectionOptions as TlsOptions } from "node:tls";
import { BODY_BYTES_DEFAULT } from "@sluice/contracts/broker-message";
import type { EncodeOptions } from "@sluice/contracts/broker-message";
import { LANES_MAX } from "../../core/lane.ts";
import type { LogPort, MeterPort } from "../../core/ports.ts";
import { NO_LOG, NO_METER } from "../../core/silent.ts";
import { resolveAddress } from "./address.ts";
import type { BrokerAddress } from "./address.ts";
import { badOption } from "./bad-option.ts";
import { queuesOf } from "./queue-names.ts";
import type { QueueNames } from "./queue-names.ts";

export interface RabbitmqOptions {
  /** `amqp://user:password@host:5672/vhost`, or `amqps`. It stands in no log and no error. */
  readonly url: string;
  /** The service that carries the commands out. Its queues are named after it. */
  readonly service: string;
  /** As for `tls.connect` of Node. @default the system's authorities, where the address is `amqps` */
  readonly tls?: TlsOptions;
  /** `create`: queues that are missing are made. `check`: they have to be there. @default "create" */
  readonly queues?: "create" | "check";
  /**
   * How many queues what a service says to runs is spread over, by the run: each is read by one engine at a time, so that a run's own stay
   * in order. @default 4
   */
  readonly eventQueues?: number;
  /**
   * How often a message is delivered before the broker makes a dead letter of it: for one that kills whoever reads it. The same on both
   * sides, since a queue keeps what it was made with. @default 50
   */
  readonly deliveriesMax?: number;
  /** How long a message may take to be confirmed by the broker, in ms; waiting for a broker that is away included. @default 10000 */
  readonly attemptMs?: number;
  /** Largest message that is sent or read, in bytes without its headers. @default 1114112 */
  readonly messageBytesMax?: number;
  /** How long a start waits for a broker that cannot be reached, in ms. @default 10000 */
  readonly connectMs?: number;
  /** How long a stop waits for what is under way, in ms. @default 10000 */
  readonly stopMs?: number;
  /** @default nothing is logged */
  readonly log?: LogPort;
  /** @default nothing is measured */
  readonly meter?: MeterPort;
}

export interface RabbitmqTransportOptions extends RabbitmqOptions {
  readonly channel: string;
  /** Most replies of one event queue that are taken and not acknowledged. @default 250 */
  readonly prefetch?: number;
  /** How commands are written. Replies are read either way. @default "plain" */
  readonly envelope?: EncodeOptions["envelope"];
  /** Of a CloudEvent: who sends it, as a URI reference. @default "/sluice" */
  readonly source?: string;
}

export interface RabbitmqCommandsOptions extends RabbitmqOptions {
  /** Most commands that are taken and not acknowledged: at least as many as are worked on at once. @default 100 */
  readonly prefetch?: number;
}

export interface ResolvedRabbitmqOptions {
  readonly address: BrokerAddress;
  readonly service: string;
  readonly names: QueueNames;
  readonly queues: "create" | "check";
  readonly deliveriesMax: number;
  readonly prefetch: number;
  readonly attemptMs: number;
  readonly messageBytesMax: number;
  readonly connectMs: number;
  readonly stopMs: number;
  readonly log: LogPort;
  readonly meter: MeterPort;
}

export interface ResolvedRabbitmqTransportOptions extends ResolvedRabbitmqOptions {
  readonly channel: string;
  readonly encoding: EncodeOptions;
}

/** RabbitMQ keeps it in 16 bits. */
const PREFETCH_MAX = 65_535;
const DELIVERIES_MAX = 1_000_000;
const TIME_MS_MAX = 600_000;
const MESSAGE_BYTES_MIN = 1_024;
/** What RabbitMQ takes itself unless told otherwise. */
const MESSAGE_BYTES_MAX = 134_217_728;

/** @throws FLOW_BAD_OPTION (invalid) naming the option, what was found and what was expected */
export function resolveTransportOptions(options: RabbitmqTransportOptions): ResolvedRabbitmqTransportOptions {
  const { channel, envelope = "plain", source } = options;
  if (typeof channel !== "string" || channel === "") throw badOption("channel is missing, expected its name");
  if (envelope !== "plain" && envelope !== "cloudevents")
    throw badOption(`envelope is ${JSON.stringify(envelope)}, expected "plain" or "cloudevents"`);
  return Object.freeze({
    ...resolveOptions(options, 250),
    channel,
    encoding: { envelope, ...(source === undefined ? {} : { source }) },
  });
}

/** @throws FLOW_BAD_OPTION (invalid) naming the option, what was found and what was expected */
export function resolveCommandsOptions(options: RabbitmqCommandsOptions): ResolvedRabbitmqOptions {
  return Object.freeze(resolveOptions(options, 100));
}

function resolveOptions(
  options: RabbitmqOptions & { readonly prefetch?: number },
  prefetch: number,
): ResolvedRabbitmqOptions {
  const { service, queues = "create", tls } = options;
  const whole = wholeOf(options);
  if (queues !== "create" && queues !== "check")
    throw badOption(`queues is ${JSON.stringify(queues)}, expected "create" or "check"`);
  return {
    address: resolveAddress(options.url, tls),
    service: resolveService(service),
    names: queuesOf(service, whole("eventQueues", 4, 1, LANES_MAX)),
    queues,
    deliveriesMax: whole("deliveriesMax", 50, 1, DELIVERIES_MAX),
    prefetch: whole("prefetch", prefetch, 1, PREFETCH_MAX),
    attemptMs: whole("attemptMs", 10_000, 1, TIME_MS_MAX),
    messageBytesMax: whole("messageBytesMax", BODY_BYTES_DEFAULT, MESSAGE_BYTES_MIN, MESSAGE_BYTES_MAX),
    connectMs: whole("connectMs", 10_000, 1, TIME_MS_MAX),
    stopMs: whole("stopMs", 10_000, 1, TIME_MS_MAX),
    log: options.log ?? NO_LOG,
    meter: options.meter ?? NO_METER,
  };
}

type WholeOption =
  "eventQueues" | "deliveriesMax" | "prefetch" | "attemptMs" | "messageBytesMax" | "connectMs" | "stopMs";

function wholeOf(options: RabbitmqOptions & { readonly prefetch?: number }) {
  return (name: WholeOption, fallback: number, min: number, max: number): number => {
    const value = options[name] ?? fallback;
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw badOption(`${name} is ${value}, expected a whole number from ${min} to ${max}`);
  };
}

/** Short enough for every name that is made of it; `amq.` is the broker's own. */
const SERVICE = /^(?!amq\.)[\w.-]{1,200}$/;

function resolveService(service: string): string {
  if (typeof service === "string" && SERVICE.test(service)) return service;
  throw badOption(
    `service is ${JSON.stringify(service)}, expected 1 to 200 letters, digits, points, dashes and underlines, not beginning with "amq."`,
  );
}
