import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { CommandMessage } from "@sluice/contracts/envelope";
import type { Settlement } from "../../core/inputs.ts";
import { memoryInbox } from "../../participant/inbox.ts";
import { receiveCommand } from "../../participant/receive-command.ts";
import { transportContract } from "../../testing/transport-contract.ts";
import { commandRoute } from "./command-route.ts";
import { openServer } from "./fixtures/open-server.ts";
import { httpTransport, resolveHttpTransportOptions } from "./http-transport.ts";
import type { HttpTransportOptions } from "./http-transport.ts";

transportContract("the http transport to a command route", async (t, participant, bounds) => {
  const receiver = { handlers: { Echo: participant }, inbox: memoryInbox(), handleMs: 2_000 };
  const receive = commandRoute({ receive: (delivery) => receiveCommand(receiver, delivery) });
  const url = await openServer(t, ({ app }) => app.register(receive));
  const transport = httpTransport({ channel: "contract", url: `${url}/commands`, ...bounds });
  t.after(() => transport.stop?.());
  return transport;
});

const COMMAND: CommandMessage = {
  commandId: "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57:1:0",
  type: "RefundPayment",
  runId: "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57",
  flow: "purchase",
  flowVersion: 2,
  attempt: 4,
  data: { orderId: "o-1" },
};

async function listen(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A participant reduced to its bytes: what it says is up to the test. */
async function openParticipant(t: TestContext, answer: Answer): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => answer(request, response));
  });
  t.after(() => server.closeAllConnections());
  return listen(t, server);
}

async function send(
  t: TestContext,
  url: string,
  options: Partial<HttpTransportOptions> = {},
  signal = new AbortController().signal,
): Promise<Settlement> {
  const transport = httpTransport({ channel: "payments", url, ...options });
  t.after(() => transport.stop?.());
  const [settlement] = await transport.send([COMMAND], signal);
  assert.ok(settlement);
  return settlement;
}

function failureOf(settlement: Settlement) {
  assert.equal(settlement.type, "failed");
  return settlement.type === "failed" ? settlement.error : assert.fail();
}

test("posts a command with its id as Idempotency-Key and the transport's headers", async (t) => {
  const seen: { path?: string | undefined; headers?: IncomingMessage["headers"]; body: string } = {
    body: "",
  };
  const server = createServer((request, response) => {
    Object.assign(seen, { path: request.url, headers: request.headers });
    request.on("data", (chunk) => (seen.body += String(chunk)));
    request.on("end", () => response.writeHead(204).end());
  });
  t.after(() => server.closeAllConnections());
  const url = await listen(t, server);
  const headers = { authorization: "Bearer s3cret" };
  assert.deepEqual(await send(t, `${url}/commands?tenant=7`, { headers }), { type: "no-news" });
  assert.equal(seen.path, "/commands?tenant=7");
  assert.equal(seen.headers?.["idempotency-key"], COMMAND.commandId);
  assert.equal(seen.headers?.["content-type"], "application/json");
  assert.equal(seen.headers?.authorization, "Bearer s3cret");
  assert.deepEqual(JSON.parse(seen.body), COMMAND);
});

test("keeps its connections from one command to the next", async (t) => {
  const ports = new Set<number | undefined>();
  const url = await openParticipant(t, (request, response) => {
    ports.add(request.socket.remotePort);
    response.end('{"type":"PaymentRefunded","data":{}}');
  });
  const transport = httpTransport({ channel: "payments", url });
  t.after(() => transport.stop?.());
  for (let at = 0; at < 20; at++) await transport.send([COMMAND], new AbortController().signal);
  // A second one is opened when the first is not back yet in the instant after its answer.
  assert.ok(ports.size <= 2, `${ports.size} connections`);
});

test("works again after it was stopped", async (t) => {
  const url = await openParticipant(t, (_request, response) => response.writeHead(202).end());
  const transport = httpTransport({ channel: "payments", url });
  t.after(() => transport.stop?.());
  const { signal } = new AbortController();
  assert.deepEqual(await transport.send([COMMAND], signal), [{ type: "delivered" }]);
  await transport.stop?.();
  assert.deepEqual(await transport.send([COMMAND], signal), [{ type: "delivered" }]);
});

