import assert from "node:assert/strict";
import { test } from "node:test";
import { readTraceContext, traceIdOf } from "./trace-context.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;

test("a trace context is read from its headers, of later versions what is known of them", () => {
  assert.deepEqual(readTraceContext(TRACEPARENT), { traceparent: TRACEPARENT });
  assert.deepEqual(readTraceContext(TRACEPARENT, "a=1,b=2"), {
    traceparent: TRACEPARENT,
    tracestate: "a=1,b=2",
  });
  assert.deepEqual(readTraceContext(`cc${TRACEPARENT.slice(2)}-more`), { traceparent: TRACEPARENT });
  assert.equal(traceIdOf({ traceparent: TRACEPARENT }), TRACE_ID);
});

test("a trace context that breaks its grammar is as none", () => {
  for (const wrong of [
    undefined,
    "",
    "nonsense",
    ["00", "11"],
    TRACEPARENT.toUpperCase(),
    `${TRACEPARENT}-more`,
    `${TRACEPARENT}\n`,
    `ff${TRACEPARENT.slice(2)}`,
    TRACEPARENT.replace(TRACE_ID, "0".repeat(32)),
    TRACEPARENT.replace("b7ad6b7169203331", "0".repeat(16)),
  ])
    assert.equal(readTraceContext(wrong), undefined, String(wrong));
});

test("a state of a trace that cannot be passed on is left out, and the trace goes on", () => {
  for (const wrong of ["", "a=\u0000", "ä=1", "a".repeat(513), 1])
    assert.deepEqual(readTraceContext(TRACEPARENT, wrong), { traceparent: TRACEPARENT });
});
