import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { CommandMessage } from "@sluice/contracts/envelope";
import { engineError } from "../../../core/errors.ts";
import type { FlowDefinition } from "../../../core/flow.ts";
import { local } from "../../../participant/local.ts";
import { openApi } from "../fixtures/open-engine.ts";
import { until } from "../fixtures/until.ts";
import type { Answered } from "../fixtures/call-api.ts";
import { openTrips } from "../fixtures/open-trips.ts";
import { assertProblem } from "../fixtures/problem.ts";

const { call, engine, startHeld, startParked, startUncharged } = await openTrips({ after });

interface Letter {
  readonly runId: string;
  readonly version: number;
  readonly place: string;
  readonly reason: string | null;
  readonly input: Readonly<Record<string, unknown>>;
}
const lettersOf = ({ body }: Answered) => (body as { readonly items: readonly Letter[] }).items;

test("a dead letter tells what could not be taken in, why, and what waits behind it", async () => {
  const runId = await startParked("letters");
  await engine.client.send(runId, { id: "pay-1", type: "Paid", data: { card: 42 } });
  const [head, behind, ...others] = lettersOf(await call.get(`/v1/dead-letters?runId=${runId}`));
  assert.deepEqual(others, []);
  const { at, input, ...rest } = head as unknown as Record<string, unknown>;
  assert.ok(Date.parse(String(at)) > 0);
  assert.deepEqual(rest, {
    runId,
    version: 3,
    flow: "trip",
    key: "letters",
    state: "held",
    place: "head",
    reason: "rule-failed",
    error: { code: "FLOW_RULE_FAILED", kind: "bug", message: "the rule is broken" },
  });
  assert.deepEqual(
    [(input as Letter["input"])["kind"], (input as Letter["input"])["type"]],
    ["event", "Checked"],
  );
  assert.deepEqual(
    [behind?.place, behind?.reason, behind?.input],
    ["behind", null, { kind: "event", type: "Paid", eventId: "pay-1", data: { card: 42 } }],
  );
});

test("a dead letter of a failed command names the command and its error, and no stack", async () => {
  const runId = await startUncharged();
  const answer = await call.get(`/v1/dead-letters?runId=${runId}`);
  const [letter] = lettersOf(answer);
  assert.deepEqual(
    [letter?.reason, letter?.input["kind"], letter?.input["command"], letter?.input["attempt"]],
    ["command-refused", "failure", "Charge", 1],
  );
  assert.match(JSON.stringify(letter), /the card reader is broken/);
  assert.doesNotMatch(JSON.stringify(answer.body), /stack|\.ts:/);
});

test("who may operate reads a dead letter with the stack of the rule that threw", async () => {
  const runId = await startParked();
  const { client } = engine;
  await client.send(runId, { id: "behind", type: "Paid", data: {} });
  const [head, behind] = lettersOf(await call.get(`/v1/dead-letters?runId=${runId}`));
  const read = async (id: string) =>
    (await call.get(`/v1/dead-letters/${id}`)).body as Record<string, unknown>;
  const { stack, ...letter } = await read(`${runId}:${head?.version}`);
  assert.deepEqual(letter, head);
  assert.match(String(stack), /^Error: the rule is broken\n +at .*trips\.ts:\d+/);
  assert.equal((await read(`${runId.toUpperCase()}:${behind?.version}`))["stack"], null);
});

test("the stack of a command that a handler of this process refused is read too", async () => {
  const runId = await startUncharged();
  const [letter] = lettersOf(await call.get(`/v1/dead-letters?runId=${runId}`));
  const { body } = await call.get(`/v1/dead-letters/${runId}:${letter?.version}`);
  assert.match((body as { readonly stack: string }).stack, /the card reader is broken\n[^]*trips\.ts:\d+/);
});

test("a stack is cut where it grows too long", async (t) => {
  const deep: FlowDefinition = {
    name: "deep",
    version: 1,
    events: { Fell: {} },
    initial: "open",
    states: {
      open: {
        on: {
          Fell: {
            guard: () => {
              throw new Error("x".repeat(100_000));
            },
            target: "done",
          },
        },
      },
      done: { final: "done" },
    },
  };
  const api = await openApi(t, { flows: [deep] });
  const { runId } = await api.engine.client.start("deep", { data: {} });
  await api.engine.client.send(runId, { type: "Fell", data: {} });
  const [letter] = lettersOf(await api.call.get(`/v1/dead-letters?runId=${runId}`));
  const { body } = await api.call.get(`/v1/dead-letters/${runId}:${letter?.version}`);
  assert.equal((body as { readonly stack: string }).stack.length, 16_384);
});

