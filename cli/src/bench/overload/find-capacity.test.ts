import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeOffered } from "../fixtures/overload.ts";
import { findCapacity } from "./find-capacity.ts";

const SEARCH = { firstPerSecond: 100, factor: 2, growthMin: 0.05, flatStepsMax: 2 };
const GOING_ON = new AbortController().signal;

/** A subject that gets so much done, and of more than that less and less. */
function subject(capacityPerSecond: number, lossOfMore = 0) {
  return async (arrivalsPerSecond: number) => {
    const over = Math.max(0, arrivalsPerSecond - capacityPerSecond);
    const goodput = Math.min(arrivalsPerSecond, capacityPerSecond - lossOfMore * over);
    return makeOffered({ arrivalsPerSecond, seconds: 10, done: Math.round(10 * goodput) });
  };
}

describe("the search for capacity", () => {
  it("raises the rate until it gets no more done", async () => {
    const { capacityPerSecond, steps } = await findCapacity(subject(1_000), SEARCH, GOING_ON);
    assert.equal(capacityPerSecond, 1_000);
    assert.deepEqual(
      steps.map(({ arrivalsPerSecond }) => arrivalsPerSecond),
      [100, 200, 400, 800, 1_600, 3_200, 6_400],
    );
  });

  it("takes the best of a subject that gets less done the more is asked for", async () => {
    const { capacityPerSecond } = await findCapacity(subject(1_000, 0.2), SEARCH, GOING_ON);
    assert.equal(capacityPerSecond, 880);
  });

  it("is not ended by one unlucky figure", async () => {
    let asked = 0;
    const { capacityPerSecond } = await findCapacity(
      (rate) => subject(++asked === 3 ? 50 : 1_000)(rate),
      SEARCH,
      GOING_ON,
    );
    assert.equal(capacityPerSecond, 1_000);
  });

  it("ends when it is told to, and believes nothing that was measured meanwhile", async () => {
    const abort = new AbortController();
    const offer = async (rate: number) => {
      if (rate === 200) abort.abort();
      return subject(1_000)(rate);
    };
    const { capacityPerSecond, steps } = await findCapacity(offer, SEARCH, abort.signal);
    assert.deepEqual([capacityPerSecond, steps.length], [100, 1]);
  });
});
