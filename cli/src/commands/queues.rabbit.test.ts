import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { encodeReply } from "@sluice/contracts/broker-message";
import { openRabbitmqReplies, rabbitmqTransport } from "@sluice/engine/rabbitmq";
import { testRabbitmq, whyMissing } from "@sluice/host/stack-testing";
import { startMemoryServer } from "../fixtures/memory-server.ts";
import { sluice } from "../fixtures/terminal.ts";
import { until } from "../fixtures/until.ts";

/** A server whose channel `post` goes over RabbitMQ, where replies for runs that nobody knows lie among the dead letters. */
async function openDesk(t: TestContext, deadReplies: number) {
  const { address: url } = await testRabbitmq(t);
  const service = `post-${randomUUID().slice(0, 8)}`;
  const { engine, url: server } = await startMemoryServer(t, {
    transports: [rabbitmqTransport({ channel: "post", url, service, eventQueues: 1 })],
  });
  const run = (...args: readonly string[]) =>
    sluice(args, { env: { SLUICE_URL: server, USER: "anna", TERM: "dumb" } });
  const queue = `${service}.dead-letters`;
  const show = async () => JSON.parse((await run("queues", "show", queue, "--json")).stdout);
  const replies = await openRabbitmqReplies({ url, service, eventQueues: 1 });
  for (let nth = 0; nth < deadReplies; nth++) {
    const event = { id: `e-${nth}`, type: "Posted", data: { nth } };
    await replies.send(encodeReply({ kind: "event", runId: randomUUID(), event }));
    // Those of different runs die beside each other.
    await until("it is dead", async () => (await show()).total === nth + 1);
  }
  await replies.close();
  return { run, queue, show, engine };
}

describe("sluice queues", { skip: await whyMissing("rabbitmq") }, () => {
  it("shows what lies in the dead-letter queue of a service, and why", async (t) => {
    const { run, queue } = await openDesk(t, 2);
    const queues = await run("queues");
    const table = `^QUEUE +MESSAGES +BROKER\\n${queue} +2 +RabbitMQ at amqp://\\S+\\n$`;
    assert.match(queues.stdout, new RegExp(table));
    const { stdout } = await run("queues", "show", queue, "--limit", "1");
    assert.match(stdout, /^ID +RUN +TYPE +AGE +WHAT +WHY$/m);
    assert.match(
      stdout,
      /Posted +\S+ +\{"type":"Posted","data":\{"nth":0\}\} +FLOW_UNKNOWN_RUN: .*\n1 of 2\n$/,
    );
    const letters = await run("dead-letters");
    assert.match(letters.stdout, new RegExp(`^no dead letters\\n${queue}: 2 more, see: sluice queues show`));
    assert.match((await run("queues", "show", "nothing")).stderr, /FLOW_UNKNOWN_QUEUE/);
  });

  it("sends messages back or forgets them, by id or filter, as anna who says why", async (t) => {
    const { run, queue, show, engine } = await openDesk(t, 3);
    const [first] = (await show()).items;
    const dry = await run("queues", "redrive", queue, "--all", "--dry-run");
    assert.equal(dry.stdout, "redrive: 3 would be done\n");
    const one = await run("queues", "discard", queue, first.id, "--reason", "a test");
    assert.deepEqual([one.stdout, one.exitCode], ["discard: 1 done\n", 0]);
    assert.match((await run("queues", "redrive", queue, "--all")).stderr, /expected --yes/);
    const all = await run("queues", "redrive", queue, "--dead-reason", "FLOW_UNKNOWN_RUN", "--yes");
    assert.equal(all.stdout, "redrive: 2 done\n");
    await until("they have died again", async () => (await show()).total === 2);
    assert.match((await run("queues", "discard", queue)).stderr, /neither messages nor filters/);
    const { items } = await engine.operator.listActions({ kind: "queue.discard", limit: 10 });
    assert.deepEqual(
      items.map(({ by, reason, subject }) => [by, reason, subject["ids"]]),
      [["anna", "a test", [first.id]]],
    );
  });
});
