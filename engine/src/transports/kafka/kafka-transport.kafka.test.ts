import { describe } from "node:test";
import { testKafka, whyMissing } from "@sluice/host/stack-testing";
import { brokerContract } from "../../testing/broker-contract.ts";
import { openPlace } from "./fixtures/place.ts";
import { kafkaCommands } from "./kafka-commands.ts";
import { kafkaTransport } from "./kafka-transport.ts";

describe("over a real Kafka", { skip: await whyMissing("kafka") }, () => {
  brokerContract("Kafka", async (t, { bodyBytesMax }) => {
    const place = await openPlace(t, (await testKafka(t)).address);
    const { commandsTopic, eventsTopic, engine, service } = place;
    const limits = {
      messageBytesMax: bodyBytesMax,
      serviceDeadLetters: { contract: service.deadLettersTopic },
    };
    return {
      transport: () => kafkaTransport({ channel: "contract", commandsTopic, ...engine, ...limits }),
      source: () => kafkaCommands({ commandsTopic, ...service }),
      injectCommand: (message) => place.inject(commandsTopic, [message]),
      injectReply: (message) => place.inject(eventsTopic, [message]),
      deadCommands: () => place.dead(service.deadLettersTopic),
      deadReplies: () => place.dead(engine.deadLettersTopic),
    };
  });
});
