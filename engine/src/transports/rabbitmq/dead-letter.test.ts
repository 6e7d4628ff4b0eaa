import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConsumeMessage } from "amqplib";
import { engineError } from "../../core/errors.ts";
import type { Outgoing } from "./amqp-message.ts";
import type { Delivery } from "./consumer.ts";
import { publishDeadLetter, toDeadLetter, toRevived } from "./dead-letter.ts";

/** What the client makes of bytes that are no UTF-8: three bytes of each. */
const RUBBISH = "\uFFFD".repeat(86);
const DEATH = { reason: "not-json", error: "no JSON" };

function deliveryOf(properties: object): Delivery {
  return {
    queue: "mail.commands",
    message: { content: Buffer.from("rubbish"), properties } as unknown as ConsumeMessage,
    isOurs: () => true,
    acknowledge: () => {},
    giveBack: () => {},
  };
}

/** Its time varies. */
function headersOf({ properties }: Outgoing): object {
  const { "sluice-dead-at": _, ...headers } = properties.headers as Record<string, unknown>;
  return headers;
}

const OURS = {
  "sluice-dead-reason": "not-json",
  "sluice-dead-message": "no JSON",
  "sluice-dead-queue": "mail.commands",
};

test("a dead letter keeps of a message's names and properties those that AMQP can carry again", () => {
  const properties = {
    headers: { [RUBBISH]: "lost", [RUBBISH.slice(1)]: "kept", text: RUBBISH },
    contentType: RUBBISH,
    contentEncoding: RUBBISH,
    correlationId: RUBBISH,
    replyTo: RUBBISH,
    type: "kept",
    appId: RUBBISH,
    timestamp: 1_782_907_200,
  };
  const letter = toDeadLetter("mail.dead-letters", deliveryOf(properties), DEATH);
  const headers = { [RUBBISH.slice(1)]: "kept", text: RUBBISH };
  assert.deepEqual(headersOf(letter), { ...headers, ...OURS });
  const { headers: _, ...others } = letter.properties;
  assert.deepEqual(others, { type: "kept", timestamp: 1_782_907_200 });
  const revived = toRevived("mail.commands", letter.content, properties as never);
  assert.deepEqual(revived.properties, { headers, ...others });
});

test("a dead letter that AMQP cannot carry all the same is buried with our own headers alone", async () => {
  const letter = toDeadLetter("dead", deliveryOf({ headers: { odd: -1e300 }, type: "odd" }), DEATH);
  const published: Outgoing[] = [];
  const publishOne = async (message: Outgoing): Promise<void> => {
    published.push(message);
    if (published.length === 1) throw engineError("FLOW_COMMAND_REFUSED", "AMQP cannot carry it");
  };
  await publishDeadLetter({ publishOne }, letter, new AbortController().signal);
  const [first, bare] = published;
  assert.equal(first, letter);
  assert.ok(bare !== undefined);
  assert.deepEqual(headersOf(bare), OURS);
  assert.deepEqual(Object.keys(bare.properties), ["headers"]);
  assert.deepEqual([bare.queue, bare.content.toString()], ["dead", "rubbish"]);
});

test("a dead letter that the broker does not take now is told so, and is not cut", async () => {
  const letter = toDeadLetter("dead", deliveryOf({}), DEATH);
  let attempts = 0;
  const publishOne = async (): Promise<void> => {
    attempts++;
    throw engineError("FLOW_BROKER_UNAVAILABLE", "the broker is away");
  };
  const publishing = publishDeadLetter({ publishOne }, letter, new AbortController().signal);
  await assert.rejects(publishing, { code: "FLOW_BROKER_UNAVAILABLE" });
  assert.equal(attempts, 1);
});
