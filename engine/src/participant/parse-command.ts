import type { CommandMessage } from "@sluice/contracts/envelope";
import { isJsonObject } from "@sluice/contracts/envelope";
import type { Json } from "@sluice/contracts/envelope";
import { engineError } from "../core/errors.ts";

/** What a delivery over HTTP consists of. Header names are in lower case, as Node gives them. */
export interface Delivery {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: unknown;
}

const FIELDS: Readonly<Record<keyof CommandMessage & string, (value: Json | undefined) => boolean>> = {
  commandId: isText,
  type: isText,
  runId: isText,
  flow: isText,
  flowVersion: isCount,
  attempt: isCount,
  data: (value) => value !== undefined,
  undoes: (value) => value === undefined || isText(value),
};

/**
 * The command of a delivery. Fields nobody knows here are let through: a newer engine may send more.
 * @throws FLOW_COMMAND_REFUSED (invalid) when the body is no command, or `Idempotency-Key` names another
 */
export function parseCommand({ headers, body }: Delivery): CommandMessage {
  if (!isJsonObject(body)) throw refused("the body is no JSON object, expected a command");
  for (const [name, fits] of Object.entries(FIELDS)) {
    if (!fits(body[name])) throw refused(`field ${name} of the command is missing or of another type`);
  }
  const key = headers["idempotency-key"];
  if (key !== undefined && key !== body["commandId"]) {
    throw refused("the header Idempotency-Key and the field commandId differ, expected the same id in both");
  }
  return body as unknown as CommandMessage;
}

function isText(value: Json | undefined): boolean {
  return typeof value === "string" && value !== "";
}

function isCount(value: Json | undefined): boolean {
  return Number.isInteger(value) && (value as number) >= 1;
}

function refused(message: string): Error {
  return engineError("FLOW_COMMAND_REFUSED", message);
}