test("a dead letter that is not there is missing, whatever its id looks like", async () => {
  const runId = await startHeld();
  for (const id of [runId, `${runId}:1`, `${runId}:99999999999`, `${"-".repeat(36)}:1`, "42", "%00:1"])
    assertProblem(await call.get(`/v1/dead-letters/${id}`), 404, "FLOW_UNKNOWN_DEAD_LETTER");
});

test("of several commands alike a run and its dead letter say what each carried", async (t) => {
  const packing: FlowDefinition = {
    name: "packing",
    version: 1,
    data: { type: "object", properties: { boxes: { type: "array" } } },
    events: { Packed: { type: "object" } },
    commands: { Pack: { channel: "trips", answers: ["Packed"] } },
    initial: "open",
    states: {
      open: {
        send: { Pack: { each: "/boxes", as: "box" } },
        join: { wait: "all", then: "done" },
        on: { Packed: {} },
      },
      done: { final: "done" },
    },
  };
  const participant = local("trips", {
    Pack: async ({ data }: CommandMessage) => {
      if ((data as { readonly box: string }).box !== "b") return null;
      throw engineError("FLOW_COMMAND_REFUSED", "it is broken");
    },
  });
  const api = await openApi(t, { flows: [packing], participants: [participant] });
  const { runId } = await api.engine.client.start("packing", { data: { boxes: ["a", "b", "c"] } });
  await until("the run is parked", async () => (await api.engine.client.require(runId)).parked ?? undefined);
  const [letter] = lettersOf(await api.call.get(`/v1/dead-letters?runId=${runId}`));
  assert.deepEqual([letter?.input["command"], letter?.input["commandData"]], ["Pack", { box: "b" }]);
  const { commands } = (await api.call.get(`/v1/runs/${runId}`)).body as {
    readonly commands: readonly { readonly data: unknown }[];
  };
  assert.deepEqual(
    commands.map(({ data }) => data),
    [{ box: "a" }, { box: "b" }, { box: "c" }],
  );
});

test("dead letters are listed by flow, state and reason, page by page", async () => {
  for (let nth = 0; nth < 3; nth++) await startParked();
  const { runId: orderId } = await engine.client.start("order", { data: { seat: "A1", amountMinor: 1 } });
  await engine.client.send(orderId, { type: "Checked", data: {} });
  const find = async (filter: string) => lettersOf(await call.get(`/v1/dead-letters?limit=200&${filter}`));
  const ofOrder = await find("flow=order");
  assert.deepEqual(new Set(ofOrder.map(({ runId }) => runId)), new Set([orderId]));
  assert.equal((await find("flow=trip")).length + ofOrder.length, (await find("")).length);
  assert.ok((await find("parkReason=command-refused")).every(({ reason }) => reason === "command-refused"));
  assert.ok((await find("flow=trip&state=held&parkReason=rule-failed")).length >= 3);
  assert.deepEqual(await find("flow=trip&state=booking"), []);
  const seen: string[] = [];
  let path: string | undefined = "/v1/dead-letters?limit=2&flow=trip";
  while (path !== undefined) {
    const answer: Answered = await call.get(path);
    assert.ok(lettersOf(answer).length <= 2);
    seen.push(...lettersOf(answer).map(({ runId, version }) => `${runId}:${version}`));
    path = /^<(.+)>; rel="next"$/.exec(answer.headers.get("link") ?? "")?.[1];
  }
  assert.deepEqual(
    seen,
    (await find("flow=trip")).map(({ runId, version }) => `${runId}:${version}`),
  );
});

test("a flow or a state that no dead letter can be of is told, where a list is empty", async () => {
  const unknown = { flow: "FLOW_UNKNOWN_FLOW", state: "FLOW_UNKNOWN_STATE" };
  assertProblem(await call.get("/v1/dead-letters?flow=trop"), 404, unknown.flow, /did you mean "trip"/);
  assertProblem(await call.get("/v1/dead-letters?state=hold"), 422, unknown.state, /did you mean "held"/);
});

test("wrong filters of dead letters are refused", async () => {
  for (const filter of ["runId=42", "parkReason=boredom", "state=", "flow=%00", "limit=0"])
    assertProblem(await call.get(`/v1/dead-letters?${filter}`), 400, "HOST_BAD_REQUEST");
  assertProblem(await call.get("/v1/dead-letters?run=42"), 400, "HOST_BAD_REQUEST", /of: runId, flow/);
});

test("a run without dead letters has none to list", async () => {
  const runId = await startHeld();
  assert.deepEqual((await call.get(`/v1/dead-letters?runId=${runId}`)).body, { items: [], cursor: null });
});