test("follows no redirect", async (t) => {
  let requests = 0;
  const url = await openParticipant(t, (_request, response) => {
    requests++;
    response.writeHead(307, { location: "/elsewhere" }).end();
  });
  assert.equal(failureOf(await send(t, url)).code, "FLOW_COMMAND_REFUSED");
  assert.equal(requests, 1);
});

test("reads no answer beyond answerBytesMax", async (t) => {
  const url = await openParticipant(t, (request, response) => {
    response.writeHead(request.url === "/broken" ? 503 : 200);
    response.end(JSON.stringify({ type: "PaymentRefunded", data: "x".repeat(5_000) }));
  });
  const error = failureOf(await send(t, url, { answerBytesMax: 1_000 }));
  assert.deepEqual([error.code, error.kind], ["FLOW_BAD_ANSWER", "bug"]);
  assert.equal(failureOf(await send(t, `${url}/broken`, { answerBytesMax: 1_000 })).kind, "unavailable");
});

test("calls a participant unreachable when nobody listens or its name is unknown", async (t) => {
  const url = await openParticipant(t, () => {});
  const closed = createTcpServer();
  const gone = await listen(t, closed);
  await new Promise((resolve) => closed.close(resolve));
  assert.ok(url !== gone);
  for (const each of [gone, "http://no-such-host.invalid/"]) {
    const error = failureOf(await send(t, each));
    assert.deepEqual([error.code, error.kind], ["FLOW_COMMAND_UNREACHABLE", "unavailable"]);
  }
});

test("calls the outcome unknown when a participant breaks off before or within its answer", async (t) => {
  const broken = createTcpServer((socket) => {
    socket.on("error", () => {}).once("data", () => socket.destroy());
  });
  const half = createTcpServer((socket) => {
    socket
      .on("error", () => {})
      .once("data", () => {
        socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{");
      });
  });
  for (const url of [await listen(t, broken), await listen(t, half)]) {
    const error = failureOf(await send(t, url));
    assert.deepEqual([error.code, error.kind], ["FLOW_COMMAND_TIMEOUT", "timeout"]);
  }
});

test("ends an attempt whose answer begins but does not end", async (t) => {
  const url = await openParticipant(t, (_request, response) => response.writeHead(200).write("{"));
  const error = failureOf(await send(t, url, { attemptMs: 100 }));
  assert.deepEqual([error.code, error.kind], ["FLOW_COMMAND_TIMEOUT", "timeout"]);
  assert.match(error.message, /within 100 ms/);
});

test("says nothing secret in a failure", async (t) => {
  const url = await openParticipant(t, (_request, response) => response.writeHead(500).end());
  const options = { headers: { "x-api-key": "s3cret-header" } };
  const error = failureOf(await send(t, `${url}/commands?token=s3cret-query`, options));
  assert.doesNotMatch(JSON.stringify(error), /s3cret/);
  assert.match(error.message, /\/commands answered RefundPayment with 500/);
});

test("refuses options it cannot keep, without repeating what may be secret", () => {
  const url = "http://127.0.0.1:1/";
  const wrong: Partial<HttpTransportOptions>[] = [
    { url: "ftp://example.org" },
    { url: "commands" },
    { url: "http://user:s3cret@example.org" },
    { attemptMs: 0 },
    { attemptMs: 1.5 },
    { sendsMax: 0 },
    { answerBytesMax: -1 },
    { headers: { "Idempotency-Key": "mine" } },
    { headers: { "bad name": "x" } },
    { headers: { "x-token": "s3cret\r\nx: y" } },
  ];
  for (const options of wrong) {
    assert.throws(
      () => resolveHttpTransportOptions({ channel: "payments", url, ...options }),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, "FLOW_BAD_OPTION");
        assert.doesNotMatch(error.message, /s3cret/);
        return true;
      },
    );
  }
});
