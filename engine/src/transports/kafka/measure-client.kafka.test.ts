import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Admin } from "@platformatic/kafka";
import { testKafka, whyMissing } from "@sluice/host/stack-testing";
import { measureKafkaClient } from "./measure-client.ts";

describe("The measure of Kafka's client", { skip: await whyMissing("kafka") }, () => {
  it("counts what was written and read, and leaves no topic behind", async (t) => {
    const { address } = await testKafka(t);
    const rate = await measureKafkaClient({ brokers: [address], messages: 2_000 });
    assert.ok(rate.producedPerSecond > 0 && rate.consumedPerSecond > 0);
    const admin = new Admin({ clientId: "witness", bootstrapBrokers: [address] });
    t.after(() => admin.close());
    assert.deepEqual(
      (await admin.listTopics()).filter((topic) => topic.startsWith("sluice-rate-")),
      [],
    );
  });
});
