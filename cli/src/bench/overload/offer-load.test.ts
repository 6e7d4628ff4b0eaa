import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runFor } from "../fixtures/run-for.ts";
import { offerLoad } from "./offer-load.ts";
import type { OfferWatch } from "./offer-load.ts";
import type { OfferedLoad } from "./offered.ts";

const LOAD: OfferedLoad = {
  arrivalsPerSecond: 200,
  settleSeconds: 0.05,
  seconds: 0.3,
  connectionsMax: 1_000,
};

function makeWatch(signal: AbortSignal = new AbortController().signal): OfferWatch {
  return { signal, opened: () => {}, closed: () => {} };
}

describe("a load that may be refused", () => {
  it("begins by its schedule, and counts each kind of end apart", async () => {
    const outcomes = ["done", "refused", "done", "failed", "refused-bare"] as const;
    let begun = 0;
    const { ended, p50Ms, callers } = await offerLoad(
      () => Promise.resolve({ outcome: outcomes[begun++ % outcomes.length] ?? "failed" }),
      LOAD,
      makeWatch(),
    );
    assert.equal(begun, 0.35 * 200);
    const all = ended.done + ended.refused + ended["refused-bare"] + ended.failed;
    assert.ok(all > 0 && all <= begun, JSON.stringify(ended));
    assert.ok(ended.done > ended.refused && ended.refused > 0, JSON.stringify(ended));
    assert.ok(p50Ms >= 0 && callers.loopShare > 0 && callers.heldBack === 0, JSON.stringify(callers));
  });

  it("takes the latency of what was done alone, also when it ends behind the window", async () => {
    let begun = 0;
    const result = await offerLoad(
      async () => {
        if (begun++ % 2 === 0) return { outcome: "refused" };
        await runFor(400);
        return { outcome: "done" };
      },
      LOAD,
      makeWatch(),
    );
    assert.equal(result.ended.done, 0);
    assert.ok(result.p50Ms >= 395, JSON.stringify(result));
  });

  it("says how many of its own had to wait for a connection, and lets their wait count", async () => {
    // Twenty a second are carried out, and twenty-five are planned: each waits a little longer than the one before.
    const load = { ...LOAD, arrivalsPerSecond: 25, connectionsMax: 1 };
    const result = await offerLoad(
      async () => {
        await runFor(50);
        return { outcome: "done" };
      },
      load,
      makeWatch(),
    );
    assert.ok(result.callers.heldBack > 0, JSON.stringify(result));
    assert.ok(result.callers.lateP99Ms >= 15 && result.maxMs >= 65, JSON.stringify(result));
  });

  it("says so as well of those that could not begin at all", async () => {
    const result = await offerLoad(
      async () => {
        await runFor(600);
        return { outcome: "done" };
      },
      { ...LOAD, connectionsMax: 1 },
      makeWatch(),
    );
    assert.equal(result.callers.heldBack, 0.3 * 200);
  });

  it("counts a request that breaks as failed, with its reason, and goes on", async () => {
    const result = await offerLoad(() => Promise.reject(new Error("cut")), LOAD, makeWatch());
    assert.ok(result.ended.failed > 1);
    assert.match(result.failures[0] ?? "", /cut/);
  });

  it("stops offering load when it is told to", async () => {
    const abort = new AbortController();
    const startedMs = performance.now();
    const ask = () => Promise.resolve({ outcome: "done" as const });
    const offering = offerLoad(ask, { ...LOAD, seconds: 600 }, makeWatch(abort.signal));
    abort.abort();
    await offering;
    assert.ok(performance.now() - startedMs < 5_000);
  });
});
