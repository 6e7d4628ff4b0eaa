import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Line } from "./line.ts";

/** A broker that says everything back, and a client of it over a line. */
async function open(t: TestContext) {
  const broker = createServer((socket) => socket.on("error", () => {}).pipe(socket));
  broker.listen(0, "127.0.0.1");
  await once(broker, "listening");
  t.after(() => broker.close());
  const { port } = broker.address() as AddressInfo;
  const line = await Line.open({ kind: "rabbitmq", url: `amqp://a:b@127.0.0.1:${port}` });
  t.after(() => line.close());
  return { line, connect: () => connectOver(line) };
}

async function connectOver(line: Line): Promise<Socket> {
  const socket = dial(line);
  await once(socket, "connect");
  return socket;
}

function dial({ address }: Line): Socket {
  assert.equal(address.kind, "rabbitmq");
  const { port } = new URL(address.kind === "rabbitmq" ? address.url : "");
  const socket = createConnection({ host: "127.0.0.1", port: Number(port) });
  socket.on("error", () => {});
  return socket;
}

/** An error comes before it. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.once("close", () => resolve()));
}

async function hear(socket: Socket): Promise<string> {
  const [bytes] = await once(socket, "data");
  return String(bytes);
}

test("what goes over a line that is cut in silence arrives when it is mended", async (t) => {
  const { line, connect } = await open(t);
  const socket = await connect();
  socket.write("one");
  assert.equal(await hear(socket), "one");
  line.cut("silence");
  socket.write("two");
  const late = await connect();
  late.write("three");
  const heard = Promise.all([hear(socket), hear(late)]);
  line.mend();
  assert.deepEqual(await heard, ["two", "three"]);
  socket.destroy();
  late.destroy();
});

test("a line that is cut with refusal breaks what is connected, and takes nothing until it is mended", async (t) => {
  const { line, connect } = await open(t);
  const socket = await connect();
  socket.write("one");
  await hear(socket);
  const closed = closeOf(socket);
  line.cut("refusal");
  await closed;
  await closeOf(dial(line));
  line.mend();
  const again = await connect();
  again.write("two");
  assert.equal(await hear(again), "two");
  again.destroy();
});
