import type { TraceContext } from "@sluice/contracts/broker-message";
import type { CommandMessage } from "@sluice/contracts/envelope";
import { toPlainError } from "../core/errors.ts";
import type { Span, SpanAttributes, SpanKind, Tracer } from "../core/ports.ts";

/** How a command has come. */
interface Arrival {
  readonly kind: SpanKind;
  readonly name: string;
  readonly parent: TraceContext | undefined;
  readonly attributes?: SpanAttributes;
}

/** The span of a participant's work on one command. */
export function beginHandling(tracer: Tracer, command: CommandMessage, arrival: Arrival): Span {
  const { commandId, type, runId, flow, flowVersion, attempt } = command;
  return tracer.begin({
    ...arrival,
    attributes: {
      ...arrival.attributes,
      "sluice.flow": flow,
      "sluice.flow.version": flowVersion,
      "sluice.run.id": runId,
      "sluice.command.type": type,
      "sluice.command.id": commandId,
      "sluice.command.attempt": attempt,
    },
  });
}

/** OpenTelemetry's semantic conventions for those who process messages. */
export function processArrival(
  { name, system }: { readonly name: string; readonly system?: string },
  { commandId, runId }: CommandMessage,
  parent: TraceContext | undefined,
): Arrival {
  return {
    kind: "consumer",
    name: `process ${name}`,
    parent,
    attributes: {
      "messaging.system": system,
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.destination.name": name,
      "messaging.message.id": commandId,
      "messaging.message.conversation_id": runId,
    },
  };
}

export function failSpan(span: Span, error: unknown): void {
  const { code, message } = toPlainError(error, "FLOW_HANDLER_FAILED");
  span.fail(code, message);
}
