/** Both sides together: an engine whose flow asks a service over the broker. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { TestContext } from "node:test";
import { encodeReply } from "@sluice/contracts/broker-message";
import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";
import { CodedError } from "@sluice/contracts/problem";
import type { ErrorKind } from "@sluice/contracts/problem";
import { createEngine } from "../../create-engine.ts";
import type { Engine } from "../../create-engine.ts";
import type { FlowDefinition } from "../../core/flow.ts";
import type { Tracer } from "../../core/ports.ts";
import { NO_TRACER } from "../../core/silent.ts";
import { memoryInbox } from "../../participant/inbox.ts";
import type { Inbox } from "../../participant/inbox.ts";
import { serveCommands } from "../../participant/serve-commands.ts";
import type { CommandServer } from "../../participant/serve-commands.ts";
import { createMemoryDatabase } from "../../stores/memory/memory-database.ts";
import { createMemoryStore } from "../../stores/memory/memory-store.ts";
import type { BrokerHarness, OpenBroker } from "../broker-contract.ts";
import { BOUNDS, eventFor, received, receivedReply } from "./messages.ts";
import { recordingTracer } from "../recording-tracer.ts";
import { until } from "../until.ts";

/** The channel that a harness's transport serves in this suite. */
export const CONTRACT_CHANNEL = "contract";

const FINAL_MS_MAX = 30_000;

const parcel: FlowDefinition = {
  name: "parcel",
  version: 1,
  events: {
    Packed: { type: "object" },
    Noted: { type: "object", properties: { note: { type: "string" } } },
  },
  commands: { Pack: { channel: CONTRACT_CHANNEL, answers: ["Packed"] } },
  initial: "packing",
  states: {
    packing: {
      send: { Pack: "data" },
      retry: { attempts: 3, first: "1ms", max: "5ms" },
      on: { Packed: "done", commandFailed: "failed" },
    },
    done: { final: "packed" },
    failed: { final: "failed" },
  },
};

const lostParcel: FlowDefinition = {
  name: "lost-parcel",
  version: 1,
  events: { Packed: { type: "object" } },
  commands: { Pack: { channel: CONTRACT_CHANNEL, answers: ["Packed"] } },
  initial: "looking",
  states: {
    looking: {
      poll: { send: { Pack: "data" }, first: "1ms", every: "50ms", giveUp: { delay: "5m", target: "lost" } },
      on: { Packed: "done" },
    },
    done: { final: "packed" },
    lost: { final: "lost" },
  },
};

type Pack = (command: CommandMessage, signal: AbortSignal) => Promise<EventMessage | null>;

const PACKED: EventMessage = { type: "Packed", data: {} };

