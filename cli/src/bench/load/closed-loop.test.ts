import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runFor } from "../fixtures/run-for.ts";
import { closedLoop } from "./closed-loop.ts";
import type { Load, LoadWatch } from "./load.ts";

const LOAD: Load = { inFlight: 3, arrivalsPerSecond: null, warmUpSeconds: 0.02, seconds: 0.1 };

function makeWatch(signal: AbortSignal = new AbortController().signal) {
  const seen: string[] = [];
  const watch: LoadWatch = { signal, opened: () => seen.push("opened"), closed: () => seen.push("closed") };
  return { seen, watch };
}

/** Keeps the whole process busy, as a long batch does. */
function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

describe("a closed loop", () => {
  it("keeps so many runs in flight, and counts those that end while its window is open", async () => {
    let underWay = 0;
    let most = 0;
    let ended = 0;
    const { seen, watch } = makeWatch();
    const result = await closedLoop(
      async () => {
        most = Math.max(most, ++underWay);
        await runFor(5);
        underWay--;
        ended++;
      },
      LOAD,
      watch,
    );
    assert.equal(most, 3);
    assert.equal(underWay, 0);
    assert.deepEqual(seen, ["opened", "closed"]);
    assert.ok(result.runs > 0 && result.runs < ended, `${result.runs} of ${ended}`);
    assert.ok(result.p50Ms >= 4 && result.seconds >= 0.1, JSON.stringify(result));
  });

  it("opens its window when each caller had its turn, however often the others had theirs", async () => {
    let begun = 0;
    let isLastServed = false;
    let wasLastServed = false;
    await closedLoop(
      async () => {
        const isLast = ++begun === LOAD.inFlight;
        await runFor(isLast ? 80 : 1);
        isLastServed ||= isLast;
      },
      { ...LOAD, warmUpSeconds: 0 },
      { ...makeWatch().watch, opened: () => (wasLastServed = isLastServed) },
    );
    assert.ok(wasLastServed);
  });

  it("keeps its window open until as many runs have ended as there are callers", async () => {
    const result = await closedLoop(() => runFor(80), { ...LOAD, seconds: 0.01 }, makeWatch().watch);
    assert.ok(result.runs >= 3 && result.seconds >= 0.05, JSON.stringify(result));
  });

  it("counts the time a caller was free and not served to its next run", async () => {
    let isOpen = false;
    let blocks = 0;
    const result = await closedLoop(
      async () => {
        await runFor(1);
        // The process stalls once; two of three callers are free by then and cannot begin.
        if (isOpen && blocks++ === 0) setImmediate(() => block(60));
      },
      LOAD,
      { ...makeWatch().watch, opened: () => (isOpen = true) },
    );
    assert.ok(result.maxMs >= 55, `${result.maxMs} ms`);
  });

  it("ends with the error of the first run that fails, when all others have ended", async () => {
    let underWay = 0;
    const failing = closedLoop(
      async () => {
        underWay++;
        await runFor(5);
        underWay--;
        throw new Error("refused");
      },
      LOAD,
      makeWatch().watch,
    );
    await assert.rejects(failing, /refused/);
    assert.equal(underWay, 0);
  });

  it("ends its loops early when it is told to", async () => {
    const abort = new AbortController();
    const startedMs = performance.now();
    const looping = closedLoop(() => runFor(5), { ...LOAD, seconds: 600 }, makeWatch(abort.signal).watch);
    abort.abort();
    await looping;
    assert.ok(performance.now() - startedMs < 5_000);
  });
});
