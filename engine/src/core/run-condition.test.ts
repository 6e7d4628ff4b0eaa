import assert from "node:assert/strict";
import { test } from "node:test";
import { fitsCondition } from "./run-condition.ts";
import type { RunCondition } from "./run-condition.ts";
import type { Run } from "./run.ts";

const RUN = {
  flow: "order",
  flowVersion: 2,
  state: "paid",
  businessState: "open",
  parked: "rule-failed",
  outcome: null,
} as Run;

test("a run fits a condition when every part of it does", () => {
  const fitting: RunCondition = {
    flow: "order",
    flowVersion: 2,
    flowVersionBelow: 3,
    state: "paid",
    businessState: "open",
    parked: true,
    parkReason: "rule-failed",
  };
  assert.ok(fitsCondition(RUN, {}));
  assert.ok(fitsCondition(RUN, fitting));
  for (const other of [
    { flow: "refund" },
    { flowVersion: 1 },
    { flowVersionBelow: 2 },
    { state: "open" },
    { businessState: "done" },
    { parked: false },
    { parkReason: "undo-failed" },
  ] as const)
    assert.equal(fitsCondition(RUN, { ...fitting, ...other }), false, JSON.stringify(other));
});

test("a run that has ended fits no condition", () => {
  assert.equal(fitsCondition({ ...RUN, outcome: "closed" }, {}), false);
});
