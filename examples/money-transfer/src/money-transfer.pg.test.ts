import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Client } from "@sluice/engine";
import type { Sql } from "@sluice/host/postgres";
import { openBank } from "./fixtures/open-bank.ts";
import { listAccounts } from "./store/list-accounts.ts";

const FINAL_MS = 20_000;

describe("a transfer between two banks", () => {
  it("leaves each sum in one place, whatever becomes of the transfer", async (t) => {
    const { client, sql, audit } = await openBank(t);
    const outcomes = await Promise.all(
      [
        ["ada", "linus", 25_000],
        ["ada", "closed", 1_000],
        ["ada", "nobody", 1_000],
        ["grace", "linus", 5_001],
        ["nobody", "linus", 1],
      ].map(([from, to, amountMinor]) => transfer(client, String(from), String(to), Number(amountMinor))),
    );
    assert.deepEqual(outcomes, ["transferred", "returned", "returned", "refused", "refused"]);
    assert.deepEqual(await balances(sql), { ada: 75_000, grace: 5_000, linus: 25_000 });
    assert.deepEqual(await audit(), []);
  });

  it("deposits once though two answers got lost", async (t) => {
    const { client, sql, audit } = await openBank(t);
    assert.equal(await transfer(client, "ada", "flaky", 100), "transferred");
    assert.deepEqual(await balances(sql), { ada: 99_900, flaky: 100, grace: 5_000 });
    assert.deepEqual(await audit(), []);
  });

  it("has the deposit back before the money is returned when the other bank fell silent after booking it", async (t) => {
    const { client, sql, audit } = await openBank(t);
    assert.equal(await transfer(client, "ada", "silent", 100), "returned");
    const [deposit] = await sql`select recalled_at as "recalledAt" from other_deposits`;
    const [withdrawal] = await sql`select returned_at as "returnedAt" from withdrawals`;
    assert.ok(deposit?.["recalledAt"] <= withdrawal?.["returnedAt"]);
    assert.deepEqual(await balances(sql), { ada: 100_000, grace: 5_000 });
    assert.deepEqual(await audit(), []);
  });

  it("overdraws no account that many transfers want to leave at the same time", async (t) => {
    const { client, sql, audit } = await openBank(t);
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => transfer(client, "grace", "linus", 300)),
    );
    assert.equal(outcomes.filter((outcome) => outcome === "transferred").length, 16);
    assert.equal(outcomes.filter((outcome) => outcome === "refused").length, 34);
    assert.deepEqual(await balances(sql), { ada: 100_000, grace: 200, linus: 4_800 });
    assert.deepEqual(await audit(), []);
  });
});

async function transfer(client: Client, fromAccount: string, toAccount: string, amountMinor: number) {
  const { runId } = await client.start("money-transfer", { data: { fromAccount, toAccount, amountMinor } });
  return (await client.waitFinal(runId, FINAL_MS))?.outcome;
}

/** All accounts that hold something. */
async function balances(sql: Sql): Promise<Readonly<Record<string, number>>> {
  const held = (await listAccounts(sql)).filter(({ balanceMinor }) => balanceMinor > 0);
  return Object.fromEntries(held.map(({ account, balanceMinor }) => [account, balanceMinor]));
}
