import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { LaneInput } from "../../core/inputs.ts";
import { openApi } from "./fixtures/open-engine.ts";
import { INPUTS_MAX, INPUTS_PATH, LANES_PATH, httpPeers } from "./peers.ts";

const RUN_ID = "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57";
const EVENT: LaneInput = { kind: "event", runId: RUN_ID, id: "e-1", type: "Paid", data: {} };
const START: LaneInput = {
  kind: "start",
  runId: RUN_ID,
  flow: "order",
  flowVersion: 3,
  key: null,
  startId: null,
  lane: 0,
  data: { seat: "A1", amountMinor: 1 },
};

test("inputs forwarded to a peer are taken in there, and answered in order", async (t) => {
  const { engine, url } = await openApi(t);
  const answers = await httpPeers(engine.secret).forward(url, [
    START,
    EVENT,
    { ...EVENT, runId: RUN_ID.replace("0", "1") },
  ]);
  const outcomes = answers.map((each) => ("answer" in each ? each.answer.outcome : each.error.code));
  assert.deepEqual(outcomes, ["started", "applied", "rejected"]);
  assert.equal((await engine.client.require(RUN_ID)).state, "paid");
});

test("operations forwarded to a peer are done there, under the condition that came with them", async (t) => {
  const { engine, url } = await openApi(t);
  const cancel: LaneInput = {
    kind: "operation",
    runId: RUN_ID,
    id: "op-1",
    operation: { type: "cancel", compensate: false },
    by: "anna",
    reason: null,
  };
  const answers = await httpPeers(engine.secret).forward(url, [
    START,
    { ...cancel, where: { state: "paid" } },
    { ...cancel, id: "op-2", where: { flow: "order", state: "created" } },
    { ...cancel, id: "op-3" },
  ]);
  const outcomes = answers.map((each) => ("answer" in each ? each.answer.outcome : each.error.code));
  assert.deepEqual(outcomes, ["started", "stale", "applied", "rejected"]);
  assert.equal((await engine.client.require(RUN_ID)).state, "canceled");
});

test("what participants said over a broker is forwarded to a peer, and nothing that is each owner's own", async (t) => {
  const { engine, url } = await openApi(t);
  const about = { kind: "settled", runId: RUN_ID, commandId: `${RUN_ID}:9:0`, attempt: 1 } as const;
  const error = { code: "BANK_AWAY", kind: "unavailable", message: "away", retryAfterMs: 5 } as const;
  const answers = await httpPeers(engine.secret).forward(url, [
    START,
    { ...about, settlement: { type: "answered", event: { type: "Paid", data: {} } } },
    { ...about, settlement: { type: "failed", error } },
  ]);
  // Nobody waits for that command; what counts is that it came as far as the rules.
  const outcomes = answers.map((each) => ("answer" in each ? each.answer.outcome : each.error.code));
  assert.deepEqual(outcomes, ["started", "stale", "stale"]);
  const owned: readonly LaneInput[] = [
    { ...about, settlement: { type: "delivered" } },
    { ...about, attempt: 0, settlement: { type: "failed", error } },
    { ...about, settlement: { type: "failed", error: { ...error, kind: "later" as "timeout" } } },
    { kind: "timer", runId: RUN_ID, number: 1 },
  ];
  for (const input of owned)
    await assert.rejects(httpPeers(engine.secret).forward(url, [input]), { code: "FLOW_NO_OWNER" });
});

test("inputs for a lane that the peer does not own come back with the reason, and no stack", async (t) => {
  const { engine, url } = await openApi(t, { isStarted: false });
  const [answer] = await httpPeers(engine.secret).forward(`${url}/`, [START]);
  assert.ok(answer !== undefined && "error" in answer);
  assert.equal(answer.error.code, "FLOW_NOT_OWNER");
  assert.equal(answer.error.stack, undefined);
});

test("a peer takes nothing from who does not know the secret, however large", async (t) => {
  const { url } = await openApi(t, { api: { inputsBytesMax: 2_000 } });
  await assert.rejects(httpPeers("guessed").forward(url, [START]), {
    code: "FLOW_NO_OWNER",
    kind: "unavailable",
  });
  const body = JSON.stringify({ inputs: [], rest: "x".repeat(5_000) });
  for (const authorization of [undefined, "", "Bearer", "Bearer x"]) {
    const headers = {
      "content-type": "application/json",
      ...(authorization === undefined ? {} : { authorization }),
    };
    const answer = await fetch(url + INPUTS_PATH, { method: "POST", headers, body });
    assert.equal(answer.status, 403);
  }
});

test("a peer hears that lanes have moved from who knows the secret, and from nobody else", async (t) => {
  const { engine, url } = await openApi(t);
  await httpPeers(engine.secret).lanesMoved?.(url);
  const tell = async (secret: string): Promise<number> => {
    const headers = { authorization: `Bearer ${secret}` };
    return (await fetch(url + LANES_PATH, { method: "POST", headers })).status;
  };
  assert.deepEqual([await tell(engine.secret), await tell("guessed")], [204, 403]);
});

test("a peer takes bounded messages of known inputs only", async (t) => {
  const { engine, url } = await openApi(t, {
    http: { bodyBytesMax: 1_024 },
    api: { inputsBytesMax: 1_000_000 },
  });
  const post = async (inputs: unknown): Promise<number> => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${engine.secret}` };
    const answer = await fetch(url + INPUTS_PATH, {
      method: "POST",
      headers,
      body: JSON.stringify({ inputs }),
    });
    await answer.arrayBuffer();
    return answer.status;
  };
  assert.equal(await post(Array(INPUTS_MAX).fill(EVENT)), 200);
  assert.equal(await post(Array(INPUTS_MAX + 1).fill(EVENT)), 400);
  assert.equal(await post([{ kind: "timer", runId: RUN_ID, number: 1 }]), 400);
  assert.equal(await post([{ ...EVENT, id: 7 }]), 400);
  assert.equal(await post([{ ...EVENT, data: "x".repeat(1_000_000) }]), 413);
});

/** A peer that is up to anything. */
async function openPeer(t: TestContext, status: number | null, body = ""): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      if (status === null) response.destroy();
      else if (status > 0) response.writeHead(status, { location: "/elsewhere" }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a peer that cannot be reached, or refuses, has taken nothing", async (t) => {
  const peers = httpPeers("s3cret");
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const gone = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
  await new Promise((resolve) => closed.close(resolve));
  for (const address of [gone, "http://no-such-host.invalid", "no address"])
    await assert.rejects(peers.forward(address, [EVENT]), { code: "FLOW_NO_OWNER", kind: "unavailable" });
  for (const status of [307, 401, 403, 404, 413, 429, 503])
    await assert.rejects(peers.forward(await openPeer(t, status), [EVENT]), { code: "FLOW_NO_OWNER" });
});

test("a peer that breaks off, hangs or answers nonsense may have taken everything", async (t) => {
  const peers = httpPeers("s3cret", { forwardMs: 200 });
  const HANGS = 0;
  const cases: readonly (readonly [number | null, string])[] = [
    [null, ""],
    [HANGS, ""],
    [500, ""],
    [504, ""],
    [200, "{"],
    [200, "null"],
    [200, '{"answers":[]}'],
  ];
  for (const [status, body] of cases) {
    const address = await openPeer(t, status, body);
    await assert.rejects(peers.forward(address, [EVENT]), { code: "FLOW_OUTCOME_UNKNOWN", kind: "timeout" });
  }
  assert.throws(() => httpPeers("s3cret", { forwardMs: 0 }), { code: "FLOW_BAD_OPTION" });
});
