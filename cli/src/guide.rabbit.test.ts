import { describe, it } from "node:test";
import { testRabbitmq, whyMissing } from "@sluice/host/stack-testing";
import { followGuide } from "./fixtures/follow-guide.ts";
import { assertRunEnds } from "./fixtures/run-guide.ts";

describe("the guide to RabbitMQ", { skip: await whyMissing("rabbitmq"), timeout: 120_000 }, () => {
  it("leads to a run that a service in another process carries out over RabbitMQ", async (t) => {
    const { address } = await testRabbitmq(t);
    const url = await followGuide(t, {
      page: "rabbitmq.md",
      files: ["letter.flow.ts", "app.ts", "print-shop.ts"],
      broker: ["127.0.0.1:5672", address],
      env: { RABBITMQ_URL: address },
    });
    await assertRunEnds(url, { flow: "letter", outcome: "posted" });
  });
});
