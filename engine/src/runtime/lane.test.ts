import assert from "node:assert/strict";
import { test } from "node:test";
import { OwnedLane } from "./lane.ts";

const CLAIMED = {
  laneId: 3,
  epoch: 2,
  batchNumber: 7,
  outboxPosition: 10,
  publishedPosition: 8,
  projectedAtMs: 0,
};

function unpublished(position: number) {
  return { lane: 3, position, runId: "r", commandId: "r:1:0", attempt: 1 };
}

test("the published position stops before the first outbox row that is not settled", () => {
  const lane = new OwnedLane({ ...CLAIMED, unpublished: [unpublished(9), unpublished(10)] });
  assert.equal(lane.step(0, new Set([10])).publishedPosition, 8);
  assert.equal(lane.step(0, new Set([9])).publishedPosition, 9);
  assert.equal(lane.step(0, new Set([9, 10])).publishedPosition, 10);
});

test("rows that a batch adds are unsettled after it", () => {
  const lane = new OwnedLane({ ...CLAIMED, unpublished: [] });
  const step = lane.step(2, new Set());
  assert.deepEqual(step, { laneId: 3, epoch: 2, batchNumber: 7, outboxPosition: 12, publishedPosition: 10 });
  lane.advance(step, new Set());
  assert.equal(lane.outstandingCount, 2);
  const next = lane.step(0, new Set([11, 12]));
  assert.deepEqual([next.batchNumber, next.publishedPosition], [8, 12]);
});

test("a step that was not committed changes nothing", () => {
  const lane = new OwnedLane({ ...CLAIMED, unpublished: [unpublished(9), unpublished(10)] });
  lane.step(5, new Set([9, 10]));
  assert.equal(lane.outboxPosition, 10);
  assert.equal(lane.outstandingCount, 2);
});
