import assert from "node:assert/strict";
import { test } from "node:test";
import { Rejoining } from "./rejoining.ts";

/** A member, and a group that takes it in at the `joinsAt`th attempt. */
function openRejoining({ isActive = false, joinsAt = 1 }) {
  const found: (string | null)[] = [];
  const member = {
    joins: 0,
    isMember: isActive,
    isActive: (): boolean => member.isMember,
    async joinGroup(): Promise<void> {
      if (++member.joins < joinsAt) throw new Error(`join ${member.joins} has failed`);
      member.isMember = true;
    },
  };
  const stopping = new AbortController();
  const rejoining = new Rejoining(member, stopping.signal, (error) =>
    found.push(error instanceof Error ? error.message : null),
  );
  return { found, member, stopping, rejoining };
}

test("a member whose join from within a commit has failed joins again until it is one, and says why it is none", async () => {
  const { found, member, rejoining } = openRejoining({ joinsAt: 3 });
  const rejoined = rejoining.ifInactive(new Error("the commit has failed"));
  // Commits go on, and fail as well.
  await rejoining.ifInactive(new Error("the next has failed"));
  await rejoined;
  assert.deepEqual([member.joins, member.isActive()], [3, true]);
  assert.deepEqual(found, [
    "the commit has failed",
    "the next has failed",
    "join 1 has failed",
    "join 2 has failed",
    null,
  ]);
});

test("a member that is still one does not join again, though its commit has failed", async () => {
  const { found, member, rejoining } = openRejoining({ isActive: true });
  await rejoining.ifInactive(new Error("the commit has failed"));
  assert.deepEqual([member.joins, found], [0, []]);
});

test("a member that has joined by itself meanwhile does not join again", async () => {
  const { member, rejoining, found } = openRejoining({});
  const rejoined = rejoining.ifInactive(new Error("the commit has failed"));
  member.isMember = true;
  await rejoined;
  assert.deepEqual([member.joins, found], [0, ["the commit has failed", null]]);
});

test("a member that leaves does not join again", async () => {
  const { member, rejoining, stopping } = openRejoining({});
  stopping.abort();
  await rejoining.ifInactive(new Error("the last commit has failed"));
  assert.equal(member.joins, 0);
});
