import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveAddress } from "./address.ts";
import { resolveCommandsOptions, resolveTransportOptions } from "./options.ts";
import type { RabbitmqTransportOptions } from "./options.ts";
import { eventQueueOf } from "./queue-names.ts";

const GOOD = { channel: "mail", url: "amqp://sluice:s3cret@127.0.0.1:5672", service: "mail" };

test("an address of RabbitMQ is read with what is percent-encoded in it, and shown without credentials", () => {
  const { connect, shown, vhost, user } = resolveAddress("amqps://a%40b:p%2Fw@[::1]/my%2Fhost", undefined);
  assert.deepEqual(
    [connect.hostname, connect.port, connect.username, connect.password, connect.vhost],
    ["::1", 5671, "a@b", "p/w", "my/host"],
  );
  assert.deepEqual([shown, vhost, user], ["amqps://[::1]:5671", "my/host", "a@b"]);
  const plain = resolveAddress("amqp://rabbit", undefined);
  assert.deepEqual(
    [plain.connect.port, plain.connect.username, plain.connect.password, plain.vhost],
    [5672, "guest", "guest", "/"],
  );
});

test("options for RabbitMQ that cannot be kept are refused, without repeating what may be secret", () => {
  const wrong: Partial<RabbitmqTransportOptions>[] = [
    { url: "http://sluice:s3cret@127.0.0.1" },
    { url: "s3cret" },
    { url: "amqp://sluice:s3cret%@127.0.0.1" },
    { url: "amqp://sluice:s3cret@127.0.0.1?heartbeat=1" },
    { tls: {} },
    { service: "amq.mail" },
    { service: "" },
    { service: "a b" },
    { queues: "maybe" as "check" },
    { envelope: "avro" as "plain" },
    { eventQueues: 0 },
    { eventQueues: 1_025 },
    { prefetch: 65_536 },
    { attemptMs: 1.5 },
    { deliveriesMax: 0 },
    { messageBytesMax: 10 },
    { connectMs: -1 },
    { stopMs: Number.NaN },
    { channel: "" },
  ];
  for (const options of wrong)
    assert.throws(
      () => resolveTransportOptions({ ...GOOD, ...options }),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, "FLOW_BAD_OPTION", JSON.stringify(options));
        assert.doesNotMatch(error.message, /s3cret/);
        return true;
      },
    );
});

test("queues of RabbitMQ are named after their service, and a run always has the same for its events", () => {
  const { names, prefetch } = resolveCommandsOptions({ ...GOOD, eventQueues: 3 });
  assert.deepEqual(names, {
    commands: "mail.commands",
    events: ["mail.events.0", "mail.events.1", "mail.events.2"],
    deadLetters: "mail.dead-letters",
  });
  assert.equal(prefetch, 100);
  const used = new Set<string>();
  for (let run = 0; run < 100; run++) {
    const queue = eventQueueOf(names, `run-${run}`);
    assert.equal(eventQueueOf(names, `run-${run}`), queue);
    used.add(queue);
  }
  assert.equal(used.size, 3);
});
