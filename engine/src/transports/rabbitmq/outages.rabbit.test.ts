import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { execPath } from "node:process";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { connect } from "amqplib";
import { encodeCommand, encodeReply } from "@sluice/contracts/broker-message";
import type { CommandMessage, ReplyMessage } from "@sluice/contracts/envelope";
import { testRabbitmq, whyMissing } from "@sluice/host/stack-testing";
import type { Server } from "@sluice/host/stack-testing";
import type { TakeReply, Transport } from "../../core/ports.ts";
import type { CommandSource } from "../../participant/command-source.ts";
import { memoryInbox } from "../../participant/inbox.ts";
import { serveCommands } from "../../participant/serve-commands.ts";
import { newCommand } from "./fixtures/commands.ts";
import { openPlace } from "./fixtures/place.ts";
import type { Place } from "./fixtures/place.ts";
import { knowsForGood, rabbitmqctl, setMemoryAlarm } from "./fixtures/rabbitmqctl.ts";
import { until } from "../../testing/until.ts";
import { rabbitmqCommands } from "./rabbitmq-commands.ts";
import { rabbitmqTransport } from "./rabbitmq-transport.ts";

const IGNORED = new AbortController().signal;

/** An engine reduced to its transport: it sends until told that a command is delivered, and notes what is answered. */
async function openTransport(t: TestContext, place: Place, options: { attemptMs?: number } = {}) {
  const answered = new Map<string, number>();
  const take: TakeReply = async (reply) => {
    const id = commandIdOf(reply);
    answered.set(id, (answered.get(id) ?? 0) + 1);
    return { outcome: "taken" };
  };
  const transport = rabbitmqTransport({ channel: "echo", ...place.options, ...options });
  await transport.start?.(take);
  t.after(() => transport.stop?.());
  return { transport, answered };
}

function commandIdOf(reply: ReplyMessage): string {
  return reply.kind === "event" ? reply.event.id : reply.commandId;
}

/** As the relay of an engine does: an attempt that failed is followed by another, under the same id. */
async function sendAll(transport: Transport, commands: readonly CommandMessage[]): Promise<void> {
  let left = commands;
  while (left.length > 0) {
    const settled = await transport.send(left, IGNORED);
    left = left.filter((_, at) => settled[at]?.type !== "delivered");
  }
}

function untilKnown(rabbitmq: Server, { names }: Place): Promise<void> {
  const queues = [names.commands, ...names.events, names.deadLetters];
  return until("the queues outlive a kill", () => knowsForGood(rabbitmq, queues));
}

/** A service whose handler counts its effects. */
async function serveEcho(t: TestContext, source: CommandSource) {
  const effects: string[] = [];
  const server = await serveCommands({
    source,
    inbox: memoryInbox({ answersMax: 100_000 }),
    handlers: {
      Echo: async ({ commandId }: CommandMessage) => {
        effects.push(commandId);
        return { type: "Echoed", data: {} };
      },
    },
  });
  t.after(() => server.stop());
  return { server, effects };
}

