import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventMessage } from "@sluice/contracts/envelope";
import { engineError } from "../core/errors.ts";
import { memoryInbox } from "./inbox.ts";
import type { Inbox } from "./inbox.ts";
import type { AnyTypes } from "./participant-types.ts";
import { receiveCommand } from "./receive-command.ts";
import type { RemoteHandlers } from "./receive-command.ts";

const BODY = {
  commandId: "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57:1:0",
  type: "RefundPayment",
  runId: "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57",
  flow: "purchase",
  flowVersion: 1,
  attempt: 1,
  data: { orderId: "o-1" },
};
const DELIVERY = { headers: { "idempotency-key": BODY.commandId }, body: BODY };
const REFUNDED: EventMessage = { type: "PaymentRefunded", data: {} };

function receiver(RefundPayment: RemoteHandlers<AnyTypes, undefined>[string] & {}) {
  return { handlers: { RefundPayment }, inbox: memoryInbox() };
}

test("a received command is answered 200 with its event, or 202 without", async () => {
  assert.deepEqual(
    await receiveCommand(
      receiver(async () => REFUNDED),
      DELIVERY,
    ),
    { status: 200, body: REFUNDED },
  );
  assert.deepEqual(
    await receiveCommand(
      receiver(async () => null),
      DELIVERY,
    ),
    { status: 202, body: undefined },
  );
});

test("a command that is received twice takes effect once", async () => {
  let effects = 0;
  const refund = receiver(async () => (effects++, { type: "PaymentRefunded", data: { effects } }));
  const [first, second] = await Promise.all([
    receiveCommand(refund, DELIVERY),
    receiveCommand(refund, DELIVERY),
  ]);
  const third = await receiveCommand(refund, { ...DELIVERY, body: { ...BODY, attempt: 2 } });
  assert.equal(effects, 1);
  assert.deepEqual([second, third], [first, first]);
});

test("a handler that is only slow is not called again by the repeat", async () => {
  let calls = 0;
  const answer = Promise.withResolvers<EventMessage>();
  const slow = { ...receiver(() => (calls++, answer.promise)), handleMs: 20 };
  await assert.rejects(receiveCommand(slow, DELIVERY), { code: "FLOW_COMMAND_TIMEOUT", kind: "timeout" });
  await assert.rejects(receiveCommand(slow, DELIVERY), { code: "FLOW_COMMAND_TIMEOUT" });
  answer.resolve(REFUNDED);
  assert.deepEqual(await receiveCommand(slow, DELIVERY), { status: 200, body: REFUNDED });
  assert.equal(calls, 1);
});

test("a coded error of a remote handler leaves as it is; any other stays in the log", async () => {
  const logged: unknown[] = [];
  const log = { error: (fields: object) => void logged.push(fields) };
  const coded = receiver(async () => {
    throw engineError("FLOW_COMMAND_REFUSED", "no such payment");
  });
  await assert.rejects(receiveCommand({ ...coded, log }, DELIVERY), { message: "no such payment" });
  assert.equal(logged.length, 0);
  const mistake = new TypeError("password=s3cret");
  const plain = receiver(async () => {
    throw mistake;
  });
  await assert.rejects(receiveCommand({ ...plain, log }, DELIVERY), (error: Error & { code?: string }) => {
    assert.equal(error.code, "FLOW_HANDLER_FAILED");
    assert.doesNotMatch(error.message, /s3cret/);
    return true;
  });
  assert.deepEqual(logged, [{ runId: BODY.runId, commandId: BODY.commandId, err: mistake }]);
});

test("what is no command is refused before any handler sees it", async () => {
  const { commandId: _, ...withoutId } = BODY;
  const bodies: unknown[] = [
    null,
    "x",
    [],
    {},
    withoutId,
    { ...BODY, commandId: "" },
    { ...BODY, attempt: 0 },
    { ...BODY, flowVersion: "1" },
    { ...BODY, type: "Unknown" },
  ];
  const never = receiver(() => assert.fail("called"));
  for (const body of bodies)
    await assert.rejects(receiveCommand(never, { headers: {}, body }), {
      code: "FLOW_COMMAND_REFUSED",
      kind: "invalid",
    });
  const other = { headers: { "idempotency-key": "another" }, body: BODY };
  await assert.rejects(receiveCommand(never, other), { code: "FLOW_COMMAND_REFUSED" });
});

test("an inbox of a database gives its transaction to the handler", async () => {
  const inbox: Inbox<{ readonly name: string }> = {
    once: (_commandId, work) => work({ name: "tx-1" }),
    undo: (_commandId, _undoes, work) => work({ name: "tx-1" }),
  };
  const answer = await receiveCommand<AnyTypes, { readonly name: string }>(
    {
      inbox,
      handlers: {
        RefundPayment: async (_command, _signal, transaction) => ({
          type: "PaymentRefunded",
          data: transaction.name,
        }),
      },
    },
    { headers: {}, body: { ...BODY, future: true } },
  );
  assert.deepEqual(answer.body, { type: "PaymentRefunded", data: "tx-1" });
});

test("an undo is taken in as one", async () => {
  const undone: string[] = [];
  const inbox: Inbox = {
    once: () => assert.fail("taken for a command of its own"),
    undo: async (commandId, undoes, work) => {
      undone.push(commandId, undoes);
      return work(undefined);
    },
  };
  const handlers = { RefundPayment: async () => ({ type: "PaymentRefunded", data: {} }) };
  await receiveCommand<AnyTypes>({ inbox, handlers }, { headers: {}, body: { ...BODY, undoes: "r:1:0" } });
  assert.deepEqual(undone, [BODY.commandId, "r:1:0"]);
});
