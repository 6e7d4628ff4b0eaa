import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageCutter, startupParameters } from "./message-cutter.ts";

function startup(parameters: Readonly<Record<string, string>>): Buffer {
  const words = Object.entries(parameters).flatMap(([name, value]) => [name, value]);
  const body = Buffer.from(`\0\x03\0\0${words.map((word) => `${word}\0`).join("")}\0`, "latin1");
  return Buffer.concat([lengthOf(body), body]);
}

function message(type: string, text: string): Buffer {
  const body = Buffer.from(text);
  return Buffer.concat([Buffer.from(type), lengthOf(body), body]);
}

function lengthOf(body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return length;
}

test("a wire is cut into the same messages, however its bytes arrive", () => {
  const bytes = Buffer.concat([
    startup({ user: "anna", application_name: "sluice-writer/x" }),
    message("Q", "begin"),
    message("S", ""),
  ]);
  for (const size of [1, 3, bytes.length]) {
    const cutter = new MessageCutter("client");
    const messages = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      cutter.take(bytes.subarray(at * size, (at + 1) * size)).toArray(),
    ).flat();
    assert.deepEqual(
      messages.map(({ type }) => type),
      ["", "Q", "S"],
    );
    assert.deepEqual(Buffer.concat(messages.map((each) => each.bytes)), bytes);
    const [first] = messages;
    assert.equal(first && startupParameters(first).get("application_name"), "sluice-writer/x");
  }
});

test("the first message of a server has its letter like any other", () => {
  const [first, second] = new MessageCutter("server").take(
    Buffer.concat([message("R", "ok"), message("Z", "I")]),
  );
  assert.deepEqual([first?.type, second?.type], ["R", "Z"]);
});
