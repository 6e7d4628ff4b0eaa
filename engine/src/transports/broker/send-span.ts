import type { Transport } from "../../core/ports.ts";

/** What a trace tells of a command that is sent over a broker: OpenTelemetry's semantic conventions for messaging. */
export function sendSpan(system: string, destination: string): NonNullable<Transport["span"]> {
  return {
    name: `send ${destination}`,
    kind: "producer",
    attributes: {
      "messaging.system": system,
      "messaging.operation.name": "send",
      "messaging.operation.type": "send",
      "messaging.destination.name": destination,
    },
  };
}
