import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { encodeReply } from "@sluice/contracts/broker-message";
import type { CommandMessage } from "@sluice/contracts/envelope";
import {
  choosePlaces,
  startChanged,
  testCertificate,
  whyMissing,
  whyNoCertificate,
} from "@sluice/host/stack-testing";
import { until } from "../../testing/until.ts";
import { newCommand } from "./fixtures/commands.ts";
import { rabbitmqDeadLetters } from "./dead-letters.ts";
import { rabbitmqCommands } from "./rabbitmq-commands.ts";
import { rabbitmqTransport } from "./rabbitmq-transport.ts";

/** A broker that speaks TLS on a port of its own. */
async function openTls(t: TestContext) {
  const [place] = await choosePlaces(t, "rabbitmq", { count: 1, furtherPorts: 1 });
  assert.ok(place !== undefined);
  const port = place.ports.at(-1);
  const { certificate, key } = await testCertificate();
  const settings = {
    "listeners.ssl.1": `127.0.0.1:${port}`,
    "ssl_options.certfile": join(place.home, "certificate.pem"),
    "ssl_options.keyfile": join(place.home, "key.pem"),
    "ssl_options.verify": "verify_none",
    "ssl_options.fail_if_no_peer_cert": "false",
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  await startChanged(t, "rabbitmq", place, {
    launch: (launch) => ({
      ...launch,
      files: [
        ...launch.files.map((file) =>
          file.name === "rabbitmq.conf" ? { ...file, text: file.text + lines.join("") } : file,
        ),
        { name: "certificate.pem", text: certificate },
        { name: "key.pem", text: key },
      ],
    }),
  });
  const urlOf = (scheme: "amqp" | "amqps"): string =>
    `${scheme}://sluice:${place.secret}@127.0.0.1:${scheme === "amqps" ? port : place.ports[0]}`;
  return { url: urlOf("amqps"), plainUrl: urlOf("amqp"), certificate, secret: place.secret };
}

const why = (await whyMissing("rabbitmq")) || whyNoCertificate();

describe("RabbitMQ over TLS", { skip: why }, () => {
  it("carries commands, answers and dead letters, and refuses who does not trust it with what to do", async (t) => {
    const { url, plainUrl, certificate, secret } = await openTls(t);
    const service = `depot-${randomUUID().slice(0, 8)}`;
    const place = { url, service, eventQueues: 1, tls: { ca: [certificate] }, connectMs: 2_000 };
    const answered: string[] = [];
    const transport = rabbitmqTransport({ channel: "depot", ...place });
    await transport.start?.(async (reply) => {
      if (reply.kind === "answer") answered.push(reply.commandId);
      return { outcome: "taken" };
    });
    t.after(() => transport.stop?.());
    const source = rabbitmqCommands(place);
    await source.start(async ({ body }) => {
      const { runId, commandId, attempt } = JSON.parse(Buffer.from(body).toString()) as CommandMessage;
      const event = { type: "Echoed", data: {} };
      return { type: "reply", message: encodeReply({ kind: "answer", runId, commandId, attempt, event }) };
    });
    t.after(() => source.stop());
    const command = newCommand();
    const sent = await transport.send([command], new AbortController().signal);
    assert.deepEqual(sent, [{ type: "delivered" }]);
    await until("it is answered", () => answered.includes(command.commandId));
    assert.equal(await rabbitmqDeadLetters(place).count(), 0);

    const { tls, ...without } = place;
    for (const [options, code] of [
      [without, "FLOW_BROKER_REFUSED"],
      [{ ...without, url: url.replace("amqps", "amqp") }, "FLOW_BROKER_UNAVAILABLE"],
      [{ ...without, url: plainUrl.replace("amqp", "amqps"), tls }, "FLOW_BROKER_REFUSED"],
    ] as const)
      await assert.rejects(rabbitmqDeadLetters(options).count(), (error: Error & { code?: string }) => {
        assert.equal(error.code, code, error.message);
        assert.match(error.message, /option/);
        assert.ok(!error.message.includes(secret));
        return true;
      });
  });
});