export function wholePromises(open: OpenBroker): void {
  it("carries a run from its command over the answer to its end, many of them beside each other", async (t) => {
    const { engine, serve } = await openWhole(t, open);
    await serve(async () => PACKED);
    const runs = await Promise.all(
      Array.from({ length: 20 }, () => engine.client.start("parcel", { data: {} })),
    );
    for (const { runId } of runs) assert.equal(await outcomeOf(engine, runId), "packed");
    assert.deepEqual((await engine.store.audit({ quiet: false })).findings, []);
  });

  it("lets the retry of a state decide about attempts that fail, each under the same id", async (t) => {
    const { engine, serve } = await openWhole(t, open);
    const asked: string[] = [];
    await serve(async ({ commandId, attempt }) => {
      asked.push(`${commandId} ${attempt}`);
      if (attempt < 3) throw failure("unavailable");
      return PACKED;
    });
    const { runId } = await engine.client.start("parcel", { data: {} });
    assert.equal(await outcomeOf(engine, runId), "packed");
    assert.deepEqual(
      asked,
      [1, 2, 3].map((attempt) => `${runId}:1:0 ${attempt}`),
    );
  });

  it("tells a run that its command failed, at once for good or after its last attempt", async (t) => {
    const { engine, serve } = await openWhole(t, open);
    const attempts = new Map<string, number>();
    await serve(async ({ runId, data, attempt }) => {
      attempts.set(runId, attempt);
      throw failure((data as { kind: ErrorKind }).kind);
    });
    for (const [kind, count] of [
      ["invalid", 1],
      ["overloaded", 3],
    ] as const) {
      const { runId } = await engine.client.start("parcel", { data: { kind } });
      assert.equal(await outcomeOf(engine, runId), "failed");
      assert.equal(attempts.get(runId), count);
    }
  });

  it("asks again and again in a poll, until a query has found something", async (t) => {
    const { engine, serve } = await openWhole(t, open);
    let queries = 0;
    await serve(async () => (++queries < 3 ? null : PACKED));
    const { runId } = await engine.client.start("lost-parcel", { data: {} });
    assert.equal(await outcomeOf(engine, runId), "packed");
    assert.ok(queries >= 3);
  });

  it("takes an answer that comes later, and no notice of any that comes again", async (t) => {
    const { engine, serve, broker } = await openWhole(t, open);
    const asked: CommandMessage[] = [];
    await serve(async (command) => {
      asked.push(command);
      return null;
    });
    const { runId } = await engine.client.start("parcel", { data: {} });
    await until("it is asked", () => asked.length === 1);
    const about = { runId, commandId: `${runId}:1:0`, attempt: 1 };
    const answer = received(encodeReply({ kind: "answer", ...about, event: { type: "Packed", data: {} } }));
    await broker.injectReply(answer);
    assert.equal(await outcomeOf(engine, runId), "packed");
    const { version = 0 } = (await engine.client.get(runId)) ?? {};
    await broker.injectReply(answer);
    const error = { code: "SHOP_AWAY", kind: "unavailable", message: "away" } as const;
    await broker.injectReply(received(encodeReply({ kind: "failure", ...about, error })));
    await passes(engine, broker, runId, version);
  });

  it("buries replies for runs that do not exist, events that no flow knows and data that breaks a schema, with the engine's reason", async (t) => {
    const { engine, serve, broker } = await openWhole(t, open);
    await serve(async () => null);
    const { runId } = await engine.client.start("parcel", { data: {} });
    const unknown = { kind: "event", runId, event: { id: "u", type: "Lost", data: {} } } as const;
    await broker.injectReply(receivedReply(eventFor(404, "nobody")));
    await broker.injectReply(receivedReply({ ...eventFor(1, "odd"), runId: "no-uuid" }));
    await broker.injectReply(receivedReply(unknown));
    const broken = { kind: "event", runId, event: { id: "b", type: "Noted", data: { note: 1 } } } as const;
    await broker.injectReply(receivedReply(broken));
    await until("all are buried", async () => (await broker.deadReplies()).length >= 4);
    assert.deepEqual((await broker.deadReplies()).map(({ reason }) => reason).toSorted(), [
      "FLOW_BAD_EVENT",
      "FLOW_UNKNOWN_EVENT",
      "FLOW_UNKNOWN_RUN",
      "FLOW_UNKNOWN_RUN",
    ]);
  });

  it("carries the trace of a run to the service, and the service's back to the run", async (t) => {
    const [ours, theirs] = [recordingTracer(), recordingTracer()];
    const { engine, serve } = await openWhole(t, open, ours);
    await serve(async () => PACKED, { tracer: theirs });
    const { runId } = await engine.client.start("parcel", { data: {} });
    assert.equal(await outcomeOf(engine, runId), "packed");
    await until("its end is traced", () => ours.spans.some(({ name }) => name === "run parcel"));
    const [handled] = theirs.spans;
    const sent = ours.spans.find(({ attributes }) => attributes["sluice.command.type"] === "Pack");
    const moved = ours.spans.find(({ name }) => name === "parcel packing → done");
    assert.equal(handled?.kind, "consumer");
    assert.deepEqual(handled?.parent, sent?.context);
    assert.deepEqual(moved?.parent, handled?.context);
    assert.equal(new Set([...ours.spans, ...theirs.spans].map(({ traceId }) => traceId)).size, 1);
  });

  it("brings a trace back over a service that traces nothing", async (t) => {
    const tracer = recordingTracer();
    const { engine, serve } = await openWhole(t, open, tracer);
    await serve(async () => PACKED);
    const { runId } = await engine.client.start("parcel", { data: {} });
    assert.equal(await outcomeOf(engine, runId), "packed");
    await until("its end is traced", () => tracer.spans.some(({ name }) => name === "run parcel"));
    const sent = tracer.spans.find(({ attributes }) => attributes["sluice.command.type"] === "Pack");
    const moved = tracer.spans.find(({ name }) => name === "parcel packing → done");
    assert.deepEqual(moved?.parent, sent?.context);
  });

  it("drains a service that is stopped, and loses no command to its restart", async (t) => {
    const { engine, serve } = await openWhole(t, open);
    let effects = 0;
    const pack: Pack = async () => {
      effects++;
      await new Promise((resolve) => void setTimeout(resolve, 2));
      return PACKED;
    };
    const inbox = memoryInbox();
    const first = await serve(pack, { inbox });
    const runs = await Promise.all(
      Array.from({ length: 60 }, () => engine.client.start("parcel", { data: {} })),
    );
    await until("some are done", () => effects > 5);
    await first.stop();
    await serve(pack, { inbox });
    for (const { runId } of runs) assert.equal(await outcomeOf(engine, runId), "packed");
    assert.equal(effects, runs.length);
  });
}

