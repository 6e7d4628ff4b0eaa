import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toLoadedFlow } from "../../definition/load-flow.ts";
import { BEGINNINGS } from "./calendar.ts";
import { generateFlows } from "./generate-flow.ts";
import { Random } from "./random.ts";

const SEEDS = 200;

describe("random flows", () => {
  it("are such as a load accepts, in all their versions", () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const flows = generateFlows(new Random(seed), {
        flows: 3,
        isLong: seed % 2 === 0,
        beginning: new Random(seed).pick(BEGINNINGS),
      });
      const versions = flows.flatMap((flow) => flow.versions);
      const findings = versions.flatMap((version) => toLoadedFlow(version).findings);
      const errors = findings.filter(({ severity }) => severity === "error");
      assert.deepEqual(errors, [], `flows of seed ${seed}`);
    }
  });

  it("are the same for the same seed", () => {
    const draw = (): string =>
      JSON.stringify(
        generateFlows(new Random(7), { flows: 3, isLong: false, beginning: new Random(7).pick(BEGINNINGS) }),
      );
    assert.equal(draw(), draw());
  });
});
