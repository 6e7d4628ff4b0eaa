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

test("an undo waits for the command it takes back, and one that comes later is refused", async () => {
  const inbox = memoryInbox();
  const order: string[] = [];
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const first = inbox.once("do-1", async () => {
    await gate;
    order.push("do");
    return null;
  });
  const undo = inbox.undo("undo-1", "do-1", async () => {
    order.push("undo");
    return null;
  });
  open();
  await Promise.all([first, undo]);
  assert.deepEqual(order, ["do", "undo"]);
  await inbox.undo("undo-2", "do-2", async () => null);
  await assert.rejects(
    inbox.once("do-2", async () => assert.fail("carried out after its undo")),
    { code: "FLOW_COMMAND_UNDONE" },
  );
  assert.equal(await inbox.undo("undo-2", "do-2", async () => assert.fail("undone twice")), null);
});
