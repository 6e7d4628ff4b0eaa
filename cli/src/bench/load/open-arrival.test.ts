import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runFor } from "../fixtures/run-for.ts";
import type { LoadWatch } from "./load.ts";
import { openArrival } from "./open-arrival.ts";

const LOAD = { inFlight: 1_000, arrivalsPerSecond: 200, warmUpSeconds: 0.05, seconds: 0.3 };

function makeWatch(signal: AbortSignal = new AbortController().signal): LoadWatch {
  return { signal, opened: () => {}, closed: () => {} };
}

describe("runs by a schedule", () => {
  it("begin at their rate, however long each takes", async () => {
    let begun = 0;
    const result = await openArrival(
      async () => {
        begun++;
        await runFor(100);
      },
      LOAD,
      makeWatch(),
    );
    assert.equal(begun, 0.35 * 200);
    assert.ok(result.p50Ms >= 95, JSON.stringify(result));
  });

  it("feel a stall in every run that was planned during it, also in those that could not begin", async () => {
    let calls = 0;
    // One run at a time, and the twentieth hangs for 150 ms: thirty runs are planned behind it.
    const result = await openArrival(
      () => (++calls === 20 ? runFor(150) : Promise.resolve()),
      { ...LOAD, inFlight: 1 },
      makeWatch(),
    );
    assert.ok(result.maxMs >= 145, JSON.stringify(result));
    assert.ok(result.p50Ms >= 10, `half of the runs waited: ${JSON.stringify(result)}`);
  });

  it("count all that were planned in the window, also those that end after it", async () => {
    const result = await openArrival(() => runFor(400), LOAD, makeWatch());
    assert.equal(result.runs, 0);
    assert.ok(result.p50Ms >= 395, JSON.stringify(result));
  });

  it("end with the error of a run that fails", async () => {
    await assert.rejects(
      openArrival(() => Promise.reject(new Error("refused")), LOAD, makeWatch()),
      /refused/,
    );
  });

  it("end early when they are told to", async () => {
    const abort = new AbortController();
    const startedMs = performance.now();
    const running = openArrival(() => runFor(1), { ...LOAD, seconds: 600 }, makeWatch(abort.signal));
    abort.abort();
    await running;
    assert.ok(performance.now() - startedMs < 5_000);
  });
});
