/**
 * A broker in this process: commands one way, replies the other, dead letters beside each. It keeps the promises of those over Kafka and
 * RabbitMQ, and shows without either that the rules behind them hold.
 */
import { encodeCommand } from "@sluice/contracts/broker-message";
import type { EncodeOptions } from "@sluice/contracts/broker-message";
import type { Clock, LogPort, MeterPort, Transport } from "../../core/ports.ts";
import type { CommandSource } from "../../participant/command-source.ts";
import { ReplyIntake } from "../broker/reply-intake.ts";
import { MemoryDeadLetters } from "./memory-dead-letters.ts";
import { MemoryQueue } from "./memory-queue.ts";
import type { Consumption } from "./memory-queue.ts";

export interface MemoryBrokerOptions extends Pick<EncodeOptions, "envelope" | "source"> {
  /** Largest reply that is read, in bytes. @default 1114112 */
  readonly bodyBytesMax?: number;
  readonly clock: Pick<Clock, "schedule" | "random">;
  readonly log: LogPort;
  readonly meter: MeterPort;
}

export interface MemoryBroker {
  readonly commands: MemoryQueue;
  readonly replies: MemoryQueue;
  readonly deadCommands: MemoryDeadLetters;
  readonly deadReplies: MemoryDeadLetters;
  /** The engine's side. */
  transport(channel: string): Transport;
  /** The service's side. */
  source(name: string): CommandSource;
}

/** Enough to keep either side busy, few enough that what is under way fits into memory. */
const UNACKNOWLEDGED_MAX = 1_000;
const REPLIES_MAX = 100;
const COMMANDS_PER_SEND_MAX = 500;
const SENDS_MAX = 4;

export function memoryBroker(options: MemoryBrokerOptions): MemoryBroker {
  const [commands, replies] = [new MemoryQueue(), new MemoryQueue()];
  const deadCommands = new MemoryDeadLetters("commands", commands);
  const deadReplies = new MemoryDeadLetters("replies", replies);
  return {
    commands,
    replies,
    deadCommands,
    deadReplies,
    transport: (channel) =>
      createTransport(channel, options, { commands, replies, deadCommands, deadReplies }),
    source: (name) => createSource(name, { commands, replies, deadCommands }),
  };
}

function createTransport(
  channel: string,
  options: MemoryBrokerOptions,
  places: Pick<MemoryBroker, "commands" | "replies" | "deadCommands" | "deadReplies">,
): Transport {
  let intake: ReplyIntake | null = null;
  let consumption: Consumption | null = null;
  return {
    channel,
    commandsPerSendMax: COMMANDS_PER_SEND_MAX,
    sendsMax: SENDS_MAX,
    async send(sent, signal, traces) {
      signal.throwIfAborted();
      for (const [at, command] of sent.entries())
        places.commands.append(encodeCommand(command, { ...options, trace: traces?.[at] }));
      return sent.map(() => ({ type: "delivered" }));
    },
    async start(take) {
      const started = new ReplyIntake({
        ...options,
        channel,
        take,
        repliesMax: REPLIES_MAX,
        bury: async (message, reason, error) => places.deadReplies.bury({ message, reason, error }),
      });
      intake = started;
      consumption = places.replies.consume(UNACKNOWLEDGED_MAX, (message) => started.take(message));
    },
    async stop() {
      // The queue first: what the intake then gives back stays there.
      await Promise.all([consumption?.stop(), intake?.stop()]);
    },
    health: () => intake?.health() ?? "it is not started",
    deadLetters: [places.deadCommands.queue, places.deadReplies.queue],
  };
}

function createSource(
  name: string,
  places: Pick<MemoryBroker, "commands" | "replies" | "deadCommands">,
): CommandSource {
  let consumption: Consumption | null = null;
  return {
    name,
    async start(take) {
      consumption = places.commands.consume(UNACKNOWLEDGED_MAX, async (message, isRedelivered) => {
        const outcome = await take({ ...message, isRedelivered });
        if (outcome.type === "reply") places.replies.append(outcome.message);
        if (outcome.type === "dead")
          places.deadCommands.bury({ message, reason: outcome.reason, error: outcome.error });
      });
    },
    async stop(signal) {
      await consumption?.stop(signal);
      consumption = null;
    },
    health: () => (consumption === null ? "it is not started" : true),
  };
}
