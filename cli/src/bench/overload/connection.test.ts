import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { Connection } from "./connection.ts";

const HEAD = "GET / HTTP/1.1\r\nhost: x\r\n";

/** A server that is told what to answer, piece by piece. */
async function serve(t: TestContext, answer: (socket: Socket, request: string) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (chunk) => answer(socket, String(chunk)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const connection = new Connection(new URL(`http://127.0.0.1:${port}`));
  t.after(() => {
    connection.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { connection, sockets };
}

describe("a connection of the callers", () => {
  it("reads answers one after another, whole or in pieces, by the bytes of their body", async (t) => {
    const body = '{"name":"ü🎟"}';
    const whole = `HTTP/1.1 429 Too Many Requests\r\nRetry-After: 2\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    const { connection, sockets } = await serve(t, (socket, request) => {
      if (request.startsWith("POST")) return void socket.write(whole);
      // Each byte by itself, so that no piece is where one would cut.
      socket.setNoDelay();
      for (const byte of Buffer.from(whole)) socket.write(Buffer.from([byte]));
    });
    for (const method of ["POST", "GET", "POST"]) {
      const answered = await connection.send(HEAD.replace("GET", method), "{}");
      assert.deepEqual(answered, { status: 429, retryAfter: "2", body }, method);
    }
    assert.equal(sockets.size, 1);
  });

  it("says how long a body is, in bytes", async (t) => {
    let seen = "";
    const { connection } = await serve(t, (socket, request) => {
      seen = request;
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
    assert.deepEqual(await connection.send(HEAD, "ü"), { status: 200, retryAfter: null, body: "" });
    assert.equal(seen, `${HEAD}content-length: 2\r\n\r\nü`);
  });

  it("fails with a connection that is cut, and opens another one for the next request", async (t) => {
    let requests = 0;
    const { connection, sockets } = await serve(t, (socket) => {
      if (++requests === 1) socket.destroy();
      else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
    await assert.rejects(connection.send(HEAD, ""));
    assert.equal((await connection.send(HEAD, "")).body, "ok");
    assert.equal(sockets.size, 2);
  });

  it("refuses what it cannot read, and a second request at once", async (t) => {
    const { connection } = await serve(t, (socket) => void socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    const first = connection.send(HEAD, "");
    await assert.rejects(connection.send(HEAD, ""), /under way/);
    await assert.rejects(first, /without status or length/);
  });
});
