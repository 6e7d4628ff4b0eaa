import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { createEngine, engineError } from "@sluice/engine";
import type { Run } from "@sluice/engine";
import type { FlowTypes } from "@sluice/engine/definition";
import { createMemoryDatabase, createMemoryStore } from "@sluice/engine/memory";
import { local } from "@sluice/engine/participant";
import { transfer } from "./transfer.flow.ts";

type Transfer = FlowTypes<typeof transfer>;
type Answers = Transfer["Answers"];

/** How the banks behave; each on its good day. */
interface Script {
  readonly withdraw?: Answers["WithdrawMoney"];
  readonly deposit?: () => Promise<Answers["DepositMoney"]>;
}

const FINAL_MS = 5_000;

describe("the transfer flow", () => {
  it("moves the money from one bank to the other", async (t) => {
    const { run, asked } = await transferOnce(t);
    assert.equal(run.outcome, "transferred");
    assert.deepEqual([run.data["withdrawalId"], run.data["depositId"]], ["w-1", "d-1"]);
    assert.deepEqual(asked, [
      ["WithdrawMoney", { account: "ada", amountMinor: 250 }],
      ["DepositMoney", { account: "linus", amountMinor: 250 }],
    ]);
  });

  it("ends a transfer that the account cannot pay, and takes nothing back", async (t) => {
    const { run, asked } = await transferOnce(t, {
      withdraw: { type: "WithdrawalRefused", data: { refusal: "not-enough-money" } },
    });
    assert.deepEqual([run.outcome, run.data["refusal"]], ["refused", "not-enough-money"]);
    assert.deepEqual(
      asked.map(([type]) => type),
      ["WithdrawMoney"],
    );
  });

  it("returns the money, and recalls nothing, when the other bank refuses the deposit", async (t) => {
    const { run, asked } = await transferOnce(t, {
      deposit: async () => ({ type: "DepositRefused", data: { refusal: "closed-account" } }),
    });
    assert.deepEqual([run.outcome, run.data["refusal"]], ["returned", "closed-account"]);
    assert.deepEqual(asked.at(-1), ["ReturnMoney", { account: "ada", amountMinor: 250 }]);
    assert.equal(asked.length, 3);
  });

  it("recalls a deposit that may have been booked before it returns the money", async (t) => {
    const { run, asked } = await transferOnce(t, {
      deposit: () => Promise.reject(engineError("FLOW_COMMAND_REFUSED", "no such service any more")),
    });
    assert.equal(run.outcome, "returned");
    assert.deepEqual(asked.slice(-2), [
      ["RecallDeposit", { account: "linus", amountMinor: 250 }],
      ["ReturnMoney", { account: "ada", amountMinor: 250 }],
    ]);
  });
});

/** One transfer to its end, with what the banks were asked, in order. */
async function transferOnce(
  t: TestContext,
  script: Script = {},
): Promise<{ run: Run; asked: [string, unknown][] }> {
  const asked: [string, unknown][] = [];
  const withdrawn: Answers["WithdrawMoney"] = { type: "MoneyWithdrawn", data: { withdrawalId: "w-1" } };
  const deposited: Answers["DepositMoney"] = { type: "MoneyDeposited", data: { depositId: "d-1" } };
  const ask =
    <Answer>(answer: () => Promise<Answer>) =>
    ({ type, data }: { readonly type: string; readonly data: unknown }) => {
      asked.push([type, data]);
      return answer();
    };
  const store = createMemoryStore({
    database: createMemoryDatabase({ nowMs: Date.now }),
    engineId: "engine-1",
  });
  const engine = await createEngine({
    store,
    flows: [transfer],
    participants: [
      local<Transfer>("our-bank", {
        WithdrawMoney: ask(async () => script.withdraw ?? withdrawn),
        ReturnMoney: ask(async () => ({ type: "MoneyReturned", data: {} })),
      }),
      local<Transfer>("other-bank", {
        DepositMoney: ask(script.deposit ?? (async () => deposited)),
        RecallDeposit: ask(async () => ({ type: "DepositRecalled", data: {} })),
      }),
    ],
  });
  t.after(async () => {
    await engine.stop();
    await store.close();
  });
  await engine.start();
  const data = { fromAccount: "ada", toAccount: "linus", amountMinor: 250 };
  const { runId } = await engine.client.start("money-transfer", { data });
  const run = await engine.client.waitFinal(runId, FINAL_MS);
  assert.ok(run !== null, `not final within ${FINAL_MS} ms`);
  return { run, asked };
}
