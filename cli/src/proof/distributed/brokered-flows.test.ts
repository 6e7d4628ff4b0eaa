import assert from "node:assert/strict";
import { test } from "node:test";
import { LOCAL_CHANNEL, REMOTE_CHANNELS, typesOn } from "../storm/storm-app.ts";
import { brokeredFlows, stormFlows } from "../storm/storm-flows.ts";

const SEEDS = Array.from({ length: 100 }, (_, at) => at + 1);

test("the flows of every seed have something to send over a broker, and nothing that bypasses it in the engine's process", () => {
  for (const seed of SEEDS) {
    const flows = brokeredFlows(seed);
    assert.deepEqual(typesOn(LOCAL_CHANNEL, flows), [], `seed ${seed}`);
    const sent = REMOTE_CHANNELS.flatMap((channel) => typesOn(channel, flows));
    assert.ok(sent.length > 0, `seed ${seed}`);
    const others = [LOCAL_CHANNEL, ...REMOTE_CHANNELS].flatMap((channel) =>
      typesOn(channel, stormFlows(seed)),
    );
    assert.deepEqual(new Set(sent), new Set(others), `seed ${seed}`);
  }
});
