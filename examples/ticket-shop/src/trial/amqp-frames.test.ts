import assert from "node:assert/strict";
import { test } from "node:test";
import { PublishedReader } from "./amqp-frames.ts";

function short(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
}

function long(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
}

function frame(type: number, channel: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, 0, channel]), long(payload), Buffer.from([0xce])]);
}

/** `basic.publish` to the default exchange, and the head of a message with a content type, headers and a delivery mode. */
function publish(channel: number, queue: string, headers: Readonly<Record<string, string>>): Buffer {
  const method = Buffer.concat([
    Buffer.from([0, 60, 0, 40, 0, 0]),
    short(""),
    short(queue),
    Buffer.from([1]),
  ]);
  const table = Object.entries(headers).map(([name, value]) =>
    Buffer.concat([short(name), Buffer.from("S"), long(Buffer.from(value))]),
  );
  const head = Buffer.concat([
    Buffer.from([0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0xb0, 0]),
    short("application/json"),
    long(Buffer.concat(table)),
    Buffer.from([2]),
  ]);
  return Buffer.concat([
    frame(1, channel, method),
    frame(2, channel, head),
    frame(3, channel, Buffer.from("{}{}")),
  ]);
}

const GREETING = Buffer.from("AMQP\0\0\x09\x01");
const HEARTBEAT = frame(8, 0, Buffer.alloc(0));
/** Another method: `basic.ack`. */
const ACK = frame(1, 1, Buffer.from([0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 1, 0]));
const WANTED = [
  { queue: "shop.tickets.commands", headers: { "sluice-run-id": "r-1", "sluice-command-id": "c-1" } },
  { queue: "shop.tickets.events.3", headers: {} },
];
const BYTES = Buffer.concat([
  GREETING,
  HEARTBEAT,
  ...WANTED.map(({ queue, headers }, channel) =>
    publish(channel + 1, queue, headers as Record<string, string>),
  ),
  ACK,
]);

test("what a client publishes over AMQP is read however its bytes are cut", () => {
  for (const size of [1, 2, 7, 50, BYTES.length]) {
    const reader = new PublishedReader();
    const read = Array.from({ length: Math.ceil(BYTES.length / size) }, (_, nth) =>
      reader.read(BYTES.subarray(nth * size, (nth + 1) * size)),
    ).flat();
    assert.deepEqual(read, WANTED, `in pieces of ${size} bytes`);
  }
});
