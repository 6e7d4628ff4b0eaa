import assert from "node:assert/strict";
import { env } from "node:process";
import { test } from "node:test";
import { DEFECTS } from "./defects.ts";
import { findDefect } from "./find-defect.ts";

for (const defect of DEFECTS.filter(({ isLong }) => !isLong))
  test(`the proof finds that ${defect.summary}`, async (t) => {
    const { isFound, breaches, tookMs } = await findDefect(defect, {
      env: { PATH: env["PATH"] },
      signal: t.signal,
      progress: () => {},
    });
    t.diagnostic(`${Math.round(tookMs)} ms: ${breaches.join("; ")}`);
    assert.ok(isFound, `expected ${defect.promise} ${defect.words}, found ${breaches.join("; ")}`);
  });
