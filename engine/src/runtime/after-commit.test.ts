/** What goes wrong after a commit, when the batch can be neither undone nor tried again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FlowDefinition } from "../core/flow.ts";
import type { LogPort, MeterPort, Tracer } from "../core/ports.ts";
import { recordingTracer } from "../testing/recording-tracer.ts";
import { assertSound, memoryDatabase, remote, startEngine, until } from "./fixtures/memory-engine.ts";

const parcel: FlowDefinition = {
  name: "parcel",
  version: 1,
  events: { Sent: { type: "object" } },
  commands: { Send: { channel: "carrier", answers: ["Sent"] } },
  initial: "sending",
  states: {
    sending: { send: { Send: "data" }, on: { Sent: "sent" } },
    sent: { final: "sent" },
  },
};

/** A participant that has counted what it was asked. */
function carrier() {
  const asked: string[] = [];
  const participant = remote("carrier", ({ commandId }) => {
    asked.push(commandId);
    return { type: "answered", event: { type: "Sent", data: {} } };
  });
  return { asked, participant };
}

/** Of a log, only what it says at error. */
function errorLog(): { readonly log: LogPort; readonly errors: readonly string[] } {
  const errors: string[] = [];
  const quiet = (): void => {};
  return {
    errors,
    log: { debug: quiet, info: quiet, warn: quiet, error: (_, message) => void errors.push(message) },
  };
}

test("a command is sent all the same when tracing its committed batch fails", async (t) => {
  const { asked, participant } = carrier();
  const { log, errors } = errorLog();
  const recording = recordingTracer();
  let isBroken = true;
  const tracer: Tracer = {
    ...recording,
    begin: (span) => {
      if (isBroken && span.name.includes("→")) {
        isBroken = false;
        throw new Error("the tracer is broken");
      }
      return recording.begin(span);
    },
  };
  const engine = await startEngine(t, memoryDatabase(), {
    flows: [parcel],
    participants: [participant],
    tracer,
    log,
  });
  const { runId, isDecided } = await engine.client.start("parcel", { data: {} });
  assert.ok(isDecided);
  await until("the parcel is sent", async () => (await engine.client.require(runId)).outcome === "sent");
  assert.equal(asked.length, 1);
  assert.equal(errors.length, 1);
  await assertSound(engine);
});

test("a caller whose committed batch cannot be counted is told that it may have happened, and its repeat that it has", async (t) => {
  const { asked, participant } = carrier();
  const { log, errors } = errorLog();
  let isBroken = true;
  const quiet = (): void => {};
  const meter: MeterPort = {
    counter: () => ({ inc: quiet }),
    gauge: () => ({ set: quiet }),
    histogram: (name) => ({
      observe: () => {
        if (!isBroken || !name.includes("batch")) return;
        isBroken = false;
        throw new Error("the meter is broken");
      },
    }),
  };
  const engine = await startEngine(t, memoryDatabase(), {
    flows: [parcel],
    participants: [participant],
    meter,
    log,
  });
  const start = () => engine.client.start("parcel", { data: {}, key: "p-1", idempotencyKey: "s-1" });
  await assert.rejects(start(), { code: "FLOW_OUTCOME_UNKNOWN" });
  const { runId } = await start();
  await until("the parcel is sent", async () => (await engine.client.require(runId)).outcome === "sent");
  assert.equal(asked.length, 1);
  assert.equal(errors.length, 1);
  await assertSound(engine);
});
