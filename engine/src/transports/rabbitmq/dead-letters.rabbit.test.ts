import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { connect } from "amqplib";
import { BROKER_HEADERS, encodeCommand } from "@sluice/contracts/broker-message";
import type { CommandMessage } from "@sluice/contracts/envelope";
import { testRabbitmq, whyMissing } from "@sluice/host/stack-testing";
import { rabbitmqDeadLetters } from "./dead-letters.ts";
import { newCommand } from "./fixtures/commands.ts";
import { EVENT_QUEUES, openPlace } from "./fixtures/place.ts";
import type { Place } from "./fixtures/place.ts";
import { until } from "../../testing/until.ts";
import { eventQueueOf, queuesOf } from "./queue-names.ts";
import { rabbitmqCommands } from "./rabbitmq-commands.ts";
import { rabbitmqTransport } from "./rabbitmq-transport.ts";

function inject(place: Place, command: CommandMessage, headers: object = {}): Promise<void> {
  const message = encodeCommand(command);
  return place.inject(place.names.commands, {
    key: message.key,
    headers: { ...message.headers, ...headers },
    body: Buffer.from(message.body),
  });
}

/** A command whose run has that event queue. */
function commandIn(number: number, eventQueues: number): CommandMessage {
  const names = queuesOf("any", eventQueues);
  for (;;) {
    const command = newCommand();
    if (eventQueueOf(names, command.runId) === names.events[number]) return command;
  }
}

/** As long a text as AMQP has names; what stands for it on the wire is no UTF-8. */
const RUBBISH = "~".repeat(90);

/** Publishes past what the client can: it writes texts as UTF-8 only. */
async function injectRubbish({ options }: Place, queue: string, properties: object): Promise<void> {
  const connection = await connect(options.url);
  const { stream } = (connection as unknown as { connection: { stream: Socket } }).connection;
  const write = stream.write.bind(stream) as (bytes: Uint8Array, ...others: unknown[]) => boolean;
  stream.write = (bytes: Uint8Array, ...others: unknown[]) =>
    write(
      bytes.map((byte) => (byte === 0x7e ? 0xff : byte)),
      ...others,
    );
  const channel = await connection.createConfirmChannel();
  channel.sendToQueue(queue, Buffer.from("rubbish"), properties);
  await channel.waitForConfirms();
  await connection.close();
}

