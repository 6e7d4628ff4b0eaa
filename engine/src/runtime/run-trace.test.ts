/** What a trace shows of runs, in the whole engine. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CommandMessage } from "@sluice/contracts/envelope";
import type { FlowDefinition } from "../core/flow.ts";
import type { Settlement } from "../core/inputs.ts";
import type { Tracer } from "../core/ports.ts";
import { recordingTracer } from "../testing/recording-tracer.ts";
import type { RecordedSpan } from "../testing/recording-tracer.ts";
import { memoryDatabase, remote, startEngine, transactional, until } from "./fixtures/memory-engine.ts";

const OBJECT = { type: "object" };
const FOREIGN = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
const FOREIGN_ID = FOREIGN.traceparent.slice(3, 35);

const parcel: FlowDefinition = {
  name: "parcel",
  version: 1,
  events: { Packed: OBJECT, Shipped: OBJECT, Noted: OBJECT, Received: OBJECT },
  commands: {
    Pack: { channel: "warehouse", answers: ["Packed"] },
    Ship: { channel: "carrier", answers: ["Shipped"] },
  },
  initial: "packing",
  states: {
    packing: { send: { Pack: "data" }, on: { Packed: "shipping" } },
    shipping: {
      send: { Ship: "data" },
      retry: { attempts: 3, first: "1ms", max: "2ms" },
      on: { Shipped: "resting" },
    },
    resting: { after: { delay: "1ms", target: "waiting" } },
    waiting: { on: { Noted: "waiting", Received: "done" } },
    done: { final: "received" },
  },
};

const parent: FlowDefinition = {
  name: "order",
  version: 1,
  events: { Delivered: OBJECT },
  commands: { Deliver: { flow: "parcel", outcomes: { received: "Delivered" } } },
  initial: "delivering",
  states: {
    delivering: { send: { Deliver: "data" }, on: { Delivered: "done" } },
    done: { final: "done" },
  },
};

const RUNS = 50;

const PACKED = () => ({ type: "Packed", data: {} });
const SHIPPED: Settlement = { type: "answered", event: { type: "Shipped", data: {} } };

const warehouse = transactional("warehouse", ["Pack"], PACKED);

function names(spans: readonly RecordedSpan[]): string[] {
  return spans.map(({ name }) => name);
}

function traceIds(spans: readonly RecordedSpan[]): string[] {
  return [...new Set(spans.map(({ traceId }) => traceId))];
}

/** The name of the span that another is part of. */
function aboveOf(spans: readonly RecordedSpan[], name: string): string | undefined {
  const span = spans.find((each) => each.name === name);
  return spans.find(({ context }) => context.traceparent === span?.parent?.traceparent)?.name;
}

