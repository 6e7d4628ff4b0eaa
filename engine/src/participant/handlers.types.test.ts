import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "typebox";
import { defineFlow } from "../definition/define-flow.ts";
import type { FlowTypes } from "../definition/define-flow.ts";
import { memoryInbox } from "./inbox.ts";
import { local } from "./local.ts";
import { receiveCommand } from "./receive-command.ts";
import { transactional } from "./transactional.ts";

const refunds = defineFlow({
  name: "refunds",
  version: 1,
  data: Type.Object({ orderId: Type.String(), amountMinor: Type.Integer() }),
  events: {
    PaymentRefunded: Type.Object({ refundId: Type.String() }),
    MailSent: Type.Object({}),
  },
  commands: {
    RefundPayment: {
      channel: "payments",
      data: Type.Object({ orderId: Type.String() }),
      answers: ["PaymentRefunded"],
    },
    SendMail: { channel: "mail", data: Type.Object({ orderId: Type.String() }), answers: ["MailSent"] },
  },
  initial: "refunding",
  states: {
    refunding: { send: { RefundPayment: "data" }, on: { PaymentRefunded: "telling" } },
    telling: { send: { SendMail: "data" }, on: { MailSent: "done" } },
    done: { final: "refunded" },
  },
});
type Refunds = FlowTypes<typeof refunds>;

/** The compiler is the test here: each `@ts-expect-error` fails the type check when its line is no error. */
test("handlers know the data of their commands and the events that may answer", async () => {
  const participant = local<Refunds>("payments", {
    RefundPayment: async ({ data }) => ({ type: "PaymentRefunded", data: { refundId: `r-${data.orderId}` } }),
    // @ts-expect-error a command carries what its schema says
    SendMail: async ({ data }) => ({ type: "MailSent", data: { id: data.amountMinor } }),
  });
  assert.equal(participant.channel, "payments");

  // @ts-expect-error only events that answer this command
  local<Refunds>("payments", { RefundPayment: async () => ({ type: "MailSent", data: {} }) });
  // @ts-expect-error an answer carries what its schema says
  local<Refunds>("payments", { RefundPayment: async () => ({ type: "PaymentRefunded", data: {} }) });
  // @ts-expect-error only commands of the flow
  local<Refunds>("payments", { RefundPayments: async () => null });

  transactional<Refunds, { readonly sql: string }>("payments", {
    RefundPayment: async (commands, transaction) =>
      commands.map(({ data }) => ({
        type: "PaymentRefunded",
        data: { refundId: `${transaction.sql}-${data.orderId}` },
      })),
    // @ts-expect-error one event or null for each command
    SendMail: async () => ({ type: "MailSent", data: {} }),
  });

  const inbox = memoryInbox();
  const handlers = { RefundPayment: async () => null };
  await assert.rejects(receiveCommand<Refunds>({ inbox, handlers }, { headers: {}, body: {} }));
});