describe("the dead letters of a service over RabbitMQ", { skip: await whyMissing("rabbitmq") }, () => {
  it("are shown as they came, by reason and category, and stay where they are and in their order", async (t) => {
    const place = await openPlace(t, (await testRabbitmq(t)).address);
    const source = rabbitmqCommands(place.options);
    await source.start(async ({ headers }) => ({
      type: "dead",
      reason: headers["x-reason"] ?? "not-json",
      error: "as the test wants it",
    }));
    t.after(() => source.stop());
    const commands = ["not-json", "FLOW_BAD_DATA", "sold-out", "not-json"].map((reason) => ({
      reason,
      command: newCommand({ text: "ä" }),
    }));
    const letters = rabbitmqDeadLetters(place.options);
    for (const [at, { reason, command }] of commands.entries()) {
      await inject(place, command, { "x-reason": reason });
      await until("it is a dead letter", async () => (await letters.list()).total === at + 1);
    }
    const { items, counts, total, isWhole } = await letters.list();
    assert.deepEqual(
      items.map(({ reason, category, commandId }) => [reason, category, commandId]),
      commands.map(({ reason, command }, at) => [
        reason,
        ["unreadable", "refused", "other", "unreadable"][at],
        command.commandId,
      ]),
    );
    assert.deepEqual(
      counts.map(({ reason, count }) => [reason, count]),
      [
        ["not-json", 2],
        ["FLOW_BAD_DATA", 1],
        ["sold-out", 1],
      ],
    );
    assert.deepEqual([total, isWhole], [4, true]);
    const [first] = items;
    assert.ok(first !== undefined);
    assert.deepEqual(JSON.parse(first.body), commands[0]?.command);
    assert.equal(first.origin, place.names.commands);
    assert.equal(first.error, "as the test wants it");
    assert.ok(Math.abs(Date.parse(first.diedAt ?? "") - Date.now()) < 60_000);
    assert.deepEqual(
      [first.headers["content-type"], first.headers["sluice-dead-reason"]],
      ["application/json", undefined],
    );
    assert.deepEqual(await letters.list({ limit: 1 }), { items: [first], counts, total, isWhole });
    assert.deepEqual((await letters.list({ category: "refused" })).items, items.slice(1, 2));
    await assert.rejects(letters.list({ limit: 0 }), { code: "FLOW_BAD_QUERY" });
  });

  it("go back to where they were read as the messages they were, one, some or all", async (t) => {
    const place = await openPlace(t, (await testRabbitmq(t)).address);
    const taken: CommandMessage[] = [];
    let isGood = false;
    const source = rabbitmqCommands(place.options);
    await source.start(async ({ body, headers }) => {
      if (!isGood) return { type: "dead", reason: "sold-out", error: "nothing left" };
      assert.deepEqual(
        Object.keys(headers).filter((name) => name.startsWith("sluice-dead")),
        [],
      );
      taken.push(JSON.parse(Buffer.from(body).toString()) as CommandMessage);
      return { type: "none" };
    });
    t.after(() => source.stop());
    const commands = Array.from({ length: 4 }, () => newCommand());
    for (const command of commands) await inject(place, command);
    const letters = rabbitmqDeadLetters(place.options);
    await until("all are dead letters", async () => (await letters.list()).total === 4);
    isGood = true;
    const [first, ...others] = (await letters.list()).items;
    assert.ok(first !== undefined);
    assert.deepEqual(await letters.redrive({ ids: [first.id] }), { done: [first.id], failed: [] });
    await until("it has come", () => taken.length === 1);
    assert.equal(taken[0]?.commandId, first.commandId);
    assert.deepEqual((await letters.list()).items, others);
    const { done } = await letters.discard({ runId: others[0]?.runId ?? "" });
    assert.deepEqual(done, [others[0]?.id]);
    assert.equal((await letters.redrive({ reason: "sold-out" })).done.length, 2);
    await until("the others have come", () => taken.length === 3);
    assert.equal((await letters.list()).total, 0);
  });

  it("stay in their order though only some of them are counted, discarded or sent back", async (t) => {
    const place = await openPlace(t, (await testRabbitmq(t)).address);
    const source = rabbitmqCommands(place.options);
    await source.start(async () => ({ type: "dead", reason: "sold-out", error: "nothing left" }));
    const letters = rabbitmqDeadLetters(place.options);
    for (const total of [1, 2, 3, 4, 5]) {
      await inject(place, newCommand());
      await until("it is a dead letter", async () => (await letters.count()) === total);
    }
    await source.stop();
    const [first, second, third, ...others] = (await letters.list()).items;
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    assert.equal(await letters.count(), 5);
    assert.deepEqual((await letters.list()).items, [first, second, third, ...others]);
    assert.deepEqual((await letters.discard({ ids: [second.id], limit: 1 })).done, [second.id]);
    assert.deepEqual((await letters.list()).items, [first, third, ...others]);
    assert.deepEqual((await letters.redrive({ limit: 1 })).done, [first.id]);
    assert.deepEqual((await letters.list()).items, [third, ...others]);
  });

  it("hold a command that is carried out and has no queue for its answer; redriven, it is answered", async (t) => {
    const place = await openPlace(t, (await testRabbitmq(t)).address);
    const wider = { ...place.options, eventQueues: EVENT_QUEUES + 1 };
    const command = commandIn(EVENT_QUEUES, wider.eventQueues);
    const source = rabbitmqCommands(wider);
    // No event, so that the engine buries it: that shows that it has come.
    await source.start(async () => ({
      type: "reply",
      message: { key: command.runId, headers: { "sluice-run-id": command.runId }, body: "{}" },
    }));
    t.after(() => source.stop());
    await inject(place, command);
    const letters = rabbitmqDeadLetters(place.options);
    await until("it is a dead letter", async () => (await letters.list()).total === 1);
    const [letter] = (await letters.list()).items;
    assert.deepEqual([letter?.category, letter?.reason], ["unanswerable", "no-reply-queue"]);
    const transport = rabbitmqTransport({ channel: "echo", ...wider });
    await transport.start?.(async () => ({ outcome: "taken" }));
    t.after(() => transport.stop?.());
    await letters.redrive({ ids: [letter?.id ?? ""] });
    await until(
      "its answer has come",
      async () => (await letters.list({ category: "unreadable" })).items.length === 1,
    );
  });

  it("hold a command that everybody lets go of, after deliveriesMax", async (t) => {
    const place = await openPlace(t, (await testRabbitmq(t)).address, { deliveriesMax: 2 });
    const source = rabbitmqCommands(place.options);
    let deliveries = 0;
    await source.start(async () => {
      deliveries++;
      throw new Error("not me");
    });
    t.after(() => source.stop());
    await inject(place, newCommand());
    const letters = rabbitmqDeadLetters(place.options);
    await until("it is a dead letter", async () => (await letters.list()).total === 1);
    const [letter] = (await letters.list()).items;
    assert.deepEqual(
      [letter?.category, letter?.reason, letter?.origin],
      ["exhausted", "deliveries-exhausted", place.names.commands],
    );
    assert.equal(deliveries, 3);
  });

  it("hold rubbish that AMQP cannot carry again, of both sides, and what comes behind it is served", async (t) => {
    const place = await openPlace(t, (await testRabbitmq(t)).address);
    const transport = rabbitmqTransport({ channel: "echo", ...place.options });
    await transport.start?.(async () => ({ outcome: "taken" }));
    t.after(() => transport.stop?.());
    const source = rabbitmqCommands(place.options);
    let served = 0;
    await source.start(async ({ headers }) => {
      if (headers[BROKER_HEADERS.runId] === undefined) return { type: "dead", reason: "not-json", error: "" };
      served++;
      return { type: "none" };
    });
    t.after(() => source.stop());
    const rubbish = [
      { headers: { [RUBBISH]: "any" } },
      { contentType: RUBBISH, type: RUBBISH, appId: RUBBISH, correlationId: RUBBISH, replyTo: RUBBISH },
      // The client reads it, and cannot write it.
      { headers: { odd: { "!": "double", value: -1e300 } } },
    ];
    const queues = [place.names.commands, place.names.events[0] ?? ""];
    for (const queue of queues)
      for (const properties of rubbish) await injectRubbish(place, queue, properties);
    await inject(place, newCommand());
    const letters = rabbitmqDeadLetters(place.options);
    await until("all of it is dead letters", async () => (await letters.count()) === 6);
    await until("what came behind it is served", () => served === 1);
    const { items } = await letters.list();
    for (const queue of queues)
      assert.deepEqual(
        items
          .filter(({ origin }) => origin === queue)
          .map(({ category, body, headers }) => [category, body, headers]),
        rubbish.map(() => ["unreadable", "rubbish", {}]),
      );
    assert.equal(transport.health?.(), true);
  });

  it("hold a command whose answer is to go where no queue can be; redriven, it is answered", async (t) => {
    const place = await openPlace(t, (await testRabbitmq(t)).address);
    const source = rabbitmqCommands(place.options);
    const { runId } = newCommand();
    // No event, so that the engine buries it: that shows that it has come.
    await source.start(async () => ({
      type: "reply",
      message: { key: runId, headers: { "sluice-run-id": runId }, body: "{}" },
    }));
    t.after(() => source.stop());
    await injectRubbish(place, place.names.commands, { replyTo: RUBBISH });
    const letters = rabbitmqDeadLetters(place.options);
    await until("it is a dead letter", async () => (await letters.count()) === 1);
    const [letter] = (await letters.list()).items;
    assert.deepEqual([letter?.category, letter?.reason], ["unanswerable", "no-reply-queue"]);
    const transport = rabbitmqTransport({ channel: "echo", ...place.options });
    await transport.start?.(async () => ({ outcome: "taken" }));
    t.after(() => transport.stop?.());
    await letters.redrive({ ids: [letter?.id ?? ""] });
    await until(
      "its answer has come",
      async () => (await letters.list({ category: "unreadable" })).items.length === 1,
    );
  });
});
