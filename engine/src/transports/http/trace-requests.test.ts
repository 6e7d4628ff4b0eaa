import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createEngine } from "../../create-engine.ts";
import type { FlowDefinition } from "../../core/flow.ts";
import { memoryInbox } from "../../participant/inbox.ts";
import { receiveCommand } from "../../participant/receive-command.ts";
import { createMemoryStore } from "../../stores/memory/memory-store.ts";
import { recordingTracer } from "../../testing/recording-tracer.ts";
import { until } from "../../testing/until.ts";
import { engineApi } from "./api/engine-api.ts";
import { commandRoute } from "./command-route.ts";
import { memoryDatabase } from "./fixtures/open-engine.ts";
import { openServer } from "./fixtures/open-server.ts";
import { httpTransport } from "./http-transport.ts";
import { traceRequests } from "./trace-requests.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;
const OBJECT = { type: "object" };

const letter: FlowDefinition = {
  name: "letter",
  version: 1,
  events: { Posted: OBJECT, Read: OBJECT },
  commands: { Post: { channel: "post", answers: ["Posted"] } },
  initial: "posting",
  states: {
    posting: { send: { Post: "data" }, on: { Posted: "posted" } },
    posted: { on: { Read: "done" } },
    done: { final: "read" },
  },
};

/** An engine behind a server, and a participant behind another: as two processes, each with a tracer of its own. */
async function open(t: TestContext) {
  const scope = { after: (end: () => Promise<void>) => t.after(end) };
  const [ours, theirs] = [recordingTracer(), recordingTracer()];
  const receiver = {
    inbox: memoryInbox(),
    handlers: { Post: async () => ({ type: "Posted", data: {} }) },
    tracer: theirs,
  };
  const post = await openServer(scope, ({ app }) => {
    traceRequests(app, theirs);
    return app.register(commandRoute({ receive: (delivery) => receiveCommand(receiver, delivery) }));
  });
  const engine = await createEngine({
    store: createMemoryStore({ database: memoryDatabase(), engineId: "engine" }),
    flows: [letter],
    participants: [httpTransport({ channel: "post", url: `${post}/commands` })],
    tracer: ours,
    options: { lanes: 2 },
  });
  t.after(() => engine.stop());
  await engine.start();
  const api = await openServer(scope, ({ app }) => {
    traceRequests(app, ours);
    return app.register(engineApi(engine));
  });
  const send = async (path: string, body: unknown, headers: Record<string, string>) => {
    const answer = await fetch(`${api}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    assert.ok(answer.ok, await answer.clone().text());
    return (await answer.json()) as { runId: string };
  };
  return { engine, ours, theirs, api, send };
}

test("a request's trace goes on over the run that it starts, its command and the participant behind HTTP, to the end", async (t) => {
  const { engine, ours, theirs, send } = await open(t);
  const { runId } = await send("/v1/flows/letter/runs", { data: {} }, { traceparent: TRACEPARENT });
  const isPosted = async () => (await engine.client.require(runId)).state === "posted";
  await until("the letter is posted", isPosted);
  await send(`/v1/runs/${runId}/events`, { type: "Read", data: {} }, { traceparent: TRACEPARENT });
  const spans = () => [...ours.spans, ...theirs.spans];
  const served = () => spans().filter(({ kind }) => kind === "server").length;
  await until("every request is traced", () => served() >= 3);
  assert.deepEqual([...new Set(spans().map(({ traceId }) => traceId))], [TRACE_ID]);
  assert.deepEqual(
    spans()
      .map(({ name }) => name)
      .toSorted(),
    [
      "POST",
      "POST /commands",
      "POST /v1/flows/:flow/runs",
      "POST /v1/runs/:id/events",
      "letter posted → done",
      "letter posting → posted",
      "letter start → posting",
      "process Post",
      "run letter",
    ],
  );
  const [handled] = theirs.spans.filter(({ name }) => name === "POST /commands");
  const [posted] = ours.spans.filter(({ name }) => name === "POST");
  assert.deepEqual([posted?.kind, handled?.kind], ["client", "server"]);
  assert.deepEqual(handled?.parent, posted?.context);
  assert.equal(handled?.attributes["http.response.status_code"], 200);
});

test("a traceparent that cannot be read starts a run all the same, in a trace of its own", async (t) => {
  const { engine, ours, send } = await open(t);
  const { runId } = await send("/v1/flows/letter/runs", { data: {} }, { traceparent: "00-nonsense-01" });
  const { trace } = await engine.client.require(runId);
  assert.match(trace?.traceparent ?? "", /^00-0{20,}[0-9a-f]+-[0-9a-f]{16}-01$/);
  assert.ok(
    ours.spans.some(({ name, parent }) => name === "POST /v1/flows/:flow/runs" && parent === undefined),
  );
});

test("nobody's probes are traced", async (t) => {
  const { ours, api } = await open(t);
  for (const path of ["/livez", "/readyz", "/metrics"]) await (await fetch(`${api}${path}`)).text();
  await (await fetch(`${api}/v1/flows?limit=1`)).text();
  const names = () => ours.spans.map(({ name }) => name);
  await until("a request is traced", () => names().length > 0);
  assert.deepEqual(names(), ["GET /v1/flows"]);
});