describe("RabbitMQ's outages", { skip: await whyMissing("rabbitmq") }, () => {
  it("loses no command and no answer when the broker is killed under load, and doubles no effect", async (t) => {
    const rabbitmq = await testRabbitmq(t, { own: true });
    const place = await openPlace(t, rabbitmq.address);
    await untilKnown(rabbitmq, place);
    const { transport, answered } = await openTransport(t, place);
    const { server, effects } = await serveEcho(t, rabbitmqCommands(place.options));
    const sent: CommandMessage[] = [];
    const load = new AbortController();
    const loading = (async () => {
      while (!load.signal.aborted) {
        const commands = Array.from({ length: 50 }, () => newCommand());
        sent.push(...commands);
        await sendAll(transport, commands);
      }
    })();
    for (let kills = 1; kills <= 2; kills++) {
      const before = answered.size;
      await until("answers flow", () => answered.size > before + 500);
      await rabbitmq.kill("SIGKILL");
      await until("both sides notice", () => transport.health?.() !== true && server.health() !== true);
      await rabbitmq.start();
      await until("both sides are back", () => transport.health?.() === true && server.health() === true);
    }
    load.abort();
    await loading;
    await until("all are answered", () => answered.size === sent.length);
    assert.equal(effects.length, sent.length);
    assert.equal(new Set(effects).size, sent.length);
    assert.deepEqual(await place.dead("commands"), []);
    assert.deepEqual(await place.dead("events"), []);
  });

  it("sends nothing while the broker is away, says so in bounded time, and goes on by itself", async (t) => {
    const rabbitmq = await testRabbitmq(t, { own: true });
    const place = await openPlace(t, rabbitmq.address);
    await untilKnown(rabbitmq, place);
    const { transport } = await openTransport(t, place, { attemptMs: 200 });
    await rabbitmq.kill("SIGKILL");
    await until("it notices", () => transport.health?.() !== true);
    assert.match(
      String(transport.health?.()),
      /^RabbitMQ at amqp:\/\/127\.0\.0\.1:\d+ (?:is not connected|gave no connection): /,
    );
    const [settled] = await transport.send([newCommand()], IGNORED);
    assert.equal(settled?.type === "failed" && settled.error.code, "FLOW_BROKER_UNAVAILABLE");
    await rabbitmq.start();
    await until("it is back", () => transport.health?.() === true);
    assert.deepEqual(await transport.send([newCommand()], IGNORED), [{ type: "delivered" }]);
  });

  it("notices a broker that is frozen, and goes on by itself when it thaws", async (t) => {
    const rabbitmq = await testRabbitmq(t, { own: true });
    const place = await openPlace(t, rabbitmq.address);
    const { transport, answered } = await openTransport(t, place, { attemptMs: 300 });
    const { server } = await serveEcho(t, rabbitmqCommands(place.options));
    await rabbitmq.kill("SIGSTOP");
    const command = newCommand();
    const [settled] = await transport.send([command], IGNORED);
    assert.equal(settled?.type === "failed" && settled.error.kind, "timeout");
    await until("both sides notice", () => transport.health?.() !== true && server.health() !== true);
    await rabbitmq.kill("SIGCONT");
    await sendAll(transport, [command]);
    await until("it is answered", () => answered.has(command.commandId));
    await until("both sides are well", () => transport.health?.() === true && server.health() === true);
  });

  it("goes on after all its connections were closed by an operator", async (t) => {
    const rabbitmq = await testRabbitmq(t, { own: true });
    const place = await openPlace(t, rabbitmq.address);
    const { transport, answered } = await openTransport(t, place);
    const { server } = await serveEcho(t, rabbitmqCommands(place.options));
    await rabbitmqctl(rabbitmq, ["close_all_connections", "a test wants it"]);
    const command = newCommand();
    await sendAll(transport, [command]);
    await until("it is answered", () => answered.has(command.commandId));
    assert.deepEqual([transport.health?.(), server.health()], [true, true]);
  });

  it("goes on after the broker has closed its channel over a message that it does not take", async (t) => {
    const rabbitmq = await testRabbitmq(t, { own: true });
    // Holds for channels that are opened from now on.
    await rabbitmqctl(rabbitmq, ["eval", "application:set_env(rabbit, max_message_size, 2000)."]);
    const place = await openPlace(t, rabbitmq.address);
    const { transport } = await openTransport(t, place);
    const [settled] = await transport.send([newCommand({ text: "x".repeat(5_000) })], IGNORED);
    assert.equal(settled?.type === "failed" && settled.error.kind, "timeout");
    assert.deepEqual(await transport.send([newCommand()], IGNORED), [{ type: "delivered" }]);
    assert.equal(transport.health?.(), true);
  });

  it("makes its queues again that were deleted under it", async (t) => {
    const place = await openPlace(t, (await testRabbitmq(t)).address);
    const { transport, answered } = await openTransport(t, place);
    await serveEcho(t, rabbitmqCommands(place.options));
    const connection = await connect(place.options.url);
    t.after(() => connection.close());
    const channel = await connection.createChannel();
    for (const queue of [place.names.commands, ...place.names.events]) await channel.deleteQueue(queue);
    // What is in a queue that is deleted goes with it, so one command may not be enough.
    await until("a command is answered", async () => {
      await sendAll(transport, [newCommand()]);
      return answered.size > 0;
    });
  });

  it("waits, but not for ever, while the broker is short of memory, and takes in what services say meanwhile", async (t) => {
    const rabbitmq = await testRabbitmq(t, { own: true });
    const place = await openPlace(t, rabbitmq.address);
    const { transport } = await openTransport(t, place, { attemptMs: 500 });
    const taken: CommandMessage[] = [newCommand()];
    await sendAll(transport, taken);
    await setMemoryAlarm(rabbitmq, true);
    await transport.send([newCommand()], IGNORED);
    await until("it says so", () =>
      String(transport.health?.()).includes("takes no messages: low on memory"),
    );
    const startedAtMs = performance.now();
    const [settled] = await transport.send([newCommand()], IGNORED);
    assert.equal(settled?.type === "failed" && settled.error.code, "FLOW_BROKER_UNAVAILABLE");
    assert.ok(performance.now() - startedAtMs >= 450);
    const waiting = sendAll(transport, [newCommand()]);
    await setMemoryAlarm(rabbitmq, false);
    await waiting;
    assert.equal(transport.health?.(), true);
  });

  it("brings a command again whose service was killed while it was at work", async (t) => {
    const place = await openPlace(t, (await testRabbitmq(t)).address);
    const service = spawn(execPath, [join(import.meta.dirname, "fixtures/hanging-service.ts")], {
      env: { RABBITMQ_URL: place.options.url, SERVICE: place.options.service },
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => service.kill("SIGKILL"));
    const command = newCommand();
    const { key, headers, body } = encodeCommand(command);
    await place.inject(place.names.commands, { key, headers, body: Buffer.from(body) });
    await once(service.stdout, "data");
    service.kill("SIGKILL");
    const source = rabbitmqCommands(place.options);
    t.after(() => source.stop());
    const redelivered: boolean[] = [];
    await source.start(async ({ isRedelivered }) => {
      redelivered.push(isRedelivered);
      return { type: "none" };
    });
    await until("it comes again", () => redelivered.length > 0);
    assert.deepEqual(redelivered, [true]);
  });

  it("reads an event queue with one engine at a time, and hands it on in order when that one stops", async (t) => {
    const place = await openPlace(t, (await testRabbitmq(t)).address);
    const taken: string[] = [];
    const open = async (name: string) => {
      const transport = rabbitmqTransport({ channel: "echo", ...place.options });
      t.after(() => transport.stop?.());
      await transport.start?.(async (reply) => {
        taken.push(`${name} ${commandIdOf(reply)}`);
        return { outcome: "taken" };
      });
      return transport;
    };
    const tell = async (id: string): Promise<void> => {
      const event = { id, type: "Told", data: {} };
      const { key, headers, body } = encodeReply({ kind: "event", runId, event });
      await place.injectReply({ key, headers, body: Buffer.from(body) });
    };
    const { runId } = newCommand();
    const first = await open("first");
    await open("second");
    for (const id of ["1", "2", "3"]) await tell(id);
    await until("three are taken", () => taken.length === 3);
    await first.stop?.();
    for (const id of ["4", "5"]) await tell(id);
    await until("all are taken", () => taken.length === 5);
    assert.deepEqual(taken, ["first 1", "first 2", "first 3", "second 4", "second 5"]);
  });
});
