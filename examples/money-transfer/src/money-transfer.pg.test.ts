import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Client } from "@sluice/engine";
import { migrate } from "@sluice/host/postgres";
import type { Sql } from "@sluice/host/postgres";
import { testDatabase } from "@sluice/host/postgres-testing";
import { openBank } from "./fixtures/open-bank.ts";
import { postgresInbox } from "./postgres-inbox.ts";
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

describe("an inbox in Postgres", () => {
  it("carries a command out once, though it comes twice at the same time", async (t) => {
    const { inbox, count } = await openInbox(t);
    const deposit = async () => ({ type: "MoneyDeposited", data: { nth: ++count.works } });
    const answers = await Promise.all([inbox.once("c-1", deposit), inbox.once("c-1", deposit)]);
    assert.deepEqual(answers, Array(2).fill({ type: "MoneyDeposited", data: { nth: 1 } }));
    assert.equal(count.works, 1);
  });

  it("forgets a command whose work threw", async (t) => {
    const { inbox, count } = await openInbox(t);
    await assert.rejects(
      inbox.once("c-1", () => Promise.reject(new Error("the disk is full"))),
      /disk is full/,
    );
    await inbox.once("c-1", async () => (count.works++, null));
    assert.equal(count.works, 1);
  });

  it("refuses for ever what was taken back before it came", async (t) => {
    const { inbox, count } = await openInbox(t);
    await inbox.undo("undo-1", "c-1", async () => null);
    for (let attempt = 1; attempt <= 2; attempt++)
      await assert.rejects(
        inbox.once("c-1", async () => (count.works++, null)),
        { code: "FLOW_COMMAND_UNDONE" },
      );
    assert.equal(count.works, 0);
  });

  it("takes a command back only when it is over", async (t) => {
    const { inbox, waiting } = await openInbox(t);
    const order: string[] = [];
    const begun = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const first = inbox.once("c-1", async () => {
      begun.resolve();
      await finish.promise;
      order.push("done");
      return null;
    });
    await begun.promise;
    const undo = inbox.undo("undo-1", "c-1", async () => (order.push("undone"), null));
    for (const untilMs = performance.now() + FINAL_MS; (await waiting()) === 0;)
      assert.ok(performance.now() < untilMs, "the undo does not wait for what it takes back");
    finish.resolve();
    await Promise.all([first, undo]);
    assert.deepEqual(order, ["done", "undone"]);
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

async function openInbox(t: Parameters<typeof testDatabase>[0]) {
  const { sql } = await testDatabase(t, "inbox");
  const migrations = new URL("../migrations/", import.meta.url);
  await migrate(sql, { room: "money-transfer", migrations, schema: "money_transfer" });
  return {
    inbox: postgresInbox(sql),
    count: { works: 0 },
    /** Transactions that wait for another one. */
    waiting: async () =>
      (
        await sql`select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
      ).length,
  };
}
