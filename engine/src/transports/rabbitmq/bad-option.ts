import { engineError } from "../../core/errors.ts";

export function badOption(message: string): Error {
  return engineError("FLOW_BAD_OPTION", `rabbitmq: ${message}`);
}
