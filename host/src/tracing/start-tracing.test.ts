import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { trace } from "@opentelemetry/api";
import type { LogFields } from "../log.ts";
import { resolveTracingOptions } from "./options.ts";
import { startTracing } from "./start-tracing.ts";
import type { Tracing } from "./start-tracing.ts";

async function openCollector(
  t: TestContext,
): Promise<{ url: string; posts: string[]; answer: { code: number } }> {
  const posts: string[] = [];
  const answer = { code: 200 };
  const server = createServer((request, response) => {
    posts.push(request.url ?? "");
    request.resume().on("end", () => response.writeHead(answer.code).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, posts, answer };
}

interface Told {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

async function start(
  env: Readonly<Record<string, string>>,
): Promise<{ tracing: Tracing | null; told: Told[] }> {
  const told: Told[] = [];
  const at = (level: string) => (fields: LogFields, message: string) =>
    void told.push({ level, message, fields });
  const log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  const options = resolveTracingOptions({}, { OTEL_BSP_SCHEDULE_DELAY: "5", ...env });
  const tracing = await startTracing({ options, service: { name: "test", version: "1" }, log });
  return { tracing, told };
}

function makeSpan(): void {
  trace.getTracer("test").startSpan("a span").end();
}

async function until(condition: () => boolean): Promise<void> {
  const untilMs = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < untilMs, "within 10 s");
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
}

test("what is off sets nothing up", async () => {
  const { tracing } = await start({});
  assert.equal(tracing, null);
  assert.equal(trace.getTracer("test").startSpan("a span").isRecording(), false);
});

test("spans of the process reach the collector, the last of them at the stop", async (t) => {
  const { url, posts } = await openCollector(t);
  const { tracing, told } = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_BSP_SCHEDULE_DELAY: "60000",
  });
  makeSpan();
  await tracing?.stop();
  assert.deepEqual([posts, told], [["/v1/traces"], []]);
  assert.equal(trace.getTracer("test").startSpan("a span").isRecording(), false);
});

test("a collector that refuses spans is told of once, and once more when it takes them again", async (t) => {
  const { url, posts, answer } = await openCollector(t);
  const { tracing, told } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
  answer.code = 400;
  for (const count of [1, 2, 3]) {
    makeSpan();
    await until(() => posts.length === count);
  }
  answer.code = 200;
  makeSpan();
  await until(() => told.length === 2);
  assert.deepEqual(
    told.map(({ level, message }) => `${level}: ${message.slice(0, 25)}`),
    ["warn: spans cannot be exported ", "info: spans are exported again"],
  );
  assert.equal(told[1]?.fields["lost"], 3);
  await tracing?.stop();
});

test("a collector that hangs holds a stop up for three seconds and no longer", async (t) => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { tracing, told } = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_BSP_SCHEDULE_DELAY: "60000",
  });
  makeSpan();
  const beganMs = performance.now();
  await tracing?.stop();
  assert.ok(performance.now() - beganMs < 6_000);
  assert.deepEqual(
    told.map(({ level }) => level),
    ["warn"],
  );
});
