import { describe } from "node:test";
import { testRabbitmq, whyMissing } from "@sluice/host/stack-testing";
import { brokerContract } from "../../testing/broker-contract.ts";
import { openPlace } from "./fixtures/place.ts";
import { rabbitmqCommands } from "./rabbitmq-commands.ts";
import { rabbitmqTransport } from "./rabbitmq-transport.ts";

describe("over a real RabbitMQ", { skip: await whyMissing("rabbitmq") }, () => {
  brokerContract("RabbitMQ", async (t, { bodyBytesMax }) => {
    // Whatever a failing test leaves open would go on connecting for ever.
    const own = <Side extends { stop?(): Promise<void> }>(side: Side): Side => {
      t.after(() => side.stop?.());
      return side;
    };
    const place = await openPlace(t, (await testRabbitmq(t)).address);
    const options = { channel: "contract", ...place.options, messageBytesMax: bodyBytesMax };
    return {
      transport: () => own(rabbitmqTransport(options)),
      source: () => own(rabbitmqCommands(place.options)),
      injectCommand: (message) => place.inject(place.names.commands, message),
      injectReply: place.injectReply,
      deadCommands: () => place.dead("commands"),
      deadReplies: () => place.dead("events"),
    };
  });
});
