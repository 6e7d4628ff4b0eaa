import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cpuParts, heaviestFunctions } from "./cpu-parts.ts";
import type { CpuProfile } from "./cpu-profile.ts";
import { startCpuProfile } from "./cpu-profile.ts";

interface Frame {
  readonly name: string;
  readonly url: string;
  readonly ms: number;
  readonly children?: readonly number[];
  readonly ticks?: readonly { readonly line: number; readonly ticks: number }[];
}

/** A profile of frames numbered from 1, the first of which is the root. */
function makeProfile(frames: readonly Frame[]): CpuProfile {
  return {
    nodes: frames.map(({ name, url, children = [], ticks = [] }, at) => ({
      id: at + 1,
      callFrame: { functionName: name, scriptId: "0", url, lineNumber: 0, columnNumber: 0 },
      children: [...children],
      positionTicks: [...ticks],
    })),
    startTime: 0,
    endTime: 0,
    samples: frames.map((_, at) => at + 1),
    timeDeltas: frames.map(({ ms }) => ms * 1_000),
  };
}

const FRAMES: readonly Frame[] = [
  { name: "(root)", url: "", ms: 0, children: [2, 3, 4, 5, 8, 9] },
  { name: "(idle)", url: "", ms: 500 },
  { name: "(garbage collector)", url: "", ms: 70 },
  { name: "post", url: "node:inspector", ms: 30 },
  { name: "decide", url: "file:///x/engine/src/core/decide.ts", ms: 40, children: [6, 7] },
  { name: "encode", url: "node:internal/encoding", ms: 5 },
  { name: "validate0", url: "", ms: 5 },
  { name: "write", url: "node:net", ms: 10 },
  {
    name: "toControlText",
    url: "file:///x/engine/src/stores/postgres/run-columns.ts",
    ms: 20,
    ticks: [
      { line: 1, ticks: 3 },
      { line: 2, ticks: 1 },
    ],
  },
];

const LINES: Readonly<Record<number, string>> = {
  1: "return JSON.stringify(run);",
  2: "const { data } = run;",
};

describe("the parts of a CPU profile", () => {
  it("are told by the file at work, and natives by who called them", () => {
    const parts = cpuParts(makeProfile(FRAMES), (_url, line) => LINES[line] ?? "");
    const ms = Object.entries(parts)
      .map(([part, seconds]) => [part, Math.round(1_000 * seconds)] as const)
      .filter(([, value]) => value > 0);
    assert.deepEqual(Object.fromEntries(ms), {
      JSON: 15,
      "rows into the statement's texts": 5,
      rules: 50,
      sockets: 10,
      "garbage collection": 70,
      idle: 500,
    });
  });

  it("name the heaviest functions, without the profiler and without rest", () => {
    const heaviest = heaviestFunctions(makeProfile(FRAMES), 2);
    assert.deepEqual(
      heaviest.map(({ name, part }) => [name, part]),
      [
        ["(garbage collector)", "garbage collection"],
        ["decide", "rules"],
      ],
    );
  });

  it("are found in a profile of this very process", () => {
    const stop = startCpuProfile();
    const untilMs = performance.now() + 100;
    while (performance.now() < untilMs) JSON.parse(JSON.stringify({ some: ["text", 1] }));
    const parts = cpuParts(stop());
    const found = JSON.stringify(parts);
    assert.ok(parts.JSON > 0.02, found);
  });
});
