import assert from "node:assert/strict";
import { test } from "node:test";
import { PartitionProgress } from "./partition-progress.ts";

test("a partition may be committed up to the first message that is not resolved", () => {
  const progress = new PartitionProgress(5n);
  assert.equal(progress.committable, null);
  for (const offset of [5n, 6n, 9n]) progress.begin(offset);
  progress.resolve(6n);
  assert.deepEqual([progress.committable, progress.pending], [null, 3]);
  progress.resolve(5n);
  // Whatever stood at 7 and 8 was no message, and is passed over together with 9.
  assert.deepEqual([progress.committable, progress.pending], [9n, 1]);
  progress.resolve(9n);
  assert.deepEqual([progress.committable, progress.pending], [10n, 0]);
});

test("what is committed of a partition is not committed again", () => {
  const progress = new PartitionProgress(0n);
  progress.begin(0n);
  progress.resolve(0n);
  progress.committed(1n);
  assert.equal(progress.committable, null);
  progress.begin(1n);
  assert.equal(progress.committable, null);
  progress.resolve(1n);
  assert.equal(progress.committable, 2n);
});

test("a message of a partition that is resolved twice counts once", () => {
  const progress = new PartitionProgress(0n);
  progress.begin(0n);
  progress.begin(1n);
  progress.resolve(0n);
  progress.resolve(0n);
  progress.resolve(7n);
  assert.deepEqual([progress.committable, progress.pending], [1n, 1]);
});

test("a partition in any order of resolving is committed to its end, and never past an open message", () => {
  // A fixed permutation of 0..99: 37 has no divisor in common with 100.
  const offsets = Array.from({ length: 100 }, (_, index) => BigInt((index * 37) % 100));
  const progress = new PartitionProgress(0n);
  for (let offset = 0n; offset < 100n; offset++) progress.begin(offset);
  const open = new Set(offsets);
  for (const offset of offsets) {
    progress.resolve(offset);
    open.delete(offset);
    const firstOpen = [...open].reduce((least, each) => (each < least ? each : least), 100n);
    assert.equal(progress.committable ?? 0n, firstOpen);
  }
});
