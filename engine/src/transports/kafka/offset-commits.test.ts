import assert from "node:assert/strict";
import { test } from "node:test";
import { AssignedPartition } from "./assigned-partition.ts";
import { OffsetCommits } from "./offset-commits.ts";

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A partition one message of which is done. */
async function doneOnce(): Promise<AssignedPartition> {
  const done = Promise.withResolvers<void>();
  const partition = new AssignedPartition(
    0,
    { committed: 5n, end: 5n },
    { messagesMax: 10, handle: async () => {}, kept: () => {}, advanced: done.resolve },
  );
  const message = { topic: "events", partition: 0, offset: 5n, key: null, value: null, headers: [] };
  partition.add(5n, [message], 6n);
  await done.promise;
  return partition;
}

test("a commit that fails is told with its error, and repeated until it holds", async (t) => {
  const refusal = new Error("the join from within the commit has failed");
  const told: unknown[] = [];
  const offsets: (bigint | undefined)[] = [];
  const committed = Promise.withResolvers<void>();
  const member = {
    async commit(options: { readonly offsets: readonly { readonly offset: bigint }[] }) {
      offsets.push(options.offsets[0]?.offset);
      if (offsets.length === 1) throw refusal;
      committed.resolve();
    },
  };
  const partitions = new Map([[0, await doneOnce()]]);
  const commits = new OffsetCommits(member, "events", partitions, log, (error) => told.push(error));
  t.after(() => commits.stop());
  await commits.now();
  assert.deepEqual(told, [refusal]);
  await committed.promise;
  await commits.settled();
  assert.deepEqual([offsets, told.length], [[6n, 6n], 1]);
  assert.equal(partitions.get(0)?.committable, null);
});
