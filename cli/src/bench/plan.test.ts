import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { USUAL_CASES, isWish, planCases } from "./plan.ts";

describe("the plan of a benchmark", () => {
  it("has the cases behind the goals where nobody asks for others", () => {
    assert.equal(isWish({}), false);
    for (const [flow, participants, inFlight] of [
      ["purchase", "transactional", 1_000],
      ["purchase", "transactional", 20_000],
      [3, "local", 1],
    ] as const) {
      const found = USUAL_CASES.some(
        (each) => each.flow === flow && each.participants === participants && each.inFlight === inFlight,
      );
      assert.ok(found, `${flow} ${participants} ${inFlight}`);
    }
  });

  it("has every combination of what was asked for", () => {
    const cases = planCases({ steps: [1, 5], participants: ["local", "http"], inFlight: [7] });
    assert.equal(isWish({ inFlight: [7] }), true);
    assert.deepEqual(
      cases.map(({ flow, participants, door, inFlight }) => [flow, participants, door, inFlight]),
      [
        [1, "local", "library", 7],
        [1, "http", "library", 7],
        [5, "local", "library", 7],
        [5, "http", "library", 7],
      ],
    );
  });

  it("has with all: 1, 3 and 5 steps, each kind of participants, both doors, up to 20,000 runs in flight", () => {
    const cases = planCases({ all: true });
    assert.equal(cases.length, 3 * 3 * 2 * 4 + 3 * 4);
    assert.equal(new Set(cases.map((each) => JSON.stringify(each))).size, cases.length);
    assert.deepEqual([...new Set(cases.map(({ inFlight }) => inFlight))], [1, 50, 1_000, 20_000]);
  });

  it("starts a purchase through the library only", () => {
    assert.deepEqual(planCases({ steps: ["purchase"], door: ["http"] }), []);
    assert.ok(planCases({ all: true }).every(({ flow, door }) => flow !== "purchase" || door === "library"));
  });

  it("lets as many runs be under way at a rate as one measurement can use", () => {
    const [only, ...others] = planCases({ rate: 300 });
    assert.deepEqual(others, []);
    assert.equal(only?.arrivalsPerSecond, 300);
    assert.equal(only?.inFlight, 1_000);
  });
});
