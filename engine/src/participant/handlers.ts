import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";
import { engineError } from "../core/errors.ts";

/**
 * The handler of a command type among those of a channel.
 * @throws FLOW_COMMAND_REFUSED (invalid) when there is none: trying again would not help
 */
export function requireHandler<Handler>(
  handlers: Readonly<Record<string, Handler | undefined>>,
  type: string,
): Handler {
  const handler = Object.hasOwn(handlers, type) ? handlers[type] : undefined;
  if (handler === undefined) {
    const known = Object.keys(handlers).join(", ") || "none";
    throw engineError("FLOW_COMMAND_REFUSED", `no handler for command ${type}, expected one of: ${known}`);
  }
  return handler;
}

/** A handler as it is called, once its types have done their work. */
export type AnyHandler<Extra extends readonly unknown[]> = (
  command: CommandMessage,
  signal: AbortSignal,
  ...extra: Extra
) => Promise<EventMessage | null>;
