import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createPaymentProvider } from "./payments.ts";

describe("the payment provider", () => {
  const data = { orderId: "o-1", amountMinor: 4_900, card: "good" };
  const command = { runId: "run", flow: "order-fulfilment", flowVersion: 1, attempt: 1, data } as const;
  const { signal } = new AbortController();

  it("charges once for a command that comes twice", async () => {
    const { handlers, paidMinor } = createPaymentProvider();
    const charge = { ...command, commandId: "run:2:0", type: "ChargePayment" } as const;
    const first = await handlers.ChargePayment?.(charge, signal);
    assert.deepEqual(await handlers.ChargePayment?.({ ...charge, attempt: 2 }, signal), first);
    assert.equal(paidMinor("o-1"), 4_900);
  });

  it("never charges what was refunded before the charge came", async () => {
    const { handlers, paidMinor } = createPaymentProvider();
    const refund = { ...command, commandId: "run:3:0", undoes: "run:2:0", type: "RefundPayment" } as const;
    await handlers.RefundPayment?.(refund, signal);
    const charge = { ...command, commandId: "run:2:0", type: "ChargePayment" } as const;
    await assert.rejects(async () => handlers.ChargePayment?.(charge, signal), {
      code: "FLOW_COMMAND_UNDONE",
    });
    assert.equal(paidMinor("o-1"), 0);
  });
});
