import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { whyMissing } from "@sluice/host/stack-testing";
import { assertMeasured, measureQuickly } from "./fixtures/measure-quickly.ts";

describe("sluice bench transports over RabbitMQ", { skip: await whyMissing("rabbitmq") }, () => {
  it("measures flows over RabbitMQ beside the engine alone and the client alone", async (t) => {
    const result = await measureQuickly(t, "rabbitmq");
    assertMeasured(result, ["local", "rabbitmq"]);
    const [client] = result.clients;
    assert.equal(client?.broker, "rabbitmq");
    assert.ok(client.producedPerSecond > 0 && client.consumedPerSecond > 0 && client.throughPerSecond > 0);
  });
});
