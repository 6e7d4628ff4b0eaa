/**
 * The service's side of Kafka: commands from one topic, replies to another.
 * C1  The offset of a command is committed after its reply is acknowledged, or after it stands among the service's dead letters.
 * C2  What could not be replied or buried is handed over again: the service's inbox answers as the first time.
 */
import type { BrokerMessage } from "@sluice/contracts/broker-message";
import { hasCode } from "@sluice/contracts/problem";
import type {
  CommandDelivery,
  CommandOutcome,
  CommandSource,
  TakeDelivery,
} from "../../participant/command-source.ts";
import { refuseAnswer } from "../broker/unsendable-answer.ts";
import type { Handing } from "./assigned-partition.ts";
import { toDeadLetter } from "./dead-letter.ts";
import { GroupConsumer } from "./group-consumer.ts";
import { kafkaName, resolveKafkaOptions } from "./options.ts";
import type { KafkaCommandsOptions, ResolvedKafkaOptions } from "./options.ts";
import { toReceived, toRecord } from "./record.ts";
import type { KafkaMessage } from "./record.ts";
import { Sender } from "./sender.ts";
import { openTopics } from "./topics.ts";

/**
 * Commands of one topic, for `serveCommands`. The members of `groupId` share its partitions; those of one run come to one member, in order.
 *
 * ```ts
 * const source = kafkaCommands({
 *   brokers: ["127.0.0.1:9092"],
 *   commandsTopic: "mail.commands",
 *   groupId: "mail",
 *   eventsTopic: "orders.events",
 * });
 * ```
 * @throws FLOW_BAD_OPTION (invalid); `start`: FLOW_BROKER_UNAVAILABLE (unavailable) · FLOW_BROKER_REFUSED (forbidden) ·
 *   FLOW_BROKER_MISMATCH (conflict)
 * @see docs/decisions/0022-kafka.md
 */
export function kafkaCommands(options: KafkaCommandsOptions): CommandSource {
  const commandsTopic = kafkaName("commandsTopic", options.commandsTopic);
  return new KafkaCommandSource(resolveKafkaOptions(options, commandsTopic), commandsTopic);
}

class KafkaCommandSource implements CommandSource {
  readonly name: string;
  readonly system = "kafka";
  readonly #options: ResolvedKafkaOptions;
  readonly #sender: Sender;
  #consumer: GroupConsumer | null = null;
  /** Why what came of the last command could not be told. */
  #failure: string | null = null;

  constructor(options: ResolvedKafkaOptions, commandsTopic: string) {
    this.name = commandsTopic;
    this.#options = options;
    this.#sender = new Sender(options);
  }

  async start(take: TakeDelivery): Promise<void> {
    const { eventsTopic, deadLettersTopic, partitions } = this.#options;
    await openTopics(this.#options, [
      { name: this.name, partitions },
      { name: eventsTopic, partitions },
      { name: deadLettersTopic, partitions: 1 },
    ]);
    const consumer = new GroupConsumer(this.#options, this.name, {
      handle: (message, handing) => this.#handle(message, handing, take),
    });
    await consumer.start();
    this.#consumer = consumer;
  }

  async stop(signal: AbortSignal = AbortSignal.timeout(this.#options.stopMs)): Promise<void> {
    await this.#consumer?.stop(signal);
    await this.#sender.close();
  }

  health(): true | string {
    if (this.#consumer === null) return `Kafka at ${this.#options.brokers.join(", ")} is not connected yet`;
    const reading = this.#consumer.health();
    return reading === true ? (this.#failure ?? true) : reading;
  }

  async #handle(message: KafkaMessage, { isRedelivered }: Handing, take: TakeDelivery): Promise<void> {
    const delivery: CommandDelivery = { ...toReceived(message), isRedelivered };
    const outcome = await take(delivery);
    try {
      await this.#carryOut(outcome, message, delivery);
      this.#failure = null;
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  async #carryOut(outcome: CommandOutcome, message: KafkaMessage, delivery: CommandDelivery): Promise<void> {
    const { deadLettersTopic, messageBytesMax } = this.#options;
    switch (outcome.type) {
      case "none":
        return;
      case "reply":
        return this.#reply(outcome.message, delivery);
      case "dead": {
        const death = { ...outcome, atMs: Date.now() };
        return this.#sender.send(deadLettersTopic, toDeadLetter(message, death, messageBytesMax));
      }
    }
  }

  async #reply(reply: BrokerMessage, delivery: CommandDelivery): Promise<void> {
    const { eventsTopic } = this.#options;
    try {
      await this.#sender.send(eventsTopic, toRecord(reply));
    } catch (error) {
      if (!hasCode(error, "FLOW_COMMAND_REFUSED")) throw error;
      const why = `the answer cannot be sent: ${error instanceof Error ? error.message : String(error)}`;
      const refusal = refuseAnswer(delivery, why);
      if (refusal === null) throw error;
      await this.#sender.send(eventsTopic, toRecord(refusal));
    }
  }
}
