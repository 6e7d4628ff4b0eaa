/** Where a service gets its commands from: a queue or a topic of a broker, behind one port. */
import type { BrokerMessage, ReceivedMessage } from "@sluice/contracts/broker-message";

/** One command as it was received, and whether it may have been handed over before. */
export interface CommandDelivery extends ReceivedMessage {
  readonly isRedelivered: boolean;
}

/** What becomes of a delivery. The source carries it out, and only then acknowledges. */
export type CommandOutcome =
  /** Published to the engine before the delivery is acknowledged. */
  | { readonly type: "reply"; readonly message: BrokerMessage }
  /** Nothing to say now: acknowledged. */
  | { readonly type: "none" }
  /** Goes to the service's dead letters as it came, with a reason of a closed set and a text for people; then it is acknowledged. */
  | { readonly type: "dead"; readonly reason: string; readonly error: string };

/** Rejects when nothing was done about the delivery: it is not acknowledged, and comes again, here or elsewhere. */
export type TakeDelivery = (delivery: CommandDelivery) => Promise<CommandOutcome>;

/**
 * The service's side of a broker. `kafkaCommands` and `rabbitmqCommands` make one; `serveCommands` reads from it.
 * Deliveries of one key are handed over in the order in which they came, without waiting for each other: who takes them keeps that order. How many
 * are handed over and not yet acknowledged is bounded by the source.
 */
export interface CommandSource {
  /** For messages, metrics and traces: the queue or the topic. */
  readonly name: string;
  /** For traces, as OpenTelemetry names it: `kafka`, `rabbitmq`. */
  readonly system?: string;
  /** @throws an error that says what to do when the place it reads from is missing or refuses it */
  start(take: TakeDelivery): Promise<void>;
  /**
   * Takes no more deliveries, carries out the outcomes of those handed over, and leaves. What `take` has rejected, or does not settle until
   * `signal` is aborted, stays unacknowledged.
   */
  stop(signal?: AbortSignal): Promise<void>;
  /** Whether it is connected; otherwise why not. */
  health(): true | string;
}
