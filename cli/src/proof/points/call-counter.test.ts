import assert from "node:assert/strict";
import { test } from "node:test";
import { CallCounter } from "./call-counter.ts";

test("a process ends at the place it was told, before a call or after it, and counts from there anew", async () => {
  const dead: string[] = [];
  const counter = new CallCounter(() => dead.push(counter.calls.at(-1) ?? ""));
  const play = async (): Promise<void> => {
    await counter.pass("loadRuns", async () => {});
    await assert.rejects(
      counter.pass("commit", async () => {
        throw new Error("away");
      }),
    );
  };
  await play();
  assert.deepEqual(counter.calls, ["before loadRuns", "after loadRuns", "before commit", "after commit"]);
  for (const nth of [1, 4, 5]) {
    counter.arm(nth);
    await play();
  }
  assert.deepEqual(dead, ["before loadRuns", "after commit"]);
});
