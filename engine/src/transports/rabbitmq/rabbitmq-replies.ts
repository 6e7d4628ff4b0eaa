/** What a service says by itself: answers that come later than their commands, and events. */
import type { BrokerMessage } from "@sluice/contracts/broker-message";
import { toOutgoing } from "./amqp-message.ts";
import { resolveCommandsOptions } from "./options.ts";
import type { RabbitmqOptions } from "./options.ts";
import { Publisher } from "./publisher.ts";
import { eventQueueOf } from "./queue-names.ts";

/** `eventQueues` has to be that of the engine: it decides which queue is a run's. */
export type RabbitmqRepliesOptions = Omit<RabbitmqOptions, "queues" | "deliveriesMax" | "messageBytesMax">;

export interface RabbitmqReplies {
  /**
   * Sends a message of `encodeReply` to its run's engine. Resolves when the broker has it for good; a repeat is harmless.
   * @throws FLOW_BROKER_UNAVAILABLE (unavailable), FLOW_COMMAND_TIMEOUT (timeout) after `attemptMs` · FLOW_BROKER_MISMATCH (conflict) when
   *   no engine has made the queue
   */
  send(message: BrokerMessage): Promise<void>;
  /** Whether it is connected; otherwise why not. It connects again by itself. */
  health(): true | string;
  close(): Promise<void>;
}

/**
 * Opens the way from a service to the runs that asked it, for handlers that return `null` and whoever else has to tell a run something.
 * @throws FLOW_BAD_OPTION (invalid) · FLOW_BROKER_UNAVAILABLE (unavailable) · FLOW_BROKER_REFUSED (forbidden)
 */
export async function openRabbitmqReplies(options: RabbitmqRepliesOptions): Promise<RabbitmqReplies> {
  const resolved = resolveCommandsOptions(options);
  const publisher = new Publisher(resolved, `sluice participant: news of ${resolved.service}`, []);
  await publisher.open();
  return {
    send: (message) =>
      publisher.publishOne(toOutgoing(eventQueueOf(resolved.names, message.key), message), NEVER),
    health: () => publisher.health(),
    close: () => publisher.close(),
  };
}

/** `attemptMs` bounds it. */
const NEVER = new AbortController().signal;
