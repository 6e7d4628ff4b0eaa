import { describe, it } from "node:test";
import { testRabbitmq, whyMissing } from "@sluice/host/stack-testing";
import { buyWhileProcessesDie } from "./fixtures/buy-while-processes-die.ts";

/** Eight processes start slowly on a machine that does other things as well. */
const TEST_MS = 240_000;

describe("The shop across processes", { skip: await whyMissing("rabbitmq") }, () => {
  it(
    "keeps every acknowledged order and all laws while an engine and a service are killed under a crowd, as seen from outside too, over RabbitMQ",
    { timeout: TEST_MS },
    async (t) => {
      const { address } = await testRabbitmq(t);
      await buyWhileProcessesDie(t, { kind: "rabbitmq", url: address });
    },
  );
});
