import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { testDataDirectory } from "@sluice/host/postgres-testing";
import { findFreePort } from "./free-port.ts";
import { openTraceCollector } from "../fixtures/trace-collector.ts";
import { until } from "../fixtures/until.ts";
import { startUp, urlOf } from "../fixtures/up-process.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

/** Both requests name the trace of their caller. */
async function sendParcel(url: string): Promise<void> {
  const post = async (path: string, body: unknown): Promise<{ readonly runId: string }> => {
    const answer = await fetch(url + path, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01`,
      },
      body: JSON.stringify(body),
    });
    assert.ok(answer.ok, await answer.clone().text());
    return (await answer.json()) as { runId: string };
  };
  const { runId } = await post("/v1/flows/parcel/runs", { data: { address: "Elm 1" } });
  await post(`/v1/runs/${runId}/events`, { type: "Paid", data: {} });
  await until("the parcel is shipped", async () => {
    const run = (await (await fetch(`${url}/v1/runs/${runId}`)).json()) as { outcome: string | null };
    return run.outcome === "shipped";
  });
}

describe("processes that are told of a collector", () => {
  it("export one trace from the request over commands and services to the final state, and the rest of it at their stop", async (t) => {
    const collector = await openTraceCollector(t);
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    const carrier = startUp(t, { command: ["service", "carrier"], args: [], env });
    const { service = "" } = await carrier.ready();
    const up = startUp(t, {
      args: ["--data-dir", testDataDirectory(t)],
      env: { ...env, OTEL_SERVICE_NAME: "post-office", PARCELS_CARRIER_URL: service },
    });
    await sendParcel(urlOf(await up.ready()));
    for (const each of [up, carrier]) {
      each.signal("SIGTERM");
      assert.equal(await each.ended, 0);
    }
    const ours = collector.spans.filter(({ traceId }) => traceId === TRACE_ID);
    assert.deepEqual(ours.map(({ service: from, name }) => `${from}: ${name}`).toSorted(), [
      "carrier: POST /commands",
      "carrier: process ShipParcel",
      "post-office: POST",
      "post-office: POST /v1/flows/:flow/runs",
      "post-office: POST /v1/runs/:id/events",
      "post-office: PackParcel",
      "post-office: parcel ordered → paid",
      "post-office: parcel packed → shipped",
      "post-office: parcel paid → packed",
      "post-office: parcel start → ordered",
      "post-office: run parcel",
    ]);
    const above = (name: string): string | undefined => {
      const { parentId } = ours.find((each) => each.name === name) ?? {};
      return ours.find(({ spanId }) => spanId === parentId)?.name;
    };
    assert.equal(above("parcel start → ordered"), "POST /v1/flows/:flow/runs");
    assert.equal(above("process ShipParcel"), "POST /commands");
    assert.equal(above("POST /commands"), "POST");
    assert.equal(above("POST"), "parcel paid → packed");
    assert.equal(above("parcel packed → shipped"), "POST");
  });

  it("work on without it, say so once, and stop in good order", async (t) => {
    const port = await findFreePort("127.0.0.1");
    const up = startUp(t, {
      args: ["--data-dir", testDataDirectory(t)],
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
        OTEL_EXPORTER_OTLP_TIMEOUT: "200",
        OTEL_BSP_SCHEDULE_DELAY: "10",
      },
    });
    const url = urlOf(await up.ready());
    const told = () => up.output.stdout.split("spans cannot be exported").length - 1;
    await sendParcel(url);
    await until("the log says so", () => told() > 0);
    await sendParcel(url);
    up.signal("SIGTERM");
    assert.equal(await up.ended, 0);
    assert.equal(told(), 1);
  });

  it("refuse a protocol and a sampler that they do not know, before anything is started", async (t) => {
    const up = startUp(t, {
      args: ["--data-dir", testDataDirectory(t)],
      env: { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_TRACES_SAMPLER: "sometimes" },
    });
    assert.equal(await up.ended, 2);
    assert.match(up.output.stderr, /OTEL_EXPORTER_OTLP_PROTOCOL/);
    assert.match(up.output.stderr, /OTEL_TRACES_SAMPLER/);
  });
});
