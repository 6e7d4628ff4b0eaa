/** What a trace tells of commands on their way: a span for each attempt over a transport, and one for each call in a batch. */
import type { TraceContext } from "@sluice/contracts/broker-message";
import { toPlainError } from "../core/errors.ts";
import type { Settlement } from "../core/inputs.ts";
import type { Span, SpanAttributes, Tracer, Transport } from "../core/ports.ts";
import type { DueCommand } from "./batch-work.ts";
import type { Settled } from "./participants.ts";
import { aboutRun } from "./run-trace.ts";

/** The attempts of one call to `send`. */
export interface AttemptSpans {
  /** By command: what goes with it. */
  readonly traces: readonly (TraceContext | undefined)[];
  /** Calls `send`; a single command's attempt is what runs meanwhile. */
  run<T>(send: () => T): T;
  /** One settlement per command, in order. */
  end(settlements: readonly Settlement[]): void;
}

/** Begins the spans of attempts; null where nobody looks. */
export function beginAttempts(
  tracer: Tracer,
  transport: Transport,
  commands: readonly DueCommand[],
): AttemptSpans | null {
  if (!tracer.isOn) return null;
  const spans = commands.map((due) =>
    due.trace === undefined ? null : beginAttempt(tracer, transport, due),
  );
  const [first = null] = spans;
  return {
    traces: spans.map((span) => span?.context),
    run: (send) => (spans.length === 1 && first !== null ? first.run(send) : send()),
    end: (settlements) => spans.forEach((span, at) => endAttempt(span, settlements[at])),
  };
}

function beginAttempt(tracer: Tracer, { channel, span }: Transport, due: DueCommand): Span {
  const { command } = due;
  return tracer.begin({
    name: span?.name ?? command.type,
    kind: span?.kind ?? "internal",
    parent: due.trace,
    attributes: { ...span?.attributes, ...aboutCommand(channel, due), ...aboutMessage(due, span?.kind) },
  });
}

function aboutCommand(channel: string, { runId, flow, command }: DueCommand): SpanAttributes {
  return {
    ...aboutRun({ runId, flow: flow.name, flowVersion: flow.version }),
    "sluice.channel": channel,
    "sluice.command.type": command.type,
    "sluice.command.id": command.id,
    "sluice.command.attempt": command.attempt,
  };
}

function aboutMessage({ runId, command }: DueCommand, kind: string | undefined): SpanAttributes {
  return kind === "producer"
    ? { "messaging.message.id": command.id, "messaging.message.conversation_id": runId }
    : {};
}

function endAttempt(span: Span | null, settlement: Settlement | undefined): void {
  if (span === null) return;
  if (settlement !== undefined) span.set({ "sluice.settlement": settlement.type });
  if (settlement?.type === "failed") span.fail(settlement.error.code, settlement.error.message);
  span.end();
}

/**
 * Calls a transactional handler within a span. With the command of one run it is part of that run's trace; with those of several it is a trace
 * of its own that is linked to theirs.
 */
export async function traceCall(
  tracer: Tracer,
  group: readonly DueCommand[],
  call: () => Promise<Settled[]>,
): Promise<Settled[]> {
  if (!tracer.isOn) return call();
  const traces = group.flatMap(({ trace }) => trace ?? []);
  const [first] = group;
  if (first === undefined || traces.length === 0) return call();
  const { channel, type } = first.command;
  const isAlone = group.length === 1;
  const span = tracer.begin({
    name: type,
    kind: "internal",
    parent: isAlone ? first.trace : undefined,
    links: isAlone ? [] : traces,
    attributes: isAlone
      ? aboutCommand(channel, first)
      : { "sluice.channel": channel, "sluice.command.type": type, "sluice.commands": group.length },
  });
  try {
    const settled = await span.run(call);
    const failed = settled.flatMap(({ settlement }) =>
      settlement.type === "failed" ? settlement.error : [],
    );
    if (failed[0] !== undefined) span.fail(failed[0].code, failed[0].message);
    const { context } = span;
    return context === undefined ? settled : settled.map((each) => ({ ...each, trace: context }));
  } catch (error) {
    const { code, message } = toPlainError(error, "FLOW_HANDLER_FAILED");
    span.fail(code, message);
    throw error;
  } finally {
    span.end();
  }
}
