/**
 * Commands over RabbitMQ, and what comes back.
 * R1  A command is delivered when its queue has it for good; its answer, or the failure of its attempt, comes over an event queue.
 * R2  Each command says in `reply-to` which event queue is its run's, so a service needs to know nothing of engines, and several may use it.
 * R3  An event queue is read by one engine at a time. A reply is acknowledged when it is committed, or is a dead letter.
 * R4  No credentials and nothing of a message's content go into a log or an error.
 */
import { encodeCommand } from "@sluice/contracts/broker-message";
import type { ReceivedMessage, TraceContext } from "@sluice/contracts/broker-message";
import type { CommandMessage } from "@sluice/contracts/envelope";
import { engineError, toPlainError } from "../../core/errors.ts";
import type { Settlement } from "../../core/inputs.ts";
import type { TakeReply, Transport } from "../../core/ports.ts";
import { ReplyIntake } from "../broker/reply-intake.ts";
import { toOutgoing, toReceived } from "./amqp-message.ts";
import type { Outgoing } from "./amqp-message.ts";
import { PROCESS_CLOCK } from "../broker/process-clock.ts";
import { sendSpan } from "../broker/send-span.ts";
import { waitAtMost } from "../broker/waits.ts";
import { Consumer } from "./consumer.ts";
import type { Delivery } from "./consumer.ts";
import { publishDeadLetter, toDeadLetter } from "./dead-letter.ts";
import { rabbitmqDeadLetters } from "./dead-letters.ts";
import type { RabbitmqDeadLettersOptions } from "./dead-letters.ts";
import { resolveTransportOptions } from "./options.ts";
import type { RabbitmqTransportOptions, ResolvedRabbitmqTransportOptions } from "./options.ts";
import { Publisher } from "./publisher.ts";
import type { Published } from "./publisher.ts";
import { eventQueueOf } from "./queue-names.ts";

/** A few batches on their way keep the connection busy; the rest waits in the outbox, where it can be withdrawn. */
const COMMANDS_PER_SEND_MAX = 500;
const SENDS_MAX = 4;

/**
 * A transport for one channel, to the service that reads `<service>.commands`.
 *
 * ```ts
 * participants: [rabbitmqTransport({ channel: "mail", url: "amqp://sluice:…@127.0.0.1:5672", service: "mail" })];
 * ```
 * @throws FLOW_BAD_OPTION (invalid); its `start`: FLOW_BROKER_UNAVAILABLE (unavailable) · FLOW_BROKER_REFUSED (forbidden) ·
 *   FLOW_BROKER_MISMATCH (conflict)
 * @see docs/decisions/0023-rabbitmq.md
 */
export function rabbitmqTransport(options: RabbitmqTransportOptions): Transport {
  const resolved = resolveTransportOptions(options);
  const transport = new RabbitmqTransport(resolved);
  return {
    channel: options.channel,
    commandsPerSendMax: COMMANDS_PER_SEND_MAX,
    sendsMax: SENDS_MAX,
    answersSoon: true,
    span: sendSpan("rabbitmq", resolved.names.commands),
    send: (commands, signal, traces) => transport.send(commands, signal, traces),
    start: (take) => transport.start(take),
    stop: () => transport.stop(),
    health: () => transport.health(),
    deadLetters: [rabbitmqDeadLetters(placeOf(options))],
  };
}

/** Whoever looks waits less for a broker than a start does. */
function placeOf({ connectMs: _, ...place }: RabbitmqTransportOptions): RabbitmqDeadLettersOptions {
  return place;
}

interface Receiving {
  readonly intake: ReplyIntake;
  readonly consumer: Consumer;
}

class RabbitmqTransport {
  readonly #options: ResolvedRabbitmqTransportOptions;
  readonly #publisher: Publisher;
  /** What came with each message that waits in the intake. */
  readonly #deliveries = new WeakMap<ReceivedMessage, Delivery>();
  readonly #underWay = new Set<Promise<void>>();
  #receiving: Receiving | null = null;

