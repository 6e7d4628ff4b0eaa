import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { whyMissing } from "@sluice/host/stack-testing";
import { assertMeasured, measureQuickly } from "./fixtures/measure-quickly.ts";

describe("sluice bench transports over Kafka", { skip: await whyMissing("kafka") }, () => {
  it("measures flows over Kafka beside the engine alone and the client alone", async (t) => {
    const result = await measureQuickly(t, "kafka");
    assertMeasured(result, ["local", "kafka"]);
    const [client] = result.clients;
    assert.equal(client?.broker, "kafka");
    assert.ok(client.producedPerSecond > 0 && client.consumedPerSecond > 0 && client.throughPerSecond > 0);
  });
});
