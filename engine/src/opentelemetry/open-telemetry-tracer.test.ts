import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SpanKind, SpanStatusCode, context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { openTelemetryTracer } from "./open-telemetry-tracer.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID = "b7ad6b7169203331";
const PARENT = { traceparent: `00-${TRACE_ID}-${SPAN_ID}-01`, tracestate: "a=1" };

function open(t: TestContext) {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  t.after(() => {
    context.disable();
    return provider.shutdown();
  });
  return { tracer: openTelemetryTracer(provider), ended: () => exporter.getFinishedSpans() };
}

test("a span becomes one of OpenTelemetry's, as a part of what it names and linked with the rest", (t) => {
  const { tracer, ended } = open(t);
  const link = { traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01` };
  const broken = { traceparent: "broken" };
  const span = tracer.begin({
    name: "send mail",
    kind: "producer",
    parent: PARENT,
    links: [link, broken],
    attributes: { "sluice.flow": "parcel", "sluice.run.parked": undefined },
    agoMs: 1_000,
  });
  span.set({ "sluice.settlement": "failed" });
  span.fail("MAIL_AWAY", "the post office is closed");
  span.end();
  const [found] = ended();
  assert.deepEqual(
    [found?.name, found?.kind, found?.parentSpanContext?.spanId, found?.links.length],
    ["send mail", SpanKind.PRODUCER, SPAN_ID, 1],
  );
  assert.deepEqual(found?.attributes, {
    "sluice.flow": "parcel",
    "sluice.settlement": "failed",
    "error.type": "MAIL_AWAY",
  });
  assert.deepEqual(found?.status, { code: SpanStatusCode.ERROR, message: "the post office is closed" });
  const [seconds, nanos] = found?.duration ?? [0, 0];
  assert.ok(seconds * 1_000 + nanos / 1e6 >= 999, `${seconds} s ${nanos} ns`);
});

test("what follows from a span is told its trace and its state", (t) => {
  const { tracer } = open(t);
  const { context: told } = tracer.begin({ name: "one", kind: "internal", parent: PARENT });
  assert.match(told?.traceparent ?? "", new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-01$`));
  assert.equal(told?.tracestate, "a=1");
});

test("a parent that cannot be read is as none", (t) => {
  const { tracer, ended } = open(t);
  tracer.begin({ name: "one", kind: "internal", parent: { traceparent: "00-nonsense" } }).end();
  assert.equal(ended()[0]?.parentSpanContext, undefined);
});

test("a trace that is not sampled makes no spans, and whoever follows is told so", (t) => {
  const { tracer, ended } = open(t);
  const parent = { traceparent: `00-${TRACE_ID}-${SPAN_ID}-00` };
  const span = tracer.begin({ name: "one", kind: "internal", parent });
  const next = tracer.begin({ name: "two", kind: "internal", parent: span.context });
  next.end();
  span.end();
  assert.deepEqual(ended(), []);
  assert.match(next.context?.traceparent ?? "", new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-00$`));
});

test("what runs within a span finds it, across what it awaits", async (t) => {
  const { tracer } = open(t);
  assert.equal(tracer.active(), undefined);
  const span = tracer.begin({ name: "one", kind: "internal" });
  const found = await span.run(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return tracer.active();
  });
  assert.deepEqual(found, span.context);
  assert.equal(tracer.active(), undefined);
});
