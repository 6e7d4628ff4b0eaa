/**
 * The queues of a service, made or looked for. All are durable quorum queues: a message that was confirmed survives its broker.
 * Q1  What is declared twice in the same way is declared once; another way is refused by the broker, and that ends the start.
 * Q2  A message past `deliveriesMax` goes to the dead letters, kept in its queue until it is confirmed there (at least once).
 * Q3  An event queue has one reader at a time, and gives back in place what was not acknowledged: a run's own stay in order.
 */
import type { Channel, ChannelModel } from "amqplib";
import { engineError } from "../../core/errors.ts";
import type { ResolvedRabbitmqOptions } from "./options.ts";
import { brokerError } from "./rabbitmq-fault.ts";

/**
 * Looking at a dead letter counts as a delivery of it. Without any limit RabbitMQ 3.10 puts what is given back at the end of the queue, and
 * RabbitMQ 4 takes one of 20.
 */
const LOOKS_MAX = 1_000_000;

export type QueueKind = "commands" | "events" | "deadLetters";

/** @throws FLOW_BROKER_MISMATCH (conflict) for a queue that is missing or was made otherwise · FLOW_BROKER_REFUSED (forbidden) */
export async function declareQueues(
  connection: ChannelModel,
  options: Pick<ResolvedRabbitmqOptions, "address" | "names" | "queues" | "deliveriesMax">,
  kinds: readonly QueueKind[],
): Promise<void> {
  const channel = await connection.createChannel();
  // What goes wrong is told by the call that it answers.
  channel.on("error", () => {});
  for (const kind of kinds)
    for (const queue of namesOf(options, kind)) await declare(channel, options, kind, queue);
  await channel.close();
}

export function namesOf(
  { names }: Pick<ResolvedRabbitmqOptions, "names">,
  kind: QueueKind,
): readonly string[] {
  return kind === "events" ? names.events : [names[kind]];
}

async function declare(
  channel: Channel,
  options: Pick<ResolvedRabbitmqOptions, "address" | "names" | "queues" | "deliveriesMax">,
  kind: QueueKind,
  queue: string,
): Promise<void> {
  try {
    if (options.queues === "check") await channel.checkQueue(queue);
    else await channel.assertQueue(queue, { durable: true, arguments: argumentsOf(options, kind) });
  } catch (error) {
    throw queueError(options, queue, error);
  }
}

function argumentsOf(
  { names, deliveriesMax }: Pick<ResolvedRabbitmqOptions, "names" | "deliveriesMax">,
  kind: QueueKind,
): Readonly<Record<string, string | number | boolean>> {
  if (kind === "deadLetters") return { "x-queue-type": "quorum", "x-delivery-limit": LOOKS_MAX };
  return {
    "x-queue-type": "quorum",
    "x-delivery-limit": deliveriesMax,
    "x-dead-letter-exchange": "",
    "x-dead-letter-routing-key": names.deadLetters,
    "x-dead-letter-strategy": "at-least-once",
    // What that strategy asks for; without a bound on its length a queue takes whatever comes.
    "x-overflow": "reject-publish",
    ...(kind === "events" ? { "x-single-active-consumer": true } : {}),
  };
}

function queueError(
  { address, queues }: Pick<ResolvedRabbitmqOptions, "address" | "queues">,
  queue: string,
  error: unknown,
): Error {
  const known = brokerError(`queue ${queue}`, address, error);
  switch (codeOf(error)) {
    case 404:
      return engineError(
        "FLOW_BROKER_MISMATCH",
        `${known.message}; make it, or say queues: "create" for a user who may`,
      );
    case 405:
    case 406:
      return engineError(
        "FLOW_BROKER_MISMATCH",
        `${known.message}; expected a queue as this service makes it: use the options it was made with, or delete it once it is empty`,
      );
    case 403:
      return engineError(
        "FLOW_BROKER_REFUSED",
        `${known.message}; permit it to configure, write and read ${queue}${queues === "create" ? ', or make the queues yourself and say queues: "check"' : ""}`,
      );
    default:
      return known;
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
