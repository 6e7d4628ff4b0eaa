import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { createHttpServer, resolveHttpOptions } from "@sluice/host/http";
import { SILENT_LOG, createLog } from "@sluice/host/log";
import { createMeter } from "@sluice/host/metrics";
import { measureBeforeScrape } from "./measure.ts";

async function scrape(
  t: TestContext,
  measure: (set: (value: number) => void) => Promise<void>,
): Promise<string> {
  const meter = createMeter({ processMetrics: false });
  const gauge = meter.gauge("test_depth", "A gauge.");
  const server = await createHttpServer({
    options: resolveHttpOptions({ port: 0 }, {}),
    log: createLog({ level: "silent" }),
    meter,
    info: { title: "test", version: "0" },
  });
  t.after(() => server.stop());
  measureBeforeScrape(server.app, () => measure((value) => gauge.set({}, value)), SILENT_LOG);
  await server.app.ready();
  return (await server.app.inject("/metrics")).body;
}

describe("measuring at a scrape", () => {
  it("brings gauges up to date before they are read", async (t) => {
    assert.match(await scrape(t, async (set) => set(42)), /^test_depth 42$/m);
  });

  it("answers with what is known when measuring fails", async (t) => {
    const failing = async () => {
      throw new Error("the database is away");
    };
    assert.match(await scrape(t, failing), /^test_depth 0$/m);
  });

  it("answers with what is known when measuring takes too long", async (t) => {
    assert.match(await scrape(t, () => new Promise(() => {})), /^test_depth 0$/m);
  });
});
