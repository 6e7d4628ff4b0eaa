import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FlowTypes } from "@sluice/engine/definition";
import { answer, event, fail, fakeParticipant, testEngine } from "@sluice/engine/testing";
import type { FakeParticipant, FakeScript, TestEngine, TestEngineParts } from "@sluice/engine/testing";
import { invoice } from "./invoice.flow.ts";
import { report } from "./report.flow.ts";
import { subscription } from "./subscription.flow.ts";

type Invoice = FlowTypes<typeof invoice>;
type Report = FlowTypes<typeof report>;
type Subscription = FlowTypes<typeof subscription>;

const ada = { customerId: "ada", email: "ada@example.org", amountMinor: 900 } as const;
const charged = answer("CardCharged", { chargeId: "charge-1" });
const declined = answer("CardDeclined");

describe("a subscription", () => {
  it("charges nothing in the trial, then each period, and ends after the last", async () => {
    const { engine, cards, mail } = await open();
    const run = await engine.startRun(subscription, { data: { ...ada, periodsMax: 3 } });
    await run.advance("13d");
    run.expect({ state: "in-trial", businessState: "trial" });
    assert.deepEqual(chargesOf(cards), []);
    await run.advance("1d");
    run.expect({ state: "active", businessState: "active", data: { paidPeriods: 1 } });
    await run.advance("30d");
    run.expect({ state: "active", data: { paidPeriods: 2 } });
    await run.advance("30d");
    run.expect({ outcome: "completed", data: { paidPeriods: 3 } });
    assert.deepEqual(chargesOf(cards), ["1: 900", "2: 900", "3: 900"]);
    assert.deepEqual(mailsOf(mail), ["welcome", "completed"]);
  });

  it("charges nothing when the customer leaves within the trial", async () => {
    const { engine, cards, mail } = await open();
    const run = await engine.startRun(subscription, { data: ada });
    await run.send(event("SubscriptionCanceled"));
    run.expect({ outcome: "canceled", businessState: "ended" });
    await run.advance("60d");
    assert.deepEqual([chargesOf(cards), mailsOf(mail)], [[], ["welcome", "canceled"]]);
  });

  it("charges the new amount from the next period on", async () => {
    const { engine, cards } = await open();
    const run = await engine.startRun(subscription, { data: ada });
    await run.advance("20d");
    await run.send(event("AmountChanged", { amountMinor: 1_200 }));
    await run.advance("30d");
    assert.deepEqual(chargesOf(cards), ["1: 900", "2: 1200"]);
  });

  it("charges a declined card again after three days, and goes on when it is good", async () => {
    const { engine, cards } = await open({ ChargeCard: [declined, declined, charged] });
    const run = await engine.startRun(subscription, { data: ada });
    await run.advance("19d");
    run.expect({ state: "billing", underWay: ["CollectInvoice"] });
    await run.advance("1d");
    run.expect({ state: "active", data: { paidPeriods: 1 } });
    assert.equal(cards.asked.length, 3);
  });

  it("ends unpaid after three declines", async () => {
    const { engine, cards, mail } = await open({ ChargeCard: declined });
    const run = await engine.startRun(subscription, { data: ada });
    await run.advance("20d");
    run.expect({ outcome: "unpaid" });
    assert.equal(cards.asked.length, 3);
    assert.deepEqual(mailsOf(mail), ["welcome", "unpaid"]);
  });

  it("ends at once when it is canceled, and its invoice under way goes on to its own end", async () => {
    const { engine, cards } = await open({ ChargeCard: declined });
    const run = await engine.startRun(subscription, { data: ada });
    await run.advance("14d");
    await run.send(event("SubscriptionCanceled"));
    run.expect({ outcome: "canceled" });
    const outcomes = () => run.children.map(({ outcome }) => outcome);
    assert.deepEqual(outcomes(), [null]);
    await engine.advance("30d");
    assert.deepEqual([outcomes(), cards.asked.length], [["unpaid"], 3]);
  });

  it("gives a period for free when somebody cancels its invoice", async () => {
    const { engine } = await open({ ChargeCard: [declined, charged] });
    const run = await engine.startRun(subscription, { data: ada });
    await run.advance("14d");
    await run.children[0]?.cancel();
    run.expect({ state: "active", data: { paidPeriods: 1 } });
    await run.advance("30d");
    run.expect({ state: "active", data: { paidPeriods: 2 } });
  });

  it("goes on though no mail can be sent", async () => {
    const { engine } = await open({}, { SendMail: fail("NO_MAIL") });
    const run = await engine.startRun(subscription, { data: { ...ada, periodsMax: 1 } });
    await run.advance("15d");
    run.expect({ outcome: "completed" });
  });

  for (const moment of ["before commit", "after commit"] as const) {
    it(`takes the money of a period once though the engine dies ${moment} of the charge`, async () => {
      const { engine, cards } = await open();
      const run = await engine.startRun(subscription, { data: ada });
      engine.crashHere(moment, "ChargeCard");
      await run.advance("14d");
      run.expect({ state: "active", data: { paidPeriods: 1 } });
      engine.audit();
      assert.deepEqual(chargesOf(cards), ["1: 900"]);
    });
  }
});

describe("the revenue report", () => {
  it("is made at six in the morning of the first in Rome, in winter as in summer", async () => {
    const { engine } = await open({}, {}, { beginAt: "2026-02-15T00:00:00Z" });
    await engine.advance("50d");
    assert.deepEqual(dueTimesOf(engine), ["2026-03-01T05:00:00.000Z", "2026-04-01T04:00:00.000Z"]);
    for (const run of engine.runsOf(report)) run.expect({ outcome: "reported", data: { charges: 0 } });
  });

  it("is made up for once when the engine was away for months", async () => {
    const { engine } = await open({}, {}, { beginAt: "2026-02-15T00:00:00Z" });
    await engine.advance("1d");
    await engine.stop();
    await engine.advance("100d");
    await engine.restart();
    await engine.advance("1d");
    assert.deepEqual(dueTimesOf(engine), ["2026-05-01T04:00:00.000Z"]);
  });
});

/** The participants, each on its good day but for what the scripts say. */
async function open(
  { ChargeCard }: FakeScript<Invoice> = {},
  { SendMail }: FakeScript<Subscription> = {},
  parts: Pick<TestEngineParts, "beginAt"> = {},
) {
  const cards = fakeParticipant<Invoice>(
    "cards",
    { ChargeCard: ChargeCard ?? charged },
    { kind: "transactional" },
  );
  const ledger = fakeParticipant<Report>(
    "ledger",
    { AddUpCharges: answer("ChargesAddedUp", { charges: 0, amountMinor: 0 }) },
    { kind: "transactional" },
  );
  const mail = fakeParticipant<Subscription>("mail", { SendMail: SendMail ?? answer("MailSent") });
  const engine = await testEngine({
    flows: [subscription, invoice, report],
    participants: [cards, ledger, mail],
    ...parts,
  });
  return { engine, cards, mail };
}

function chargesOf({ asked }: FakeParticipant): readonly string[] {
  return asked.map(({ data }) => {
    const { period, amountMinor } = data as Invoice["Commands"]["ChargeCard"]["data"];
    return `${period}: ${amountMinor}`;
  });
}

function mailsOf({ asked }: FakeParticipant): readonly string[] {
  return asked.map(({ data }) => (data as Subscription["Commands"]["SendMail"]["data"]).mail);
}

function dueTimesOf(engine: TestEngine): readonly string[] {
  return engine.runsOf(report).map(({ data }) => data.dueAt);
}