interface Whole {
  readonly engine: Engine;
  readonly broker: BrokerHarness;
  serve(pack: Pack, parts?: { readonly inbox?: Inbox; readonly tracer?: Tracer }): Promise<CommandServer>;
}

async function openWhole(t: TestContext, open: OpenBroker, tracer: Tracer = NO_TRACER): Promise<Whole> {
  const broker = await open(t, BOUNDS);
  const database = createMemoryDatabase({ nowMs: () => Date.now() });
  const engine = await createEngine({
    store: createMemoryStore({ database, engineId: "contract" }),
    flows: [parcel, lostParcel],
    participants: [broker.transport()],
    tracer,
    options: { lanes: 4, stopMs: 5_000 },
  });
  const servers: CommandServer[] = [];
  t.after(async () => {
    for (const server of servers) await server.stop();
    await engine.stop();
  });
  await engine.start();
  const serve: Whole["serve"] = async (pack, parts = {}) => {
    const source = broker.source();
    const server = await serveCommands({
      source,
      inbox: memoryInbox(),
      ...parts,
      handlers: { Pack: pack },
      retry: { attemptsMax: 1 },
    });
    servers.push(server);
    return server;
  };
  return { engine, broker, serve };
}

/** Once an event behind them has been taken in, those before it have been; the run must not have changed by them. */
async function passes(engine: Engine, broker: BrokerHarness, runId: string, version: number): Promise<void> {
  await broker.injectReply(
    receivedReply({ kind: "event", runId, event: { id: "behind", type: "Noted", data: {} } }),
  );
  const entries = async () => (await engine.client.history({ runId, limit: 100 })).items;
  await until("the event behind them is in", async () =>
    (await entries()).some(({ eventId }) => eventId === "behind"),
  );
  assert.deepEqual(
    (await entries()).slice(version).map(({ kind, eventId }) => [kind, eventId]),
    [["unexpected", "behind"]],
  );
  assert.deepEqual(await broker.deadReplies(), []);
}

async function outcomeOf(engine: Engine, runId: string): Promise<string | null | undefined> {
  return (await engine.client.waitFinal(runId, FINAL_MS_MAX))?.outcome;
}

function failure(kind: ErrorKind): Error {
  return new CodedError(`SHOP_${kind.toUpperCase()}`, kind, "as the test wants it");
}
