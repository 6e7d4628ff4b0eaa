import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeReply } from "@sluice/contracts/broker-message";
import type { ReplyMessage } from "@sluice/contracts/envelope";
import { testRabbitmq, whyMissing } from "@sluice/host/stack-testing";
import { newCommand } from "./fixtures/commands.ts";
import { openPlace } from "./fixtures/place.ts";
import { until } from "../../testing/until.ts";
import { openRabbitmqReplies } from "./rabbitmq-replies.ts";
import { rabbitmqTransport } from "./rabbitmq-transport.ts";

describe("what a service says later over RabbitMQ", { skip: await whyMissing("rabbitmq") }, () => {
  it("comes to the engine in the order in which it was said to a run", async (t) => {
    const { options } = await openPlace(t, (await testRabbitmq(t)).address);
    const taken: ReplyMessage[] = [];
    const transport = rabbitmqTransport({ channel: "echo", ...options });
    t.after(() => transport.stop?.());
    await transport.start?.(async (reply) => {
      taken.push(reply);
      return { outcome: "taken" };
    });
    const replies = await openRabbitmqReplies(options);
    t.after(() => replies.close());
    const { runId, commandId, attempt } = newCommand();
    const said: ReplyMessage[] = [
      { kind: "event", runId, event: { id: "e1", type: "Begun", data: {} } },
      { kind: "answer", runId, commandId, attempt, event: { type: "Echoed", data: {} } },
      { kind: "event", runId, event: { id: "e2", type: "Ended", data: {} } },
    ];
    for (const reply of said) await replies.send(encodeReply(reply));
    await until("all have come", () => taken.length === said.length);
    assert.deepEqual(taken, said);
    assert.equal(replies.health(), true);
  });

  it("is refused where no engine has made its queue", async (t) => {
    const { options } = await openPlace(t, (await testRabbitmq(t)).address);
    const replies = await openRabbitmqReplies({ ...options, service: `${options.service}-nobody` });
    t.after(() => replies.close());
    const { runId } = newCommand();
    const event = { id: "e1", type: "Begun", data: {} };
    await assert.rejects(replies.send(encodeReply({ kind: "event", runId, event })), {
      code: "FLOW_BROKER_MISMATCH",
    });
  });
});
