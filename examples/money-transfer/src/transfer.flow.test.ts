import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FlowTypes } from "@sluice/engine/definition";
import {
  answer,
  answered,
  elapsed,
  fail,
  failed,
  fakeParticipant,
  testEngine,
  testFlow,
} from "@sluice/engine/testing";
import type { FakeParticipant, FakeScript } from "@sluice/engine/testing";
import { transfer } from "./transfer.flow.ts";

type Transfer = FlowTypes<typeof transfer>;

const data = { fromAccount: "ada", toAccount: "linus", amountMinor: 250 } as const;
const WITHDRAWAL = { account: "ada", amountMinor: 250 } as const;
const DEPOSIT = { account: "linus", amountMinor: 250 } as const;

describe("the rules of a transfer", () => {
  const started = testFlow(transfer).given({ data });
  const withdrawn = started.when(answered("WithdrawMoney", "MoneyWithdrawn", { withdrawalId: "w-1" }));

  it("deposits what was withdrawn", () => {
    started.then({ state: "withdrawing", sent: [{ type: "WithdrawMoney", data: WITHDRAWAL }] });
    withdrawn
      .then({ state: "depositing", sent: [{ type: "DepositMoney", data: DEPOSIT }] })
      .when(answered("DepositMoney", "MoneyDeposited", { depositId: "d-1" }))
      .then({ outcome: "transferred", data: { withdrawalId: "w-1", depositId: "d-1" } });
  });

  it("ends a transfer that the account cannot pay, and takes nothing back", () => {
    started
      .when(answered("WithdrawMoney", "WithdrawalRefused", { refusal: "not-enough-money" }))
      .then({ outcome: "refused", data: { refusal: "not-enough-money" }, sent: [] });
  });

  it("returns the money, and recalls nothing, when the other bank refuses the deposit", () => {
    withdrawn
      .when(answered("DepositMoney", "DepositRefused", { refusal: "closed-account" }))
      .then({ state: "compensating", sent: [{ type: "ReturnMoney", data: WITHDRAWAL }] })
      .when(answered("ReturnMoney", "MoneyReturned"))
      .then({ outcome: "returned", data: { refusal: "closed-account" } });
  });

  it("recalls a deposit that may have been booked before it returns the money", () => {
    withdrawn
      .when(failed("DepositMoney", "NO_SUCH_SERVICE", "invalid"))
      .then({ state: "compensating", sent: [{ type: "RecallDeposit", data: DEPOSIT }] })
      .when(answered("RecallDeposit", "DepositRecalled"))
      .then({ state: "compensating", sent: [{ type: "ReturnMoney", data: WITHDRAWAL }] })
      .when(answered("ReturnMoney", "MoneyReturned"))
      .then({ outcome: "returned" });
  });

  it("asks for the recall again and again for days before it lets an operator know", () => {
    const recalling = withdrawn.when(failed("DepositMoney", "NO_SUCH_SERVICE", "invalid"));
    const tried = Array.from(
      { length: 900 },
      () => [failed("RecallDeposit", "BANK_AWAY"), elapsed("5m")] as const,
    ).flat();
    recalling.when(...tried).then({ state: "compensating", parked: null });
  });
});

describe("a transfer", () => {
  it("is tried five times before the deposit is recalled", async () => {
    const { engine, ours, theirs } = await openBanks({ DepositMoney: fail("BANK_SILENT", 5, "timeout") });
    const run = await engine.startRun(transfer, { data });
    await run.advance("1m");
    run.expect({ outcome: "returned", path: ["withdrawing", "depositing", "compensating", "returned"] });
    assert.deepEqual(deliveriesOf(theirs), ["DepositMoney 5", "RecallDeposit 1"]);
    assert.deepEqual(deliveriesOf(ours), ["WithdrawMoney 1", "ReturnMoney 1"]);
  });

  for (const moment of ["before commit", "after commit", "before send", "after send"] as const) {
    it(`takes each of its steps back once though the engine dies ${moment} of the recall`, async () => {
      const { engine, ours, theirs } = await openBanks({
        DepositMoney: fail("NO_SUCH_SERVICE", 1, "invalid"),
      });
      engine.crashHere(moment, "RecallDeposit");
      const run = await engine.startRun(transfer, { data });
      run.expect({ outcome: "returned" });
      engine.audit();
      assert.deepEqual(deliveriesOf(ours), ["WithdrawMoney 1", "ReturnMoney 1"]);
      const [deposit, recall, ...more] = theirs.asked;
      assert.deepEqual([recall?.type, recall?.undoes, more], ["RecallDeposit", deposit?.commandId, []]);
    });
  }
});

/** Both banks, each on its good day but for what the script says. */
async function openBanks({ DepositMoney }: FakeScript<Transfer> = {}) {
  const ours = fakeParticipant<Transfer>(
    "our-bank",
    {
      WithdrawMoney: answer("MoneyWithdrawn", { withdrawalId: "w-1" }),
      ReturnMoney: answer("MoneyReturned"),
    },
    { kind: "transactional" },
  );
  const theirs = fakeParticipant<Transfer>("other-bank", {
    DepositMoney: DepositMoney ?? answer("MoneyDeposited", { depositId: "d-1" }),
    RecallDeposit: answer("DepositRecalled"),
  });
  const engine = await testEngine({ flows: [transfer], participants: [ours, theirs] });
  return { engine, ours, theirs };
}

function deliveriesOf({ asked }: FakeParticipant): readonly string[] {
  return asked.map(({ type, deliveries }) => `${type} ${deliveries}`);
}
