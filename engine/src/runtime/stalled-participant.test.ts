/** A participant that answers nobody: its own runs wait, within the limits of its channel, and those of others never notice. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CommandMessage } from "@sluice/contracts/envelope";
import type { FlowDefinition } from "../core/flow.ts";
import type { Settlement } from "../core/inputs.ts";
import type { Transport } from "../core/ports.ts";
import { assertSound, memoryDatabase, remote, startEngine, until } from "./fixtures/memory-engine.ts";

const OBJECT = { type: "object" };

/** Two steps over one channel. */
function flowOver(channel: string): FlowDefinition {
  return {
    name: `over-${channel}`,
    version: 1,
    events: { Carried: OBJECT },
    commands: { Carry: { channel, answers: ["Carried"] } },
    initial: "first",
    states: {
      first: { send: { Carry: { pick: [] } }, on: { Carried: "second" } },
      second: { send: { Carry: { pick: [] } }, on: { Carried: "done" } },
      done: { final: "completed" },
    },
  };
}

const CARRIED: Settlement = { type: "answered", event: { type: "Carried", data: {} } };

/** Takes as many commands at once as its channel lets out, and answers none before it is let go. */
function stalling(channel: string, sendsMax: number) {
  const waiting: (() => void)[] = [];
  let isStalled = true;
  let underWay = 0;
  const seen = { mostUnderWay: 0, commands: new Set<string>() };
  const send = async (command: CommandMessage): Promise<Settlement> => {
    seen.commands.add(command.commandId);
    seen.mostUnderWay = Math.max(seen.mostUnderWay, ++underWay);
    if (isStalled) await new Promise<void>((resolve) => waiting.push(resolve));
    underWay--;
    return CARRIED;
  };
  const transport: Transport = { ...remote(channel, send), sendsMax };
  const letGo = (): void => {
    isStalled = false;
    for (const resolve of waiting.splice(0)) resolve();
  };
  return { transport, seen, letGo };
}

const SENDS_MAX = 7;
const RUNS = 200;

describe("a participant that answers nobody", () => {
  it("holds up its own runs and nobody else's, and gets no more than its channel lets out at once", async (t) => {
    const stalled = stalling("stalled", SENDS_MAX);
    const engine = await startEngine(t, memoryDatabase(), {
      flows: [flowOver("stalled"), flowOver("lively")],
      participants: [stalled.transport, remote("lively", () => CARRIED)],
      // One writer: the two flows share each batch, and a queue.
      options: { writers: 1, batchInputsMax: 10 },
    });
    const start = async (channel: string): Promise<string> =>
      (await engine.client.start(`over-${channel}`, { data: {} })).runId;
    // Every lane has runs of both, and those that stall were first.
    const waiting = await Promise.all(Array.from({ length: RUNS }, () => start("stalled")));
    const moving = await Promise.all(Array.from({ length: RUNS }, () => start("lively")));

    for (const runId of moving) {
      const run = await engine.client.waitFinal(runId, 10_000);
      assert.equal(run?.outcome, "completed");
    }
    for (const runId of waiting) {
      const { state, outcome } = await engine.client.require(runId);
      assert.deepEqual([state, outcome], ["first", null]);
    }
    assert.equal(stalled.seen.commands.size, SENDS_MAX);

    stalled.letGo();
    for (const runId of waiting) {
      const run = await engine.client.waitFinal(runId, 10_000);
      assert.equal(run?.outcome, "completed");
    }
    assert.equal(stalled.seen.mostUnderWay, SENDS_MAX);
    assert.equal(stalled.seen.commands.size, 2 * RUNS);
    await assertSound(engine);
  });

  it("keeps no event from the runs that wait for it, and never gets what they do not wait for any more", async (t) => {
    const stalled = stalling("stalled", SENDS_MAX);
    const flow = flowOver("stalled");
    const leaving: FlowDefinition = {
      ...flow,
      events: { ...flow.events, Left: OBJECT, Ended: OBJECT },
      states: {
        ...flow.states,
        first: { send: { Carry: { pick: [] } }, on: { Carried: "second", Left: "away" } },
        away: { on: { Ended: "done" } },
      },
    };
    const engine = await startEngine(t, memoryDatabase(), {
      flows: [leaving],
      participants: [stalled.transport],
    });
    const runs = await Promise.all(
      Array.from({ length: RUNS }, () => engine.client.start(leaving.name, { data: {} })),
    );
    for (const { runId } of runs) {
      await engine.client.send(runId, { type: "Left", data: {} });
      assert.equal((await engine.client.require(runId)).state, "away");
    }
    // What was withdrawn before it left never leaves.
    stalled.letGo();
    await until("the outbox is empty", async () => (await engine.store.totals()).outboxDepth === 0);
    assert.equal(stalled.seen.commands.size, SENDS_MAX);
    await assertSound(engine);
  });
});
