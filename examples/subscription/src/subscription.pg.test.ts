import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Client } from "@sluice/engine";
import { openSubscriptions } from "./fixtures/open-subscriptions.ts";
import { until } from "./fixtures/until.ts";

const FINAL_MS = 20_000;
const AMOUNT_MINOR = 900;

describe("subscriptions on Postgres", () => {
  it("take the money of each period once, from good cards alone", async (t) => {
    const { client, sql, audit } = await openSubscriptions(t);
    const customers = ["ada", "grace", "linus", "nobody"];
    const outcomes = await Promise.all(customers.map((customerId) => subscribe(client, customerId, 2)));
    assert.deepEqual(outcomes, ["completed", "completed", "unpaid", "unpaid"]);
    const charges = await sql`select customer_id as "customerId", period from charges order by 1, 2`;
    assert.deepEqual(
      charges.map(({ customerId, period }) => `${customerId} ${period}`),
      ["ada 1", "ada 2", "grace 1", "grace 2"],
    );
    assert.deepEqual(await audit(), []);
  });

  it("stand in one report each, started by the clock", async (t) => {
    const { client, sql } = await openSubscriptions(t);
    await subscribe(client, "ada", 3);
    // The list of runs is a moment behind them.
    await until("each charge stands in a report", async () => (await addUpReports(client)).charges >= 3);
    assert.deepEqual(await addUpReports(client), { charges: 3, amountMinor: 3 * AMOUNT_MINOR });
    assert.equal((await sql`select from charges where reported_at is null`).length, 0);
  });
});

async function subscribe(client: Client, customerId: string, periodsMax: number) {
  const email = `${customerId}@example.org`;
  const data = { customerId, email, amountMinor: AMOUNT_MINOR, periodsMax };
  const { runId } = await client.start("subscription", { key: customerId, data });
  return (await client.waitFinal(runId, FINAL_MS))?.outcome;
}

/** What all reports say together that were made so far. */
async function addUpReports(client: Client): Promise<{ charges: number; amountMinor: number }> {
  const { items } = await client.list({ flow: "revenue-report", limit: 100 });
  const runs = await Promise.all(items.map(({ runId }) => client.waitFinal(runId, FINAL_MS)));
  const sumOf = (field: string) => runs.reduce((sum, run) => sum + Number(run?.data[field]), 0);
  return { charges: sumOf("charges"), amountMinor: sumOf("amountMinor") };
}
