import assert from "node:assert/strict";
import { test } from "node:test";
import { InOrder } from "./in-order.ts";

/** Work that ends when it is told to. */
function openWork() {
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();
  return {
    begun,
    of: (name: string) => async () => {
      begun.push(name);
      const end = Promise.withResolvers<void>();
      ends.set(name, end);
      await end.promise;
      return name;
    },
    end: (name: string) => ends.get(name)?.resolve(),
    fail: (name: string) => ends.get(name)?.reject(new Error(name)),
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("work of one key is done one piece at a time in its order, also behind a piece that fails", async () => {
  const work = openWork();
  const order = new InOrder(10);
  const first = order.run("a", work.of("a1"));
  const second = order.run("a", work.of("a2"));
  assert.deepEqual(work.begun, ["a1"]);
  work.fail("a1");
  await assert.rejects(first, { message: "a1" });
  await turn();
  assert.deepEqual(work.begun, ["a1", "a2"]);
  work.end("a2");
  assert.equal(await second, "a2");
});

test("work of different keys is done beside each other, and no more of it than the bound", async () => {
  const work = openWork();
  const order = new InOrder(2);
  const all = ["a", "b", "c"].map((key) => order.run(key, work.of(key)));
  assert.deepEqual([work.begun, order.atWork], [["a", "b"], 2]);
  work.end("b");
  await turn();
  assert.deepEqual(work.begun, ["a", "b", "c"]);
  work.end("a");
  work.end("c");
  assert.deepEqual(await Promise.all(all), ["a", "b", "c"]);
});

test("one long queue of a key leaves room for others, and idle waits for the last piece of all", async () => {
  const work = openWork();
  const order = new InOrder(2);
  const pieces = ["a1", "a2", "a3"].map((name) => order.run("a", work.of(name)));
  pieces.push(order.run("b", work.of("b1")));
  assert.deepEqual(work.begun, ["a1", "b1"]);
  let isIdle = false;
  const idle = order.idle().then(() => (isIdle = true));
  for (const name of ["a1", "a2", "a3"]) {
    work.end(name);
    await turn();
  }
  assert.equal(isIdle, false);
  work.end("b1");
  await Promise.all(pieces);
  await idle;
  await order.idle();
});
