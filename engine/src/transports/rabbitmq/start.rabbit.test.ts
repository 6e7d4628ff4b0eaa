import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { connect } from "amqplib";
import { testRabbitmq, whyMissing } from "@sluice/host/stack-testing";
import { openPlace } from "./fixtures/place.ts";
import { rabbitmqctl } from "./fixtures/rabbitmqctl.ts";
import type { RabbitmqOptions } from "./options.ts";
import { rabbitmqCommands } from "./rabbitmq-commands.ts";
import { rabbitmqTransport } from "./rabbitmq-transport.ts";

interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** Both sides refuse alike; the answer is that of the engine's. */
async function refusalOf(t: TestContext, options: RabbitmqOptions): Promise<Refusal> {
  const transport = rabbitmqTransport({ channel: "mail", connectMs: 300, ...options });
  const source = rabbitmqCommands({ connectMs: 300, ...options });
  t.after(() => Promise.all([transport.stop?.(), source.stop()]));
  const failures = await Promise.allSettled([
    transport.start?.(async () => ({ outcome: "taken" })),
    source.start(async () => ({ type: "none" })),
  ]);
  const refusals = failures.map((failure) => {
    assert.equal(failure.status, "rejected");
    return failure.reason as Refusal;
  });
  const [first, second] = refusals;
  assert.ok(first !== undefined && second !== undefined);
  assert.equal(first.code, second.code);
  const secret = decodeURIComponent(new URL(options.url).password) || "guest";
  for (const { message } of refusals) assert.ok(!message.includes(secret), message);
  assert.notEqual(transport.health?.(), true);
  return first;
}

describe("the start of RabbitMQ's two sides", { skip: await whyMissing("rabbitmq") }, () => {
  it("tells of a password that the broker does not take", async (t) => {
    const url = new URL((await testRabbitmq(t)).address);
    url.password = "s3cret-and-wrong";
    const { code, message } = await refusalOf(t, { url: url.href, service: "mail" });
    assert.equal(code, "FLOW_BROKER_REFUSED");
    assert.match(message, /does not take the password of user sluice; see .* url/);
  });

  it("tells of a virtual host that the user may not enter", async (t) => {
    const { address } = await testRabbitmq(t);
    const { code, message } = await refusalOf(t, { url: `${address}/no%2Fwhere`, service: "mail" });
    assert.equal(code, "FLOW_BROKER_REFUSED");
    assert.match(message, /virtual host no\/where/);
  });

  it("tells of an address where nobody listens, or somebody else does, after connectMs", async (t) => {
    const stranger = createServer((socket) =>
      socket
        .on("error", () => {})
        .resume()
        .end("HTTP/1.1 400 Bad Request\r\n\r\n"),
    );
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    t.after(() => new Promise((resolve) => stranger.close(resolve)));
    const { port } = stranger.address() as AddressInfo;
    const elsewhere = await refusalOf(t, { url: `amqp://a:s3cret@127.0.0.1:${port}`, service: "mail" });
    assert.equal(elsewhere.code, "FLOW_BROKER_UNAVAILABLE");
    assert.match(elsewhere.message, /no RabbitMQ/);
    const nowhere = await refusalOf(t, { url: "amqp://a:s3cret@127.0.0.1:1", service: "mail" });
    assert.equal(nowhere.code, "FLOW_BROKER_UNAVAILABLE");
    assert.match(nowhere.message, /amqp:\/\/127\.0\.0\.1:1 .*ECONNREFUSED.* the option url/);
  });

  it("tells of TLS that the broker does not speak", async (t) => {
    const url = (await testRabbitmq(t)).address.replace("amqp:", "amqps:");
    const { code, message } = await refusalOf(t, { url, service: "mail" });
    assert.equal(code, "FLOW_BROKER_REFUSED");
    assert.match(message, /TLS: ERR_SSL/);
  });

  it("tells of a queue that was made otherwise, by its name and what differs", async (t) => {
    const { options, names } = await openPlace(t, (await testRabbitmq(t)).address);
    const limit = await refusalOf(t, { ...options, deliveriesMax: 7 });
    assert.equal(limit.code, "FLOW_BROKER_MISMATCH");
    assert.match(
      limit.message,
      new RegExp(`${names.commands}.*x-delivery-limit.*received '7' but current is '50'`),
    );

    const connection = await connect(options.url);
    t.after(() => connection.close());
    const channel = await connection.createChannel();
    await channel.deleteQueue(names.commands);
    await channel.assertQueue(names.commands, { durable: true });
    const type = await refusalOf(t, options);
    assert.equal(type.code, "FLOW_BROKER_MISMATCH");
    assert.match(
      type.message,
      /PRECONDITION_FAILED - inequivalent arg .*expected a queue as this service makes it/,
    );
  });

  it("tells of a queue that is missing where it may make none", async (t) => {
    const url = (await testRabbitmq(t)).address;
    const { code, message } = await refusalOf(t, { url, service: "nobody-made-it", queues: "check" });
    assert.equal(code, "FLOW_BROKER_MISMATCH");
    assert.match(message, /nobody-made-it\.dead-letters.*no queue.*queues: "create"/);
  });

  it("tells of permissions that a user lacks", async (t) => {
    const server = await testRabbitmq(t);
    const url = new URL(server.address);
    await rabbitmqctl(server, ["add_user", "weak", "s3cret"]);
    await rabbitmqctl(server, ["set_permissions", "weak", "^$", ".*", ".*"]);
    url.username = "weak";
    url.password = "s3cret";
    const { code, message } = await refusalOf(t, { url: url.href, service: "mail" });
    assert.equal(code, "FLOW_BROKER_REFUSED");
    assert.match(message, /mail\.dead-letters.*user 'weak'.*queues: "check"/);
  });

  it("waits for a broker that comes while it starts", async (t) => {
    const server = await testRabbitmq(t, { own: true });
    await server.kill("SIGKILL");
    const transport = rabbitmqTransport({
      channel: "mail",
      url: server.address,
      service: "mail",
      connectMs: 60_000,
    });
    t.after(() => transport.stop?.());
    const started = transport.start?.(async () => ({ outcome: "taken" }));
    await server.start();
    await started;
    assert.equal(transport.health?.(), true);
  });
});
