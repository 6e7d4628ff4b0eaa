import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { Admin } from "@platformatic/kafka";
import { encodeReply } from "@sluice/contracts/broker-message";
import type { CommandMessage, ReplyMessage } from "@sluice/contracts/envelope";
import { testKafka, whyMissing } from "@sluice/host/stack-testing";
import type { TakeReply } from "../../core/ports.ts";
import { openPlace } from "./fixtures/place.ts";
import type { Place } from "./fixtures/place.ts";
import { until } from "../../testing/until.ts";
import { kafkaCommands } from "./kafka-commands.ts";
import { kafkaTransport, kafkaTransports } from "./kafka-transport.ts";
import type { KafkaMessage } from "./record.ts";

const RUN_ID = "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57";
const SIGNAL = new AbortController().signal;

async function open(t: TestContext): Promise<Place> {
  return openPlace(t, (await testKafka(t)).address);
}

function commandOf(number: number, data: object = {}): CommandMessage {
  const commandId = `${RUN_ID}:${number}:0`;
  return {
    commandId,
    type: "Pack",
    runId: RUN_ID,
    flow: "parcel",
    flowVersion: 1,
    attempt: 1,
    data: { ...data },
  };
}

function recorder(): { readonly replies: ReplyMessage[]; readonly take: TakeReply } {
  const replies: ReplyMessage[] = [];
  return {
    replies,
    take: async (reply) => {
      replies.push(reply);
      return { outcome: "taken" };
    },
  };
}

async function membersOf({ engine }: Place): Promise<number> {
  const admin = new Admin({ clientId: "witness", bootstrapBrokers: [...engine.brokers] });
  try {
    const groups = await admin.describeGroups({ groups: [engine.groupId] });
    return groups.get(engine.groupId)?.members.size ?? 0;
  } finally {
    await admin.close();
  }
}

const commandIdOf = ({ value }: KafkaMessage) => (JSON.parse(String(value)) as CommandMessage).commandId;

describe("Transports over one connection to Kafka", { skip: await whyMissing("kafka") }, () => {
  it("share a member of the group, send each to its own topic, and are open until the last one stops", async (t) => {
    const place = await open(t);
    const mailTopic = `${place.commandsTopic}-mail`;
    const channels = { depot: place.commandsTopic, mail: mailTopic };
    const [depot, mail] = kafkaTransports({ ...place.engine, channels });
    assert.ok(depot !== undefined && mail !== undefined);
    const { replies, take } = recorder();
    for (const transport of [depot, mail]) await transport.start?.(take);
    assert.equal(await membersOf(place), 1);
    const [first, second] = [commandOf(1), commandOf(2)];
    await Promise.all([depot.send([first], SIGNAL), mail.send([second], SIGNAL)]);
    assert.deepEqual((await place.read(place.commandsTopic)).map(commandIdOf), [first.commandId]);
    assert.deepEqual((await place.read(mailTopic)).map(commandIdOf), [second.commandId]);
    await depot.stop?.();
    assert.deepEqual(await mail.send([commandOf(3)], SIGNAL), [{ type: "delivered" }]);
    const event = { id: "e-1", type: "Told", data: {} };
    const told = encodeReply({ kind: "event", runId: RUN_ID, event });
    await place.inject(place.eventsTopic, [{ ...told, body: Buffer.from(told.body) }]);
    await until("it is still read", () => replies.length === 1);
    await mail.stop?.();
    await until("the group is empty", async () => (await membersOf(place)) === 0);
    const [late] = await mail.send([commandOf(4)], SIGNAL);
    assert.ok(late?.type === "failed" && late.error.code === "FLOW_STOPPING");
  });

  it("settle a command that is too large as refused for good, and deliver those beside it", async (t) => {
    const place = await open(t);
    const { commandsTopic, engine } = place;
    const transport = kafkaTransport({ channel: "depot", commandsTopic, ...engine, messageBytesMax: 10_000 });
    await transport.start?.(recorder().take);
    const settled = await transport.send(
      [commandOf(1), commandOf(2, { text: "x".repeat(20_000) }), commandOf(3)],
      SIGNAL,
    );
    assert.deepEqual(
      settled.map((each) => (each.type === "failed" ? `${each.error.code} ${each.error.kind}` : each.type)),
      ["delivered", "FLOW_COMMAND_REFUSED invalid", "delivered"],
    );
    assert.ok(settled.every((each) => each.type !== "failed" || !("stack" in each.error)));
    await transport.stop?.();
  });

  it("let a command wait that is sent before they are started", async (t) => {
    const place = await open(t);
    const transport = kafkaTransport({
      channel: "depot",
      commandsTopic: place.commandsTopic,
      ...place.engine,
    });
    const sent = transport.send([commandOf(1)], SIGNAL);
    await transport.start?.(recorder().take);
    assert.deepEqual(await sent, [{ type: "delivered" }]);
    await transport.stop?.();
  });

  it("take the place of an event for its id where that is wished for", async (t) => {
    const place = await open(t);
    const { commandsTopic, engine, eventsTopic } = place;
    const transport = kafkaTransport({ channel: "depot", commandsTopic, ...engine, eventIds: "place" });
    const { replies, take } = recorder();
    await transport.start?.(take);
    const body = Buffer.from('{"type":"Told","data":{}}');
    const named = { "sluice-event-id": "its own" };
    await place.inject(eventsTopic, [
      { key: RUN_ID, headers: {}, body },
      { key: RUN_ID, headers: named, body },
    ]);
    await until("both have come", () => replies.length === 2);
    const [{ partition, offset } = { partition: -1, offset: -1n }] = await place.read(eventsTopic);
    assert.deepEqual(
      replies.map((reply) => reply.kind === "event" && reply.event.id),
      [`${eventsTopic}:${partition}:${offset}`, "its own"],
    );
    await transport.stop?.();
  });

  it("hear of an answer that is too large as a failure, since they wait for one", async (t) => {
    const place = await open(t);
    const { commandsTopic, engine, service } = place;
    const transport = kafkaTransport({ channel: "depot", commandsTopic, ...engine });
    const { replies, take } = recorder();
    await transport.start?.(take);
    const source = kafkaCommands({ commandsTopic, ...service, messageBytesMax: 10_000 });
    const { runId, commandId, attempt } = commandOf(1);
    const event = { type: "Packed", data: "x".repeat(20_000) };
    await source.start(async () => ({
      type: "reply",
      message: encodeReply({ kind: "answer", runId, commandId, attempt, event }),
    }));
    await transport.send([commandOf(1)], SIGNAL);
    await until("it is told", () => replies.length === 1);
    const [reply] = replies;
    assert.ok(reply?.kind === "failure");
    assert.deepEqual(
      [reply.commandId, reply.error.code, reply.error.kind],
      [commandId, "FLOW_BAD_ANSWER", "bug"],
    );
    assert.equal(source.health(), true);
    await Promise.all([transport.stop?.(), source.stop()]);
  });
});
