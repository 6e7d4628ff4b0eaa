/**
 * Spans for OpenTelemetry. Knows its API only: which SDK takes them, samples them and sends them away is the process's choice.
 * T1  Whoever decided about sampling is obeyed: a context that says "not sampled" is passed on as such, and costs no span.
 */
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  context,
  createTraceState,
  trace,
} from "@opentelemetry/api";
import type {
  Context,
  Span as ApiSpan,
  SpanContext,
  Tracer as ApiTracer,
  TracerProvider,
} from "@opentelemetry/api";
import { readTraceContext, traceIdOf } from "@sluice/contracts/broker-message";
import type { TraceContext } from "@sluice/contracts/broker-message";
import type { NewSpan, Span, SpanAttributes, SpanKind as Kind, Tracer } from "../core/ports.ts";

const SCOPE = "@sluice/engine";

const KINDS: Readonly<Record<Kind, SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

/**
 * A tracer for an engine, or a participant, whose process has set OpenTelemetry up.
 * @param provider @default the one that the process has registered
 * @see docs/decisions/0025-opentelemetry.md
 */
export function openTelemetryTracer(provider: TracerProvider = trace.getTracerProvider()): Tracer {
  const tracer = provider.getTracer(SCOPE);
  return {
    isOn: true,
    active: () => contextOf(trace.getSpanContext(context.active())),
    begin: (span) => beginSpan(tracer, span),
  };
}

function beginSpan(
  tracer: ApiTracer,
  { name, kind, parent, links = [], attributes = {}, agoMs = 0 }: NewSpan,
): Span {
  const above = parent === undefined ? ROOT_CONTEXT : within(parent);
  const span = tracer.startSpan(
    name,
    {
      kind: KINDS[kind],
      attributes,
      links: links.flatMap((link) => {
        const linked = spanContextOf(link);
        return linked === null ? [] : [{ context: linked }];
      }),
      ...(agoMs === 0 ? {} : { startTime: Date.now() - agoMs }),
    },
    above,
  );
  return new OpenTelemetrySpan(span, above);
}

class OpenTelemetrySpan implements Span {
  readonly context: TraceContext | undefined;
  readonly #span: ApiSpan;
  readonly #above: Context;

  constructor(span: ApiSpan, above: Context) {
    this.context = contextOf(span.spanContext());
    this.#span = span;
    this.#above = above;
  }

  set(attributes: SpanAttributes): void {
    this.#span.setAttributes(attributes);
  }

  fail(code: string, message: string): void {
    this.#span.setAttribute("error.type", code);
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message });
  }

  end(): void {
    this.#span.end();
  }

  run<T>(work: () => T): T {
    return context.with(trace.setSpan(this.#above, this.#span), work);
  }
}

function within(parent: TraceContext): Context {
  const found = spanContextOf(parent);
  return found === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, found);
}

/** What is read here may have come from anybody, and may have been stored for long. */
function spanContextOf({ traceparent, tracestate }: TraceContext): SpanContext | null {
  const read = readTraceContext(traceparent, tracestate);
  if (read === undefined) return null;
  return {
    traceId: traceIdOf(read),
    spanId: read.traceparent.slice(36, 52),
    traceFlags: Number.parseInt(read.traceparent.slice(53), 16) & TraceFlags.SAMPLED,
    isRemote: true,
    ...(read.tracestate === undefined ? {} : { traceState: createTraceState(read.tracestate) }),
  };
}

function contextOf(span: SpanContext | undefined): TraceContext | undefined {
  if (span === undefined || !trace.isSpanContextValid(span)) return undefined;
  const { traceId, spanId, traceFlags, traceState } = span;
  const tracestate = traceState?.serialize() ?? "";
  const flags = (traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, "0");
  return {
    traceparent: `00-${traceId}-${spanId}-${flags}`,
    ...(tracestate === "" ? {} : { tracestate }),
  };
}
