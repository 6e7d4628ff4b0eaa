import assert from "node:assert/strict";
import { test } from "node:test";
import { laneOf, murmur2 } from "./lane.ts";

/** Key, signed hash, and the partition out of 2, 3 and 12 that Kafka's Java client gives it. */
const VECTORS: readonly (readonly [string, number, number, number, number])[] = [
  ["a", -1563381124, 0, 1, 4],
  ["abcd", -1323649548, 0, 2, 8],
  ["abcde", 461995741, 1, 1, 1],
  ["flow-orders01890a5d-ac96-774b-bcce-b302099a8057", 162035050, 0, 1, 10],
];

test("a lane is the partition that Kafka's default partitioner gives the same key", () => {
  for (const [key, hash, of2, of3, of12] of VECTORS) {
    assert.equal(murmur2(new TextEncoder().encode(key)), hash, key);
    assert.deepEqual([laneOf(key, 2), laneOf(key, 3), laneOf(key, 12)], [of2, of3, of12], key);
  }
});

test("runs spread evenly over the lanes", () => {
  const counts = Array.from({ length: 16 }, () => 0);
  for (let n = 0; n < 16_000; n++)
    counts[laneOf(`01890a5d-ac96-774b-bcce-${String(n).padStart(12, "0")}`, 16)]!++;
  for (const count of counts) assert.ok(count > 800 && count < 1200, `a lane has ${count} of 16000 runs`);
});

test("a number of lanes that is none is refused", () => {
  for (const lanes of [0, -1, 1.5, Number.NaN, 4096]) {
    assert.throws(() => laneOf("a", lanes), { code: "FLOW_BAD_OPTION" });
  }
});
