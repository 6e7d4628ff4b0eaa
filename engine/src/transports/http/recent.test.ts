import assert from "node:assert/strict";
import { test } from "node:test";
import { createRecent } from "./recent.ts";

function counter() {
  const source = { reads: 0, isAway: false };
  const read = async (): Promise<number> => {
    source.reads++;
    if (source.isAway) throw new Error("away");
    return source.reads;
  };
  return { source, read };
}

test("what was read lately is read once for all who ask, and anew when it is too old", async () => {
  let nowMs = 0;
  const { source, read } = counter();
  const recent = createRecent(read, 100, () => nowMs);
  assert.deepEqual(await Promise.all([recent.get(), recent.get()]), [1, 1]);
  nowMs = 100;
  assert.equal(await recent.get(), 1);
  nowMs = 101;
  assert.equal(await recent.get(), 2);
  assert.equal(source.reads, 2);
});

test("what is forgotten while it is being read is read once more", async () => {
  const { read } = counter();
  const recent = createRecent(read, 100, () => 0);
  const first = recent.get();
  recent.forget();
  assert.equal(await recent.get(), 2);
  assert.equal(await first, 2);
  assert.equal(await recent.get(), 2);
});

test("what was known holds while it cannot be read, and without that the error is told", async () => {
  const { source, read } = counter();
  const recent = createRecent(read, 100, () => 0);
  source.isAway = true;
  await assert.rejects(recent.get(), /away/);
  source.isAway = false;
  assert.equal(await recent.get(), 2);
  source.isAway = true;
  recent.forget();
  assert.equal(await recent.get(), 2);
});