  constructor(options: ResolvedRabbitmqTransportOptions) {
    this.#options = options;
    this.#publisher = new Publisher(options, `sluice engine: commands of ${options.channel}`, [
      "deadLetters",
      "commands",
      "events",
    ]);
  }

  health(): true | string {
    const publishing = this.#publisher.health();
    if (publishing !== true || this.#receiving === null) return publishing;
    const consuming = this.#receiving.consumer.health();
    return consuming === true ? this.#receiving.intake.health() : consuming;
  }

  async start(take: TakeReply): Promise<void> {
    const { channel, names } = this.#options;
    await this.#publisher.open();
    const intake = this.#createIntake(take);
    const consumer = new Consumer(this.#options, {
      name: `sluice engine: replies of ${channel}`,
      queues: names.events,
      kinds: ["deadLetters", "events"],
      deliver: (delivery) => this.#begin(delivery, intake),
    });
    this.#receiving = { intake, consumer };
    try {
      await consumer.open();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  #createIntake(take: TakeReply): ReplyIntake {
    const { channel, names, prefetch, messageBytesMax, log, meter } = this.#options;
    return new ReplyIntake({
      channel,
      take,
      isWanted: (received) => this.#deliveries.get(received)!.isOurs(),
      bury: (received, reason, error) => {
        const letter = toDeadLetter(names.deadLetters, this.#deliveries.get(received)!, { reason, error });
        return publishDeadLetter(this.#publisher, letter, NEVER);
      },
      repliesMax: prefetch * names.events.length,
      bodyBytesMax: messageBytesMax,
      clock: PROCESS_CLOCK,
      log,
      meter,
    });
  }

  #begin(delivery: Delivery, intake: ReplyIntake): void {
    const work = this.#receive(delivery, intake).finally(() => void this.#underWay.delete(work));
    this.#underWay.add(work);
  }

  async #receive(delivery: Delivery, intake: ReplyIntake): Promise<void> {
    const received = toReceived(delivery.message);
    this.#deliveries.set(received, delivery);
    try {
      await intake.take(received);
      delivery.acknowledge();
    } catch {
      // The intake stops, or the delivery is not ours any more; what is not acknowledged comes again.
    }
  }

  async send(
    commands: readonly CommandMessage[],
    signal: AbortSignal,
    traces?: readonly (TraceContext | undefined)[],
  ): Promise<readonly Settlement[]> {
    const { messageBytesMax } = this.#options;
    const outgoing = commands.map((command, at) => this.#outgoing(command, traces?.[at]));
    const fits = ({ content }: Outgoing): boolean => content.byteLength <= messageBytesMax;
    const published = (await this.#publisher.publish(outgoing.filter(fits), signal)).values();
    return outgoing.map((each) =>
      settlementOf(fits(each) ? (published.next().value ?? null) : tooLarge(each, messageBytesMax)),
    );
  }

  #outgoing(command: CommandMessage, trace: TraceContext | undefined): Outgoing {
    const { names, encoding } = this.#options;
    const message = encodeCommand(command, { ...encoding, nowMs: Date.now(), trace });
    return toOutgoing(names.commands, message, eventQueueOf(names, command.runId));
  }

  async stop(): Promise<void> {
    const receiving = this.#receiving;
    if (receiving !== null) {
      const { consumer, intake } = receiving;
      // Both at once: what still comes is left in its queue.
      const drained = intake.stop();
      await consumer.cancel();
      await waitAtMost(this.#options.stopMs, Promise.all([drained, ...this.#underWay]));
      await consumer.close();
    }
    this.#receiving = null;
    await this.#publisher.close();
  }
}

/** `attemptMs` bounds every try. */
const NEVER = new AbortController().signal;

function settlementOf(published: Published): Settlement {
  if (published === null) return { type: "delivered" };
  const { stack: _, ...error } = toPlainError(published, "FLOW_COMMAND_UNREACHABLE");
  return { type: "failed", error };
}

function tooLarge({ queue, content }: Outgoing, messageBytesMax: number): Error {
  return engineError(
    "FLOW_COMMAND_REFUSED",
    `a command for queue ${queue} has ${content.byteLength} bytes, expected at most ${messageBytesMax} (messageBytesMax)`,
  );
}
