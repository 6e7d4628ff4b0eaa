/**
 * Delivery within this process, with the manners of a wire: what a handler gets and what it gives are copies made of JSON, so that
 * neither side can reach into the other's memory, and nothing works here that would fail between two processes.
 */
import type { CommandMessage, EventMessage, Json } from "@sluice/contracts/envelope";
import type { Settlement } from "../../core/inputs.ts";
import { toAnswerEvent } from "../../core/answer-event.ts";
import { toPlainError } from "../../core/errors.ts";
import type { Transport } from "../../core/ports.ts";

export interface MemoryTransportOptions {
  readonly channel: string;
  /** Most commands under way at once. */
  readonly sendsMax: number;
  /** Carries out one command, in bounded time; null when the answer comes later. Throws when the attempt has failed. */
  readonly deliver: (command: CommandMessage, signal: AbortSignal) => Promise<EventMessage | null>;
}

/** A transport to a function of this process. */
export function memoryTransport({ channel, sendsMax, deliver }: MemoryTransportOptions): Transport {
  return {
    channel,
    commandsPerSendMax: 1,
    sendsMax,
    send: (commands, signal) => Promise.all(commands.map((command) => settle(deliver, command, signal))),
  };
}

async function settle(
  deliver: MemoryTransportOptions["deliver"],
  command: CommandMessage,
  signal: AbortSignal,
): Promise<Settlement> {
  try {
    const event = await deliver(copyOf(command as unknown as Json) as unknown as CommandMessage, signal);
    // A handler in JavaScript may return nothing at all, which says the same.
    return event == null
      ? { type: "delivered" }
      : { type: "answered", event: toAnswerEvent(command.type, event) };
  } catch (error) {
    return { type: "failed", error: toPlainError(error, "FLOW_HANDLER_FAILED") };
  }
}

function copyOf(value: Json): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
