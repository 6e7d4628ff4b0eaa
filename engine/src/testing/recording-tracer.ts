/** A tracer that keeps what it is told, for tests: no SDK, no sampling, ids by counting. */
import { AsyncLocalStorage } from "node:async_hooks";
import { traceIdOf } from "@sluice/contracts/broker-message";
import type { TraceContext } from "@sluice/contracts/broker-message";
import type { NewSpan, Span, SpanAttributes, Tracer } from "../core/ports.ts";

export interface RecordedSpan {
  readonly name: string;
  readonly kind: string;
  readonly traceId: string;
  readonly context: TraceContext;
  readonly parent: TraceContext | undefined;
  readonly links: readonly TraceContext[];
  readonly attributes: SpanAttributes;
  /** The code of the error with which it failed. */
  readonly error: string | null;
}

export interface RecordingTracer extends Tracer {
  /** Those that have ended, in that order. */
  readonly spans: readonly RecordedSpan[];
}

export function recordingTracer(): RecordingTracer {
  const spans: RecordedSpan[] = [];
  const active = new AsyncLocalStorage<TraceContext>();
  let begun = 0;
  return {
    isOn: true,
    spans,
    active: () => active.getStore(),
    begin(span) {
      const number = ++begun;
      const traceId = span.parent === undefined ? digits(number, 32) : traceIdOf(span.parent);
      const context = { traceparent: `00-${traceId}-${digits(number, 16)}-01` };
      return record(span, context, active, (recorded) => void spans.push(recorded));
    },
  };
}

function record(
  { name, kind, parent, links = [], attributes = {} }: NewSpan,
  context: TraceContext,
  active: AsyncLocalStorage<TraceContext>,
  ended: (span: RecordedSpan) => void,
): Span {
  const told: Record<string, SpanAttributes[string]> = { ...attributes };
  let error: string | null = null;
  return {
    context,
    set: (more) => void Object.assign(told, more),
    fail: (code) => void (error = code),
    end: () =>
      ended({ name, kind, traceId: traceIdOf(context), context, parent, links, attributes: told, error }),
    run: (work) => active.run(context, work),
  };
}

/** Never all zeros, which would be none. */
function digits(number: number, length: number): string {
  return number.toString(16).padStart(length, "0");
}
