import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import { encodeReply } from "@sluice/contracts/broker-message";
import type { CommandMessage, ReplyMessage } from "@sluice/contracts/envelope";
import { whyMissing, whyNoCertificate } from "@sluice/host/stack-testing";
import { until } from "../../testing/until.ts";
import { openCluster } from "./fixtures/cluster.ts";
import { kafkaDeadLetters } from "./dead-letters.ts";
import { kafkaCommands } from "./kafka-commands.ts";
import { kafkaTransport } from "./kafka-transport.ts";
import type { KafkaOptions } from "./options.ts";

const SIGNAL = new AbortController().signal;
const TAKEOVER_MS_MAX = 60_000;

function commandOf(number: number): CommandMessage {
  const runId = randomUUID();
  return {
    commandId: `${runId}:${number}:0`,
    type: "Pack",
    runId,
    flow: "parcel",
    flowVersion: 1,
    attempt: 1,
    data: { number },
  };
}

/** Both sides of one place; what the service reads it answers. */
async function openSides(t: { after(hook: () => unknown): unknown }, options: Partial<KafkaOptions>) {
  const id = randomUUID().slice(0, 8);
  const shared = {
    brokers: [],
    eventsTopic: `events-${id}`,
    partitions: 3,
    replicationFactor: 3,
    ...options,
  };
  const commandsTopic = `commands-${id}`;
  const answered = new Set<string>();
  const transport = kafkaTransport({ channel: "depot", commandsTopic, groupId: `engine-${id}`, ...shared });
  const source = kafkaCommands({ commandsTopic, groupId: `service-${id}`, ...shared });
  t.after(() => Promise.all([transport.stop?.(), source.stop()]));
  const start = async (): Promise<void> => {
    await transport.start?.(async (reply: ReplyMessage) => {
      if (reply.kind === "answer") answered.add(reply.commandId);
      return { outcome: "taken" };
    });
    await source.start(async ({ body }) => {
      const { runId, commandId, attempt } = JSON.parse(Buffer.from(body).toString()) as CommandMessage;
      const event = { type: "Packed", data: {} };
      return { type: "reply", message: encodeReply({ kind: "answer", runId, commandId, attempt, event }) };
    });
  };
  return { transport, source, answered, start, shared, commandsTopic };
}

const why = (await whyMissing("kafka")) || whyNoCertificate();

describe("A cluster of three brokers of Kafka", { skip: why, timeout: 240_000 }, () => {
  it("is reached over TLS and with credentials, and outlives one of its brokers without losing a message", async (t) => {
    const cluster = await openCluster(t);
    const tls = { ca: [cluster.authority] };
    const sasl = { mechanism: "PLAIN", ...cluster.user } as const;

    await t.test("over TLS alone, a command comes and its answer goes back", async (t) => {
      const { transport, answered, start } = await openSides(t, { brokers: cluster.tls, tls });
      await start();
      const command = commandOf(1);
      assert.deepEqual(await transport.send([command], SIGNAL), [{ type: "delivered" }]);
      await until("it is answered", () => answered.has(command.commandId));
    });

    await t.test("what does not fit is refused with what to do, and without a secret", async (t) => {
      for (const [options, message] of [
        [
          { brokers: cluster.sasl, tls, sasl: { ...sasl, password: "hunter2" } },
          /does not take the credentials/,
        ],
        [{ brokers: cluster.sasl, tls }, /see the options .*sasl/],
        [{ brokers: cluster.tls }, /see the options .*tls/],
        [{ brokers: cluster.tls, tls: {} }, /see the options .*tls/],
      ] as const) {
        const { start } = await openSides(t, options);
        await assert.rejects(start(), (error: Error) => {
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /hunter2/);
          return true;
        });
      }
    });

    await t.test("with TLS and credentials it goes on when a broker is killed", async (t) => {
      const options = { brokers: cluster.sasl, tls, sasl };
      const { transport, answered, start, source, shared, commandsTopic } = await openSides(t, options);
      await start();
      const delivered: string[] = [];
      let number = 0;
      const sendUntil = async (isOver: () => boolean): Promise<void> => {
        while (!isOver()) {
          const commands = Array.from({ length: 20 }, () => commandOf(number++));
          const settled = await transport.send(commands, SIGNAL);
          commands.forEach(({ commandId }, at) => {
            if (settled[at]?.type === "delivered") delivered.push(commandId);
          });
        }
      };
      await sendUntil(() => delivered.length >= 200);
      await cluster.servers[1]?.kill();
      const before = delivered.length;
      const untilMs = performance.now() + TAKEOVER_MS_MAX;
      await sendUntil(() => delivered.length >= before + 200 || performance.now() > untilMs);
      assert.ok(delivered.length >= before + 200, `${delivered.length - before} more were delivered`);
      await until("all are answered", () => delivered.every((id) => answered.has(id)));
      await until("both sides are well", () => transport.health?.() === true && source.health() === true);
      const letters = kafkaDeadLetters({ ...shared, deadLettersTopic: `${commandsTopic}.dead-letters` });
      assert.equal(await letters.count(), 0);
    });
  });
});
