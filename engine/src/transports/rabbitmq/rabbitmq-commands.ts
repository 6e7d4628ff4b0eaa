/**
 * The service's side of RabbitMQ: commands out of its queue, replies into the event queue that each command names.
 * C1  A command is acknowledged after its reply is confirmed, or after it stands among the service's dead letters.
 * C2  What could not be told is tried again until the broker takes it, or brings the command again: the inbox answers as the first time.
 * C3  A reply for which there is no queue, or can be none, makes a dead letter of its command: replayed, it is answered again.
 */
import type { BrokerMessage } from "@sluice/contracts/broker-message";
import { hasCode } from "@sluice/contracts/problem";
import type {
  CommandDelivery,
  CommandOutcome,
  CommandSource,
  TakeDelivery,
} from "../../participant/command-source.ts";
import { NO_REPLY_QUEUE } from "../broker/dead-category.ts";
import { refuseAnswer } from "../broker/unsendable-answer.ts";
import { waitAgain } from "../broker/waits.ts";
import { givenBackOf, toOutgoing, toReceived } from "./amqp-message.ts";
import { Consumer } from "./consumer.ts";
import type { Delivery } from "./consumer.ts";
import { publishDeadLetter, toDeadLetter } from "./dead-letter.ts";
import type { Death } from "./dead-letter.ts";
import { resolveCommandsOptions } from "./options.ts";
import type { RabbitmqCommandsOptions, ResolvedRabbitmqOptions } from "./options.ts";
import { Publisher } from "./publisher.ts";
import { eventQueueOf } from "./queue-names.ts";

/**
 * Commands of the queue `<service>.commands`, for `serveCommands`. Processes of a service share it; commands of one run may come to several of
 * them, whose shared inbox keeps the effects apart.
 *
 * ```ts
 * const source = rabbitmqCommands({ url: "amqp://sluice:…@127.0.0.1:5672", service: "mail" });
 * ```
 * @throws FLOW_BAD_OPTION (invalid); its `start`: FLOW_BROKER_UNAVAILABLE (unavailable) · FLOW_BROKER_REFUSED (forbidden) ·
 *   FLOW_BROKER_MISMATCH (conflict)
 * @see docs/decisions/0023-rabbitmq.md
 */
export function rabbitmqCommands(options: RabbitmqCommandsOptions): CommandSource {
  return new RabbitmqCommandSource(resolveCommandsOptions(options));
}

const KINDS = ["deadLetters", "commands"] as const;

/** `no-queue`: it is not there · `unfit`: AMQP cannot carry the message to it · `given-up`: the delivery comes again, or the source stops. */
type Told = "confirmed" | "no-queue" | "unfit" | "given-up";

class RabbitmqCommandSource implements CommandSource {
  readonly name: string;
  readonly system = "rabbitmq";
  readonly #options: ResolvedRabbitmqOptions;
  readonly #publisher: Publisher;
  readonly #underWay = new Set<Promise<void>>();
  #consumer: Consumer | null = null;
  /** Nothing new is begun. */
  #isDraining = false;
  /** Nothing is tried again. */
  #stopping = new AbortController();

  constructor(options: ResolvedRabbitmqOptions) {
    this.name = options.names.commands;
    this.#options = options;
    this.#publisher = new Publisher(options, `sluice participant: replies of ${options.service}`, KINDS);
  }

  health(): true | string {
    const publishing = this.#publisher.health();
    return publishing === true && this.#consumer !== null ? this.#consumer.health() : publishing;
  }

