import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Wire } from "./wire.ts";

/** Length 4 + 4 and the version; then a name, a value, and the end. */
function startup(applicationName: string): Buffer {
  const body = Buffer.from(`\0\x03\0\0application_name\0${applicationName}\0\0`, "latin1");
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}

const SYNC = Buffer.from([0x53, 0, 0, 0, 4]);

interface Session {
  readonly near: Socket;
  /** Resolves with everything the server has got when its side is closed. */
  readonly got: Promise<Buffer>;
}

/** A server that only listens, and a wire to it. */
async function openWire(t: Pick<TestContext, "after">) {
  const accepted: ((got: Promise<Buffer>) => void)[] = [];
  const server = createServer((far) => {
    const parts: Buffer[] = [];
    far.on("data", (bytes) => parts.push(bytes)).on("error", () => {});
    accepted.shift()?.(once(far, "close").then(() => Buffer.concat(parts)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const wire = await Wire.open(`postgres://127.0.0.1:${(server.address() as AddressInfo).port}/x`);
  t.after(async () => {
    await wire.close();
    server.close();
  });
  const connect = async (name: string): Promise<Session> => {
    const url = new URL(wire.urlOf("postgres://127.0.0.1:1/x"));
    const { promise, resolve } = Promise.withResolvers<{ got: Promise<Buffer> }>();
    accepted.push((got) => resolve({ got }));
    const near = createConnection({ host: url.hostname, port: Number(url.port) });
    near.on("error", () => {}).write(startup(name));
    return { near, ...(await promise) };
  };
  return { wire, connect };
}

test("a wire is cut at the message it was told, and nothing of that connection comes after it", async (t) => {
  const { wire, connect } = await openWire(t);
  let strikes = 0;
  wire.arm({ place: "writer asks", nth: 3 }, () => strikes++);
  const pool = await connect("sluice-engine");
  const writer = await connect("sluice-writer/x/1");
  pool.near.write(Buffer.concat([SYNC, SYNC, SYNC]));
  writer.near.write(Buffer.concat([SYNC, SYNC, SYNC]));
  assert.deepEqual(await writer.got, Buffer.concat([startup("sluice-writer/x/1"), SYNC]));
  assert.equal(strikes, 1);
  pool.near.end();
  assert.deepEqual(await pool.got, Buffer.concat([startup("sluice-engine"), SYNC, SYNC, SYNC]));
  const counts = new Map([
    ["pool asks", 4],
    ["writer asks", 3],
  ]);
  assert.deepEqual(wire.counts, counts);
});

test("a wire that is armed again cuts what is open and counts from zero, and passes everything once it is disarmed", async (t) => {
  const { wire, connect } = await openWire(t);
  const before = await connect("sluice-engine");
  wire.arm({ place: "pool asks", nth: 2 }, () => assert.fail("it was disarmed"));
  await before.got;
  wire.disarm();
  const after = await connect("sluice-engine");
  after.near.end(SYNC);
  assert.deepEqual(await after.got, Buffer.concat([startup("sluice-engine"), SYNC]));
  assert.equal(wire.counts.get("pool asks"), 2);
});
