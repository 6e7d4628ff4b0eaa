import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LATE_MS, LateDeliveries } from "./late-deliveries.ts";
import type { QueueItem } from "./queue-item.ts";

const item = (runId: string, lane = 0): QueueItem => ({ lane, runId, input: null });

describe("news of deliveries that waits for the answers", () => {
  it("is taken with what comes next to its run, in order and once", () => {
    const late = new LateDeliveries();
    const [first, second] = [item("a"), item("a")];
    late.keep(first, 0);
    late.keep(item("b"), 1);
    late.keep(second, 2);
    assert.deepEqual(late.take("a"), [first, second]);
    assert.deepEqual(late.take("a"), []);
    assert.equal(late.size, 1);
  });

  it("goes by itself when its time is over, the oldest first", () => {
    const late = new LateDeliveries();
    const [first, second, third] = [item("a"), item("b"), item("c")];
    late.keep(first, 0);
    late.keep(second, 10);
    late.keep(third, 20);
    assert.deepEqual(late.takeDue(LATE_MS - 1), []);
    assert.deepEqual(late.takeDue(LATE_MS + 10), [first, second]);
    assert.deepEqual(late.takeDue(Number.POSITIVE_INFINITY), [third]);
    assert.equal(late.size, 0);
  });

  it("of a lane that has gone is forgotten", () => {
    const late = new LateDeliveries();
    late.keep(item("a", 1), 0);
    late.keep(item("b", 2), 0);
    late.dropLane(1);
    assert.deepEqual(late.take("a"), []);
    assert.equal(late.take("b").length, 1);
  });
});
