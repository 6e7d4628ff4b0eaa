import { describe, it } from "node:test";
import { testKafka, whyMissing } from "@sluice/host/stack-testing";
import { followGuide } from "./fixtures/follow-guide.ts";
import { assertRunEnds } from "./fixtures/run-guide.ts";

describe("the guide to Kafka", { skip: await whyMissing("kafka"), timeout: 120_000 }, () => {
  it("leads to a run that a service in another process carries out over Kafka", async (t) => {
    const { address } = await testKafka(t);
    const url = await followGuide(t, {
      page: "kafka.md",
      files: ["parcel.flow.ts", "app.ts", "depot.ts"],
      broker: ["127.0.0.1:9092", address],
    });
    await assertRunEnds(url, { flow: "parcel", outcome: "sent" });
  });
});
