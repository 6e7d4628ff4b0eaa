import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { testRabbitmq, whyMissing } from "@sluice/host/stack-testing";
import { rabbitmqctl } from "./fixtures/rabbitmqctl.ts";
import { measureRabbitmqClient } from "./measure-client.ts";

describe("The measure of RabbitMQ's client", { skip: await whyMissing("rabbitmq") }, () => {
  it("counts what was published and taken, and leaves no queue behind", async (t) => {
    const server = await testRabbitmq(t);
    const rate = await measureRabbitmqClient({ url: server.address, messages: 2_000 });
    assert.ok(rate.producedPerSecond > 0 && rate.consumedPerSecond > 0);
    const queues = await rabbitmqctl(server, ["-q", "list_queues", "name"]);
    assert.doesNotMatch(queues, /sluice-rate-/);
  });
});
