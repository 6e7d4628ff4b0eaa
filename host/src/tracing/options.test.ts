import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveTracingOptions } from "./options.ts";

test("nothing is traced where neither an exporter nor an endpoint is named, or all is disabled", () => {
  assert.equal(resolveTracingOptions({}, {}).exporter, "none");
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/" };
  assert.equal(resolveTracingOptions({}, { ...endpoint, OTEL_SDK_DISABLED: "true" }).exporter, "none");
  assert.equal(resolveTracingOptions({}, { ...endpoint, OTEL_TRACES_EXPORTER: "none" }).exporter, "none");
});

test("an endpoint switches tracing on; the one for traces is taken as it is", () => {
  const { exporter, url, sampler } = resolveTracingOptions(
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/" },
  );
  assert.deepEqual(
    [exporter, url, sampler],
    ["otlp", "http://collector:4318/v1/traces", "parentbased_always_on"],
  );
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://traces/take",
  };
  assert.equal(resolveTracingOptions({}, env).url, "https://traces/take");
  assert.equal(resolveTracingOptions({}, { OTEL_TRACES_EXPORTER: "otlp" }).url, undefined);
});

test("what is wrong in OpenTelemetry's variables is refused, all of it at once and by its name", () => {
  const env = {
    OTEL_TRACES_EXPORTER: "zipkin",
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    OTEL_TRACES_SAMPLER: "sometimes",
    OTEL_TRACES_SAMPLER_ARG: "1.5",
    OTEL_BSP_SCHEDULE_DELAY: "soon",
  };
  assert.throws(
    () => resolveTracingOptions({}, env),
    (error: Error) => {
      for (const variable of Object.keys(env)) assert.ok(error.message.includes(variable), error.message);
      return true;
    },
  );
});