describe("a trace of a run", () => {
  test("shows its start, each command, each transition and its end as parts of one trace", async (t) => {
    const tracer = recordingTracer();
    const asked: string[] = [];
    const carrier = {
      ...remote("carrier", () => SHIPPED),
      send: async (commands: readonly CommandMessage[], _: AbortSignal, traces: readonly unknown[] = []) => {
        asked.push(...traces.map((trace) => (trace as { traceparent: string }).traceparent.slice(3, 35)));
        return commands.map(() => SHIPPED);
      },
    };
    const engine = await startEngine(t, memoryDatabase(), {
      flows: [parcel],
      participants: [warehouse, carrier],
      tracer,
    });
    const { runId } = await engine.client.start("parcel", { data: {} });
    await until("it waits", async () => (await engine.client.get(runId))?.state === "waiting");
    await engine.client.send(runId, { type: "Received", data: {} });
    await until("its end is traced", () => names(tracer.spans).includes("run parcel"));
    assert.deepEqual(names(tracer.spans).toSorted(), [
      "Pack",
      "Ship",
      "parcel packing → shipping",
      "parcel resting → waiting",
      "parcel shipping → resting",
      "parcel start → packing",
      "parcel waiting → done",
      "run parcel",
      "start parcel",
    ]);
    const [traceId = ""] = traceIds(tracer.spans);
    assert.deepEqual(traceIds(tracer.spans), [traceId]);
    assert.deepEqual(asked, [traceId]);
    assert.equal(aboveOf(tracer.spans, "parcel start → packing"), "start parcel");
    assert.equal(aboveOf(tracer.spans, "parcel packing → shipping"), "Pack");
    assert.equal(aboveOf(tracer.spans, "Ship"), "parcel packing → shipping");
    assert.equal(aboveOf(tracer.spans, "parcel shipping → resting"), "Ship");
    const end = tracer.spans.find(({ name }) => name === "run parcel");
    assert.equal(end?.attributes["sluice.run.outcome"], "received");
    assert.equal(end?.attributes["sluice.run.id"], runId);
  });

  test("is the trace of whoever started it; an event out of another trace is linked with that", async (t) => {
    const tracer = recordingTracer();
    const engine = await startEngine(t, memoryDatabase(), {
      flows: [parcel],
      participants: [warehouse, remote("carrier", () => SHIPPED)],
      tracer,
    });
    const request = tracer.begin({ name: "POST", kind: "server", parent: FOREIGN });
    const { runId } = await request.run(() => engine.client.start("parcel", { data: {} }));
    await until("it waits", async () => (await engine.client.get(runId))?.state === "waiting");
    const other = tracer.begin({ name: "PUT", kind: "server" });
    await other.run(() => engine.client.send(runId, { type: "Received", data: {} }));
    await until("its end is traced", () => names(tracer.spans).includes("run parcel"));
    assert.deepEqual(traceIds(tracer.spans), [FOREIGN_ID]);
    const last = tracer.spans.find(({ name }) => name === "parcel waiting → done");
    assert.deepEqual(last?.links, [other.context]);
    assert.deepEqual((await engine.client.get(runId))?.trace, request.context);
  });

  test("goes on in the engine that takes over, with what is stored of the run", async (t) => {
    const database = memoryDatabase();
    const [first, second] = [recordingTracer(), recordingTracer()];
    const parts = { flows: [parcel], options: { lanes: 4, leaseMs: 300, stopMs: 50 } };
    const isAsked = Promise.withResolvers<void>();
    const hanging = remote("carrier", () => {
      isAsked.resolve();
      return new Promise<Settlement>(() => {});
    });
    const one = await startEngine(t, database, {
      ...parts,
      participants: [warehouse, hanging],
      tracer: first,
    });
    const { runId } = await one.client.start("parcel", { data: {} });
    await isAsked.promise;
    await one.stop();
    const carrier = remote("carrier", () => SHIPPED);
    const participants = [warehouse, carrier];
    const two = await startEngine(t, database, {
      ...parts,
      engineId: "engine-2",
      participants,
      tracer: second,
    });
    await until("it waits", async () => (await two.client.get(runId))?.state === "waiting");
    await until("the last transition is traced", () =>
      names(second.spans).includes("parcel resting → waiting"),
    );
    assert.deepEqual(names(second.spans), ["Ship", "parcel shipping → resting", "parcel resting → waiting"]);
    assert.deepEqual(traceIds(second.spans), traceIds(first.spans));
  });

  test("holds the runs that it starts, and theirs", async (t) => {
    const tracer = recordingTracer();
    const participants = [warehouse, remote("carrier", () => SHIPPED)];
    const engine = await startEngine(t, memoryDatabase(), { flows: [parcel, parent], participants, tracer });
    const { runId } = await engine.client.start("order", { data: {} });
    const childId = await (async () => {
      let child: string | undefined;
      await until("the child waits", async () => {
        child = (await engine.client.get(runId))?.commands[0]?.childId;
        return child !== undefined && (await engine.client.get(child))?.state === "waiting";
      });
      return child ?? "";
    })();
    await engine.client.send(childId, { type: "Received", data: {} });
    await until("its end is traced", () => names(tracer.spans).includes("run order"));
    assert.equal(traceIds(tracer.spans).length, 1);
    for (const name of [
      "order start → delivering",
      "parcel start → packing",
      "run parcel",
      "order delivering → done",
    ])
      assert.ok(names(tracer.spans).includes(name), name);
  });

  test("is linked from a call that serves several runs at once, which is part of none of their traces", async (t) => {
    const tracer = recordingTracer();
    const held = Promise.withResolvers<void>();
    let calls = 0;
    const slow = {
      ...warehouse,
      handle: async (_: string, commands: readonly CommandMessage[]) => {
        if (calls++ === 0) await held.promise;
        return commands.map(PACKED);
      },
    };
    const engine = await startEngine(t, memoryDatabase(), {
      flows: [parcel],
      participants: [slow, remote("carrier", () => SHIPPED)],
      tracer,
      options: { lanes: 1, writers: 1 },
    });
    const first = engine.client.start("parcel", { data: {} });
    await until("the first is called", () => calls === 1);
    const others = [1, 2, 3].map(() => engine.client.start("parcel", { data: {} }));
    held.resolve();
    await Promise.all([first, ...others]);
    await until(
      "the calls are traced",
      () => names(tracer.spans).filter((name) => name === "Pack").length === 2,
    );
    const [alone, shared] = tracer.spans.filter(({ name }) => name === "Pack");
    assert.ok(alone?.parent !== undefined);
    assert.deepEqual([shared?.parent, shared?.links.length], [undefined, 3]);
    const linked = tracer.spans.filter(({ links }) =>
      links.some(({ traceparent }) => traceparent === shared?.context.traceparent),
    );
    assert.deepEqual(names(linked), Array(3).fill("parcel packing → shipping"));
    assert.equal(traceIds(linked).length, 3);
  });

  test("shows the attempts that failed, with the codes of their errors", async (t) => {
    const tracer = recordingTracer();
    let attempts = 0;
    const failed: Settlement = {
      type: "failed",
      error: { code: "CARRIER_AWAY", kind: "unavailable", message: "away" },
    };
    const carrier = remote("carrier", () => (++attempts < 3 ? failed : SHIPPED));
    const engine = await startEngine(t, memoryDatabase(), {
      flows: [parcel],
      participants: [warehouse, carrier],
      tracer,
    });
    const { runId } = await engine.client.start("parcel", { data: {} });
    await until("it waits", async () => (await engine.client.get(runId))?.state === "waiting");
    const ships = tracer.spans.filter(({ name }) => name === "Ship");
    assert.deepEqual(
      ships.map(({ error, attributes }) => [attributes["sluice.command.attempt"], error]),
      [
        [1, "CARRIER_AWAY"],
        [2, "CARRIER_AWAY"],
        [3, null],
      ],
    );
    assert.equal(traceIds(tracer.spans).length, 1);
  });

  test("is neither made nor stored where nobody traces, and not begun in the middle of a run", async (t) => {
    const database = memoryDatabase();
    const participants = [warehouse, remote("carrier", () => SHIPPED)];
    const silent = await startEngine(t, database, { flows: [parcel], participants });
    const { runId } = await silent.client.start("parcel", { data: {} });
    await until("it waits", async () => (await silent.client.get(runId))?.state === "waiting");
    assert.equal((await silent.client.get(runId))?.trace, undefined);
    await silent.stop();
    const tracer = recordingTracer();
    const engine = await startEngine(t, database, {
      engineId: "engine-2",
      flows: [parcel],
      participants,
      tracer,
    });
    await engine.client.send(runId, { type: "Received", data: {} });
    await until("it is over", async () => (await engine.client.get(runId))?.outcome === "received");
    assert.deepEqual(tracer.spans, []);
  });

  test("that nobody wants costs a look at a flag for a start, a batch, a call and a message, and nothing else", async (t) => {
    const looked = { times: 0 };
    const wanted = (): never => assert.fail("nobody traces");
    const tracer: Tracer = {
      get isOn() {
        looked.times++;
        return false;
      },
      active: wanted,
      begin: wanted,
    };
    const participants = [warehouse, remote("carrier", () => SHIPPED)];
    const engine = await startEngine(t, memoryDatabase(), { flows: [parcel], participants, tracer });
    const runs = await Promise.all(
      Array.from({ length: RUNS }, () => engine.client.start("parcel", { data: {} })),
    );
    for (const { runId } of runs) {
      await until("it waits", async () => (await engine.client.get(runId))?.state === "waiting");
      await engine.client.send(runId, { type: "Received", data: {} });
    }
    // Five transitions each: on its own in a batch, with a call or a message, a transition could look twice.
    const transitions = RUNS * Object.keys(parcel.states).length;
    t.diagnostic(`${looked.times} looks for ${transitions} transitions`);
    assert.ok(looked.times > 0 && looked.times <= 2 * transitions, `${looked.times} looks`);
  });
});
