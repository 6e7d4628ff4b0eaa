import type { CommandMessage } from "@sluice/contracts/envelope";
import { findCommandFault } from "@sluice/contracts/envelope";
import { engineError } from "../core/errors.ts";

/** What a delivery over HTTP consists of. Header names are in lower case, as Node gives them. */
export interface Delivery {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: unknown;
}

/**
 * The command of a delivery.
 * @throws FLOW_COMMAND_REFUSED (invalid) when the body is no command, or `Idempotency-Key` names another
 */
export function parseCommand({ headers, body }: Delivery): CommandMessage {
  const fault = findCommandFault(body);
  if (fault !== null) throw refused(fault);
  const key = headers["idempotency-key"];
  const command = body as CommandMessage;
  if (key !== undefined && key !== command.commandId) {
    throw refused("the header Idempotency-Key and the field commandId differ, expected the same id in both");
  }
  return command;
}

function refused(message: string): Error {
  return engineError("FLOW_COMMAND_REFUSED", message);
}
