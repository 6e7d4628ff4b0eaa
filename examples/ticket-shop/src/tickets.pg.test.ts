import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { postgresInbox, postgresInboxMigrations } from "@sluice/engine/postgres-inbox";
import { migrate } from "@sluice/host/postgres";
import type { Sql, TransactionSql } from "@sluice/host/postgres";
import { testDatabase } from "@sluice/host/postgres-testing";
import { REFUNDS_MAX } from "./concert-cancellation.flow.ts";
import { oneByOne } from "./one-by-one.ts";
import {
  issueTickets,
  listTicketsToRefund,
  stopSales,
  takeTicketsBack,
  ticketHandlers,
  voidRefundedTickets,
} from "./tickets.ts";

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

  it("issues a ticket of either version of the purchase at its own price", async (t) => {
    const sql = await openShop(t, { small: 3 });
    const upgraded = issueTicket("small", { category: "premium", amountMinor: 250 });
    // One that names no price beside one that does, in one statement.
    await issue(sql, [issueTicket("small"), upgraded]);
    const tickets = await sql`select seat, category, amount_minor from ticket_shop.tickets order by seat`;
    assert.deepEqual(
      [...tickets],
      [
        { seat: 1, category: "standard", amount_minor: null },
        { seat: 2, category: "premium", amount_minor: 250 },
      ],
    );
  });

  it("refuses every ticket of a concert from the moment its sales stop, and none before", async (t) => {
    const sql = await openShop(t, { small: 1000, other: 10 });
    const batches = Array.from({ length: 20 }, () => [issueTicket("small"), issueTicket("small")]);
    const [answers] = await Promise.all([
      Promise.all(batches.map((batch) => issue(sql, batch))),
      within(sql, (transaction) => stopSales([about("StopSales", { concertId: "small" })], transaction)),
    ]);
    const late = await issue(sql, [issueTicket("small"), issueTicket("other")]);
    assert.deepEqual(
      late.map(({ data }) => ("reason" in data ? data.reason : "issued")),
      ["canceled", "issued"],
    );
    const issued = answers.flat().filter(({ type }) => type === "TicketIssued").length;
    const [counted] = await sql`
      select count(*)::int as tickets, count(*) filter (where issued_at > canceled_at)::int as late, max(sold) as sold
        from ticket_shop.tickets join ticket_shop.concerts using (concert_id) where concert_id = 'small'`;
    assert.deepEqual({ ...counted }, { tickets: issued, late: 0, sold: issued === 0 ? null : issued });
  });

  it("stops the sales of a concert once, however often it is asked", async (t) => {
    const sql = await openShop(t, { small: 1 });
    const stop = () =>
      within(sql, (transaction) => stopSales([about("StopSales", { concertId: "small" })], transaction));
    const canceledAt = () => sql`select canceled_at::text from ticket_shop.concerts`;
    assert.deepEqual(await stop(), [{ type: "SalesStopped", data: {} }]);
    const before = await canceledAt();
    await stop();
    assert.deepEqual([...(await canceledAt())], [...before]);
  });

  it("lists the good tickets of a concert seat by seat, with what each of them cost", async (t) => {
    const sql = await openShop(t, { small: REFUNDS_MAX + 2, other: 1 });
    const commands = Array.from({ length: REFUNDS_MAX + 2 }, (_, n) =>
      n === 1 ? issueTicket("small", { category: "premium", amountMinor: 250 }) : issueTicket("small"),
    );
    await placeOrders(sql, commands);
    await issue(sql, [...commands, issueTicket("other")]);
    await within(sql, (transaction) =>
      takeTicketsBack([about("VoidTicket", { orderId: commands[0]?.data.orderId ?? "" })], transaction),
    );
    const [first] = await list(sql, 0);
    assert.equal(first?.type, "TicketsListed");
    const page = first?.type === "TicketsListed" ? first.data : assert.fail("no tickets");
    assert.deepEqual([page.bills.length, page.afterSeat], [REFUNDS_MAX, REFUNDS_MAX + 1]);
    assert.deepEqual(
      page.bills.slice(0, 2).map(({ orderId, amountMinor }) => [orderId, amountMinor]),
      [
        [commands[1]?.data.orderId, 250],
        [commands[2]?.data.orderId, 100],
      ],
    );
    const [second] = await list(sql, page.afterSeat);
    assert.equal(second?.type === "TicketsListed" ? second.data.bills.length : 0, 1);
    assert.deepEqual(await list(sql, REFUNDS_MAX + 2), [{ type: "NoTicketsLeft", data: {} }]);
  });

  it("voids a ticket once, and an order without one loses nothing", async (t) => {
    const sql = await openShop(t, { small: 2 });
    const bought = issueTicket("small");
    await issue(sql, [bought, issueTicket("small")]);
    const orderIds = [bought.data.orderId, randomUUID()];
    const voided = () =>
      sql`select order_id, voided_at::text from ticket_shop.tickets where voided_at is not null`;
    await within(sql, (transaction) =>
      voidRefundedTickets([about("VoidTickets", { orderIds })], transaction),
    );
    const before = await voided();
    assert.deepEqual(
      before.map((row) => row["order_id"]),
      [bought.data.orderId],
    );
    await within(sql, (transaction) =>
      voidRefundedTickets([about("VoidTickets", { orderIds })], transaction),
    );
    assert.deepEqual([...(await voided())], [...before]);
  });

  it("issues no ticket for an order that has lost it, whichever of the two comes first", async (t) => {
    const sql = await openShop(t, { small: 5 });
    const [early, late, other] = [issueTicket("small"), issueTicket("small"), issueTicket("small")];
    await placeOrders(sql, [early, late]);
    await issue(sql, [early]);
    const orderIds = [early, late].map(({ data }) => data.orderId);
    for (let time = 1; time <= 2; time++)
      await within(sql, (transaction) =>
        takeTicketsBack(
          orderIds.map((orderId) => about("VoidTicket", { orderId })),
          transaction,
        ),
      );
    const canceled = { type: "TicketRefused", data: { reason: "canceled" } };
    const answers = await issue(sql, [late, early, other]);
    assert.deepEqual(answers.slice(0, 2), [canceled, canceled]);
    assert.equal(answers[2]?.type, "TicketIssued");
    const good = await sql`select order_id from ticket_shop.tickets where voided_at is null`;
    assert.deepEqual(
      good.map((row) => row["order_id"]),
      [other.data.orderId],
    );
  });

  it("leaves no order a good ticket that gets and loses it in the same instant", async (t) => {
    const sql = await openShop(t, { small: 1000 });
    const commands = Array.from({ length: 40 }, () => issueTicket("small"));
    await placeOrders(sql, commands);
    await Promise.all(
      commands.flatMap((command) => [
        issue(sql, [command]),
        within(sql, (transaction) =>
          takeTicketsBack([about("VoidTicket", { orderId: command.data.orderId })], transaction),
        ),
      ]),
    );
    assert.equal((await sql`select from ticket_shop.tickets where voided_at is null`).length, 0);
  });

  it("refuses a ticket whose command lay in a broker until it was taken back", async (t) => {
    const sql = await openShop(t, { small: 1 });
    const { room, directory } = postgresInboxMigrations;
    await migrate(sql, { room, migrations: directory, schema: "tickets" });
    const inbox = postgresInbox(sql, { schema: "tickets" });
    const { IssueTicket, VoidTicket } = oneByOne(ticketHandlers);
    const { signal } = new AbortController();
    const late = issueTicket("small");
    await placeOrders(sql, [late]);
    const undo = about("VoidTicket", { orderId: late.data.orderId });
    await inbox.undo(undo.commandId, late.commandId, async (transaction) => {
      const answer = await VoidTicket?.(undo, signal, transaction);
      assert.deepEqual(answer, { type: "TicketVoided", data: {} });
      return null;
    });
    const issueOf = (command: typeof late) =>
      inbox.once(command.commandId, async (transaction) =>
        IssueTicket === undefined ? null : IssueTicket(command, signal, transaction),
      );
    await assert.rejects(issueOf(late), { code: "FLOW_COMMAND_UNDONE" });
    // Nor under another id, as a run asks that an operator has put back into its state.
    assert.equal((await issueOf({ ...late, commandId: "run:another:0" }))?.type, "TicketRefused");
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

  it("waits instead of deadlocking when batches take the same tickets back in another order", async (t) => {
    const sql = await openShop(t, { small: 40 });
    const orderIds = (await issueSome(sql, 40)).toSorted();
    const backwards = orderIds.toReversed();
    const batches = Array.from({ length: 30 }, (_, n) => (n % 2 === 0 ? orderIds : backwards));
    await Promise.all(
      batches.map((ids, n) =>
        within(sql, async (transaction) => {
          if (n % 3 === 0) await voidRefundedTickets([about("VoidTickets", { orderIds: ids })], transaction);
          else
            await takeTicketsBack(
              ids.map((orderId) => about("VoidTicket", { orderId })),
              transaction,
            );
        }),
      ),
    );
    const [row] = await sql<{ good: number }[]>`
      select count(*)::integer as good from ticket_shop.tickets where voided_at is null`;
    assert.equal(row?.good, 0);
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

function issue(sql: Sql, commands: readonly ReturnType<typeof issueTicket>[]) {
  return within(sql, (transaction) => issueTickets(commands, transaction));
}

/** The orders of so many tickets of the small concert. */
async function issueSome(sql: Sql, tickets: number): Promise<string[]> {
  const commands = Array.from({ length: tickets }, () => issueTicket("small"));
  await placeOrders(sql, commands);
  await issue(sql, commands);
  return commands.map(({ data }) => data.orderId);
}

function list(sql: Sql, afterSeat: number) {
  const command = about("ListTickets", { concertId: "small", afterSeat });
  return within(sql, (transaction) => listTicketsToRefund([command], transaction));
}

/** Does the work of a batch in a transaction of its own. */
async function within<Answer>(
  sql: Sql,
  work: (transaction: TransactionSql) => Promise<Answer>,
): Promise<Answer> {
  const [answer] = await sql.begin(async (transaction) => [await work(transaction)]);
  return answer as Answer;
}

function placeOrders(sql: Sql, commands: readonly ReturnType<typeof issueTicket>[]) {
  const orderIds = commands.map(({ data }) => data.orderId);
  return sql`
    insert into ticket_shop.orders (order_id, run_id, concert_id, amount_minor, currency)
    select order_id, gen_random_uuid(), 'small', 100, 'EUR' from unnest(${orderIds}::uuid[]) as placed (order_id)`;
}

/** As version 1 of the purchase asks for a ticket, or with a price as version 2 does. */
function issueTicket(concertId: string, price: { category: "premium"; amountMinor: number } | null = null) {
  return about("IssueTicket", { orderId: randomUUID(), concertId, ...price });
}

function about<const Type extends string, const Data>(type: Type, data: Data) {
  const run = { runId: "run", flow: "a flow", flowVersion: 1, attempt: 1 } as const;
  return { commandId: `run:${randomUUID()}:0`, type, ...run, data };
}
