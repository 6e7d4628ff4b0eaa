import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventMessage } from "@sluice/contracts/envelope";
import { memoryInbox } from "./inbox.ts";

const REFUNDED: EventMessage = { type: "PaymentRefunded", data: {} };

function counting(answer: EventMessage | null = REFUNDED) {
  const counter = { count: 0, work: async () => (counter.count++, answer) };
  return counter;
}

test("an inbox runs the work of a command once and answers a repeat as the first time", async () => {
  for (const answer of [REFUNDED, null]) {
    const inbox = memoryInbox();
    const counter = counting(answer);
    assert.equal(await inbox.once("c1", counter.work), answer);
    assert.equal(await inbox.once("c1", counter.work), answer);
    assert.equal(counter.count, 1);
  }
});

test("a repeat that comes while the first is under way waits for it", async () => {
  const inbox = memoryInbox();
  const answer = Promise.withResolvers<EventMessage>();
  const counter = counting();
  const first = inbox.once("c1", () => answer.promise);
  const repeat = inbox.once("c1", counter.work);
  answer.resolve(REFUNDED);
  assert.deepEqual(await Promise.all([first, repeat]), [REFUNDED, REFUNDED]);
  assert.equal(counter.count, 0);
});

test("an inbox keeps nothing of work that throws", async () => {
  const inbox = memoryInbox();
  const counter = counting();
  await assert.rejects(
    inbox.once("c1", () => Promise.reject(new Error("not now"))),
    /not now/,
  );
  assert.equal(await inbox.once("c1", counter.work), REFUNDED);
  assert.equal(counter.count, 1);
});

test("an inbox keeps the newest answers up to its bound", async () => {
  const inbox = memoryInbox({ answersMax: 2 });
  for (const id of ["c1", "c2", "c3"]) await inbox.once(id, counting().work);
  const [oldest, newest] = [counting(), counting()];
  await inbox.once("c3", newest.work);
  await inbox.once("c1", oldest.work);
  assert.deepEqual([oldest.count, newest.count], [1, 0]);
});

test("an inbox refuses more commands under way than its bound, and is free again afterwards", async () => {
  const inbox = memoryInbox({ answersMax: 1 });
  const answer = Promise.withResolvers<EventMessage>();
  const first = inbox.once("c1", () => answer.promise);
  await assert.rejects(inbox.once("c2", counting().work), {
    code: "FLOW_COMMAND_OVERLOADED",
    kind: "overloaded",
  });
  answer.resolve(REFUNDED);
  await first;
  assert.equal(await inbox.once("c2", counting().work), REFUNDED);
  assert.throws(() => memoryInbox({ answersMax: 0 }), { code: "FLOW_BAD_OPTION" });
});
