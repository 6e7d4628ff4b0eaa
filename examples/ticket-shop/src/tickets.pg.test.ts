import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { migrate } from "@sluice/host/postgres";
import type { Sql } from "@sluice/host/postgres";
import { testDatabase } from "@sluice/host/postgres-testing";
import { issueTickets } from "./tickets.ts";

describe("the ticket participant", () => {
  it("sells exactly the seats there are to 500 buyers in batches that run at the same time, and refuses the rest", async (t) => {
    const sql = await openShop(t, { small: 120, large: 1000 });
    const commands = Array.from({ length: 500 }, (_, n) => issueTicket(n % 2 === 0 ? "small" : "large"));
    const batches = Array.from({ length: 10 }, (_, n) => commands.slice(n * 50, n * 50 + 50));
    const answers = (await Promise.all(batches.map((batch) => issue(sql, batch)))).flat();

    const sold =
      await sql`select concert_id as "concertId", sold from ticket_shop.concerts order by concert_id`;
    assert.deepEqual(
      [...sold],
      [
        { concertId: "large", sold: 250 },
        { concertId: "small", sold: 120 },
      ],
    );
    assert.equal(answers.filter(({ type }) => type === "TicketIssued").length, 370);
    assert.deepEqual(
      answers.find(({ type }) => type === "TicketRefused"),
      { type: "TicketRefused", data: { reason: "sold-out" } },
    );
    const seats = await sql<
      { seat: number }[]
    >`select seat from ticket_shop.tickets where concert_id = 'small' order by seat`;
    assert.deepEqual(
      seats.map(({ seat }) => seat),
      Array.from({ length: 120 }, (_, n) => n + 1),
    );
  });

  it("gives an order that asks again the ticket it has, also within one batch", async (t) => {
    const sql = await openShop(t, { small: 2 });
    const command = issueTicket("small");
    const [first, twin] = await issue(sql, [command, command]);
    const [again] = await issue(sql, [command]);
    assert.equal(first?.type, "TicketIssued");
    assert.deepEqual([twin, again], [first, first]);
    assert.equal((await sql`select * from ticket_shop.tickets`).length, 1);
  });

  it("keeps the ticket of an order that asks again after the concert was sold out", async (t) => {
    const sql = await openShop(t, { small: 1 });
    const command = issueTicket("small");
    const [first] = await issue(sql, [command]);
    const [late, again] = await issue(sql, [issueTicket("small"), command]);
    assert.equal(late?.type, "TicketRefused");
    assert.deepEqual(again, first);
  });

  it("refuses a ticket for a concert that is not there", async (t) => {
    const sql = await openShop(t, {});
    const [answer] = await issue(sql, [issueTicket("nowhere")]);
    assert.deepEqual(answer, { type: "TicketRefused", data: { reason: "unknown-concert" } });
  });

  it("sells nothing when its transaction is undone", async (t) => {
    const sql = await openShop(t, { small: 1 });
    await assert.rejects(
      sql.begin(async (transaction) => {
        await issueTickets([issueTicket("small")], transaction);
        throw new Error("the batch lost its lane");
      }),
    );
    const [answer] = await issue(sql, [issueTicket("small")]);
    assert.equal(answer?.type, "TicketIssued");
  });

  it("waits instead of deadlocking when batches want the same concerts in another order", async (t) => {
    const sql = await openShop(t, { a: 500, b: 500, c: 500 });
    const names = ["a", "b", "c"];
    const batches = Array.from({ length: 30 }, (_, n) =>
      names.map((_name, k) => issueTicket(names[(n + k) % 3] ?? "a")),
    );
    const answers = (await Promise.all(batches.map((batch) => issue(sql, batch)))).flat();
    assert.ok(answers.every(({ type }) => type === "TicketIssued"));
  });
});

async function openShop(t: TestContext, seatsByConcert: Readonly<Record<string, number>>): Promise<Sql> {
  const { sql } = await testDatabase(t, "tickets");
  await migrate(sql, {
    room: "ticket-shop",
    migrations: new URL("../migrations/", import.meta.url),
    schema: "ticket_shop",
  });
  await sql`delete from ticket_shop.concerts`;
  for (const [concertId, seats] of Object.entries(seatsByConcert))
    await sql`
      insert into ticket_shop.concerts (concert_id, name, seats, price_minor, currency)
      values (${concertId}, ${concertId}, ${seats}, 100, 'EUR')`;
  return sql;
}

async function issue(sql: Sql, commands: readonly ReturnType<typeof issueTicket>[]) {
  const answers = await sql.begin((transaction) => issueTickets(commands, transaction));
  return answers as Awaited<ReturnType<typeof issueTickets>>;
}

function issueTicket(concertId: string) {
  const data = { orderId: randomUUID(), concertId };
  const run = { runId: "run", flow: "purchase", flowVersion: 1, attempt: 1 } as const;
  return { commandId: `run:${data.orderId}:0`, type: "IssueTicket", ...run, data } as const;
}