  async start(take: TakeDelivery): Promise<void> {
    this.#stopping = new AbortController();
    this.#isDraining = false;
    await this.#publisher.open();
    const consumer = new Consumer(this.#options, {
      name: `sluice participant: commands of ${this.#options.service}`,
      queues: [this.name],
      kinds: KINDS,
      deliver: (delivery) => this.#begin(delivery, take),
    });
    this.#consumer = consumer;
    try {
      await consumer.open();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(signal: AbortSignal = AbortSignal.timeout(this.#options.stopMs)): Promise<void> {
    this.#isDraining = true;
    await this.#consumer?.cancel();
    // What is carried out is told, until nobody waits for it any more.
    await Promise.race([Promise.all(this.#underWay), aborted(signal)]);
    this.#stopping.abort();
    await this.#consumer?.close();
    this.#consumer = null;
    await this.#publisher.close();
  }

  #begin(delivery: Delivery, take: TakeDelivery): void {
    if (this.#isDraining) return;
    const work = this.#handle(delivery, take).finally(() => void this.#underWay.delete(work));
    this.#underWay.add(work);
  }

  async #handle(delivery: Delivery, take: TakeDelivery): Promise<void> {
    const { message } = delivery;
    const received: CommandDelivery = { ...toReceived(message), isRedelivered: message.fields.redelivered };
    let outcome: CommandOutcome;
    try {
      outcome = await take(received);
    } catch {
      return this.#giveBack(delivery);
    }
    switch (outcome.type) {
      case "none":
        return delivery.acknowledge();
      case "reply":
        return this.#reply(delivery, received, outcome.message);
      case "dead":
        return this.#bury(delivery, outcome);
    }
  }

  /** Nothing was done about it. A little later, so that what fails at once does not go round in circles. */
  async #giveBack(delivery: Delivery): Promise<void> {
    if (await waitAgain(givenBackOf(delivery.message) + 1, this.#stopping.signal)) delivery.giveBack();
  }

  async #reply(delivery: Delivery, received: CommandDelivery, reply: BrokerMessage): Promise<void> {
    const { names, messageBytesMax } = this.#options;
    const replyTo: unknown = delivery.message.properties.replyTo;
    const queue = typeof replyTo === "string" && replyTo !== "" ? replyTo : eventQueueOf(names, reply.key);
    const outgoing = toOutgoing(queue, reply);
    const { byteLength } = outgoing.content;
    const why = `the answer has ${byteLength} bytes, expected at most ${messageBytesMax} (messageBytesMax)`;
    const refusal = byteLength <= messageBytesMax ? null : refuseAnswer(received, why);
    const told = await this.#publish(delivery, (signal) =>
      this.#publisher.publishOne(refusal === null ? outgoing : toOutgoing(queue, refusal), signal),
    );
    if (told === "confirmed" || told === "given-up") return;
    const found =
      told === "no-queue"
        ? "does not exist; start the engine that reads it, then replay"
        : "AMQP cannot carry it to; replay it, and it goes to the queue of its run";
    await this.#bury(delivery, {
      reason: NO_REPLY_QUEUE,
      error: `its answer goes to queue ${queue}, which ${found}`,
    });
  }

  async #bury(delivery: Delivery, death: Death): Promise<void> {
    const letter = toDeadLetter(this.#options.names.deadLetters, delivery, death);
    const { log, service } = this.#options;
    const told = await this.#publish(delivery, (signal) =>
      publishDeadLetter(this.#publisher, letter, signal),
    );
    if (told === "confirmed") log.warn({ service, reason: death.reason }, "a command is a dead letter now");
    if (told === "confirmed" || told === "given-up") return;
    log.error(
      { service, queue: letter.queue, found: told },
      "the queue of dead letters is missing or does not take it; the command comes again",
    );
    await this.#giveBack(delivery);
  }

  /** Publishes, and then acknowledges; again and again, while the delivery is ours to acknowledge. */
  async #publish(delivery: Delivery, publish: (signal: AbortSignal) => Promise<void>): Promise<Told> {
    const { signal } = this.#stopping;
    for (let attempt = 1; delivery.isOurs() && !signal.aborted; attempt++) {
      try {
        await publish(signal);
        delivery.acknowledge();
        return "confirmed";
      } catch (error) {
        if (hasCode(error, "FLOW_BROKER_MISMATCH")) return "no-queue";
        if (hasCode(error, "FLOW_COMMAND_REFUSED")) return "unfit";
        await waitAgain(attempt, signal);
      }
    }
    return "given-up";
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
