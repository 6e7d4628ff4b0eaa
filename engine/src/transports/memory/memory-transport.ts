/**
 * Delivery within this process, with the manners of a wire: what a handler gets and what it gives are copies made of JSON, so that
 * neither side can reach into the other's memory, and nothing works here that would fail between two processes.
 */
import type { CommandMessage, EventMessage, Json } from "@sluice/contracts/envelope";
import type { Settlement } from "../../core/inputs.ts";
import { unkeepable } from "../../core/decision.ts";
import { engineError, toPlainError } from "../../core/errors.ts";
import { copyJson } from "../../core/json-copy.ts";
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
    return event == null ? { type: "delivered" } : { type: "answered", event: toEvent(command.type, event) };
  } catch (error) {
    return { type: "failed", error: toPlainError(error, "FLOW_HANDLER_FAILED") };
  }
}

function copyOf(value: Json): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

/** Whether it is an event that the flow takes is judged by the run's rules; here only that it is an event at all. */
function toEvent(command: string, answer: unknown): EventMessage {
  const { type, data } = Object(answer) as { readonly type?: unknown; readonly data?: unknown };
  if (typeof type !== "string") {
    throw engineError(
      "FLOW_BAD_ANSWER",
      `the handler of ${command} returned something that is no event, expected { type, data } with data of JSON, or null`,
    );
  }
  const { copy, fault } = copyJson(data as Json);
  if (fault !== null)
    throw engineError("FLOW_BAD_ANSWER", unkeepable(`the ${type} that answered ${command}`, fault));
  return { type, data: copy };
}
