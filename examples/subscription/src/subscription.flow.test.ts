import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { createEngine } from "@sluice/engine";
import type { Client, Engine } from "@sluice/engine";
import type { Duration, FlowTypes } from "@sluice/engine/definition";
import { createMemoryDatabase, createMemoryStore } from "@sluice/engine/memory";
import { local } from "@sluice/engine/participant";
import { until } from "./fixtures/until.ts";
import { invoiceFlow } from "./invoice.flow.ts";
import type { invoice } from "./invoice.flow.ts";
import { subscriptionFlow } from "./subscription.flow.ts";
import type { subscription } from "./subscription.flow.ts";

type Subscription = FlowTypes<typeof subscription>;
type Invoice = FlowTypes<typeof invoice>;

/** The times of the flows and how often each card is declined; each test waits for one of them and not for the others. */
interface Script {
  readonly trial?: Duration;
  readonly period?: Duration;
  readonly dunning?: Duration;
  readonly declines?: number;
  readonly isMailDown?: boolean;
  readonly periodsMax?: number;
}

const SOON = "10ms";
const NEVER = "30d";
const FINAL_MS = 10_000;

describe("the subscription flow", () => {
  it("charges each period after the trial, and ends after the last", async (t) => {
    const { client, runId, mails, charged } = await subscribe(t, {
      trial: SOON,
      period: SOON,
      periodsMax: 3,
    });
    const run = await client.waitFinal(runId, FINAL_MS);
    assert.deepEqual([run?.outcome, run?.data["paidPeriods"]], ["completed", 3]);
    assert.deepEqual(charged, ["1: 900", "2: 900", "3: 900"]);
    assert.deepEqual(mails, ["welcome", "completed"]);
  });

  it("charges nothing when the customer leaves within the trial", async (t) => {
    const { client, runId, mails, charged } = await subscribe(t, {});
    await inState(client, runId, "in-trial");
    await client.send(runId, { type: "SubscriptionCanceled", data: {} });
    assert.equal((await client.waitFinal(runId, FINAL_MS))?.outcome, "canceled");
    assert.deepEqual([charged, mails], [[], ["welcome", "canceled"]]);
  });

  it("charges the new amount from the next period on", async (t) => {
    const { client, runId, charged } = await subscribe(t, { trial: SOON, period: "300ms", periodsMax: 2 });
    await inState(client, runId, "active");
    await client.send(runId, { type: "AmountChanged", data: { amountMinor: 1_200 } });
    assert.equal((await client.waitFinal(runId, FINAL_MS))?.outcome, "completed");
    assert.deepEqual(charged, ["1: 900", "2: 1200"]);
  });

  it("charges a declined card again, and goes on when it is good", async (t) => {
    const { client, runId, charged } = await subscribe(t, { trial: SOON, dunning: SOON, declines: 2 });
    await inState(client, runId, "active");
    assert.deepEqual(charged, ["1: declined", "1: declined", "1: 900"]);
  });

  it("ends unpaid after three declines", async (t) => {
    const { client, runId, mails, charged } = await subscribe(t, {
      trial: SOON,
      dunning: SOON,
      declines: 9,
    });
    assert.equal((await client.waitFinal(runId, FINAL_MS))?.outcome, "unpaid");
    assert.equal(charged.length, 3);
    assert.deepEqual(mails, ["welcome", "unpaid"]);
  });

  it("cancels the invoice under way with the subscription", async (t) => {
    const { client, runId } = await subscribe(t, { trial: SOON, declines: 9 });
    const invoiceId = await invoiceOf(client, runId);
    await inState(client, invoiceId, "declined");
    await client.send(runId, { type: "SubscriptionCanceled", data: {} });
    assert.equal((await client.waitFinal(runId, FINAL_MS))?.outcome, "canceled");
    assert.equal((await client.waitFinal(invoiceId, FINAL_MS))?.outcome, "canceled");
  });

  it("gives a period for free when somebody cancels its invoice", async (t) => {
    const { client, operator, runId, charged } = await subscribe(t, { trial: SOON, declines: 1 });
    const invoiceId = await invoiceOf(client, runId);
    await inState(client, invoiceId, "declined");
    const asked = { by: "ada", reason: "our mistake" };
    await operator.operate(invoiceId, { type: "cancel", compensate: true }, asked);
    await inState(client, runId, "active");
    assert.deepEqual([(await client.require(runId)).data["paidPeriods"], charged], [1, ["1: declined"]]);
  });

  it("goes on though no mail can be sent", async (t) => {
    const { client, runId } = await subscribe(t, { trial: SOON, periodsMax: 1, isMailDown: true });
    assert.equal((await client.waitFinal(runId, FINAL_MS))?.outcome, "completed");
  });
});

async function subscribe(
  t: TestContext,
  { trial = NEVER, period = NEVER, dunning = NEVER, declines = 0, isMailDown = false, periodsMax }: Script,
): Promise<Pick<Engine, "client" | "operator"> & { runId: string; mails: string[]; charged: string[] }> {
  const mails: string[] = [];
  const charged: string[] = [];
  const store = createMemoryStore({
    database: createMemoryDatabase({ nowMs: Date.now }),
    engineId: "engine-1",
  });
  const engine = await createEngine({
    store,
    flows: [subscriptionFlow({ trial, period }), invoiceFlow({ dunning })],
    participants: [
      local<Subscription>("mail", {
        async SendMail({ data }) {
          // What the sender did wrong is not tried again: the failure is final at once.
          if (isMailDown)
            throw Object.assign(new Error("no such mailbox"), { code: "NO_BOX", kind: "invalid" });
          mails.push(data.mail);
          return { type: "MailSent", data: {} };
        },
      }),
      local<Invoice>("cards", {
        async ChargeCard({ commandId, data }) {
          const isDeclined = charged.length < declines;
          charged.push(`${data.period}: ${isDeclined ? "declined" : data.amountMinor}`);
          return isDeclined
            ? { type: "CardDeclined", data: {} }
            : { type: "CardCharged", data: { chargeId: commandId } };
        },
      }),
    ],
    options: { projectionMs: 5 },
  });
  t.after(async () => {
    await engine.stop();
    await store.close();
  });
  await engine.start();
  const limit = periodsMax === undefined ? {} : { periodsMax };
  const data = { customerId: "ada", email: "ada@example.org", amountMinor: 900, ...limit };
  const { client, operator } = engine;
  const { runId } = await client.start("subscription", { key: "ada", data });
  return { client, operator, runId, mails, charged };
}

/** The run of the invoice that the subscription waits for. */
async function invoiceOf(client: Client, runId: string): Promise<string> {
  const childOf = async () => (await client.require(runId)).commands[0]?.childId;
  await inState(client, runId, "billing");
  await until("the invoice is under way", async () => (await childOf()) !== undefined);
  return (await childOf()) ?? "";
}

async function inState(client: Client, runId: string, state: string): Promise<void> {
  await until(`the run is ${state}`, async () => (await client.require(runId)).state === state);
}
