import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { it } from "node:test";
import { REFUNDS_MAX } from "./concert-cancellation.flow.ts";
import { newTotals, runCrowd } from "./crowd/crowd.ts";
import { settleOrders } from "./crowd/settle.ts";
import { openShop } from "./fixtures/open-shop.ts";
import type { OpenShop } from "./fixtures/open-shop.ts";
import { until } from "./fixtures/until.ts";

const SETTLE_MS = 60_000;
const DAY_MS = 86_400_000;

it("a concert that does not take place gives all of its money back", async (t) => {
  const open = await openShop(t);
  const { shop, sql } = open;

  await t.test(
    "while a crowd is still buying, and its provider has bad moments",
    { timeout: 120_000 },
    async () => {
      await open.behave({ failureRate: 0.05, lostRate: 0.1, lateRate: 0.1, lateMs: 500, duplicateRate: 0.1 });
      const totals = newTotals();
      const closingTime = new AbortController();
      const crowd = {
        users: 40,
        usersPerSecond: Infinity,
        seconds: 60,
        thinkMsMin: 0,
        thinkMsMax: 20,
        concertId: "arena",
        seed: 1,
        signal: closingTime.signal,
      };
      const buying = runCrowd(shop, crowd, totals);
      await until(
        "more tickets are sold than one page has",
        async () => (await sold(open)) > REFUNDS_MAX,
        SETTLE_MS,
      );
      const { body } = await shop.cancelConcert("arena");
      assert.deepEqual([body?.concertId, body?.outcome], ["arena", null]);
      closingTime.abort();
      await buying;
      await untilRefunded(open, "arena");
      const {
        missing,
        open: still,
        outcomes,
      } = await settleOrders(shop, totals.orders, { settleMs: SETTLE_MS });
      assert.deepEqual([missing, still], [[], []]);

      const [tickets] = await sql`
      select count(*)::int as all, count(voided_at)::int as void from ticket_shop.tickets where concert_id = 'arena'`;
      assert.equal(tickets?.["void"], tickets?.["all"]);
      assert.equal((await shop.cancelConcert("arena")).body?.refunded, tickets?.["all"]);
      assert.equal(outcomes["closed"], tickets?.["all"]);
      assert.deepEqual(await open.audit(), []);
    },
  );

  await t.test("and sells nothing more", async () => {
    assert.equal((await shop.placeOrder("arena", randomUUID())).cause, "SHOP_CONCERT_CANCELED");
    assert.notEqual((await shop.getConcert("arena")).body?.canceledAt, null);
  });

  await t.test("is canceled once, however often one asks", async () => {
    await open.behave({ failureRate: 0, lostRate: 0, lateRate: 0, duplicateRate: 0 });
    const first = await post(open, "/shop/concerts/cellar/cancellation");
    assert.deepEqual([first.ok, first.headers.get("idempotent-replayed")], [true, null]);
    await untilRefunded(open, "cellar");
    const again = await post(open, "/shop/concerts/cellar/cancellation");
    assert.deepEqual([again.status, again.headers.get("idempotent-replayed")], [200, "true"]);
    assert.equal(again.headers.get("location"), first.headers.get("location"));
    assert.deepEqual(((await again.json()) as { refunded: number }).refunded, 0);
    assert.equal((await shop.cancelConcert("nowhere")).cause, "SHOP_UNKNOWN_CONCERT");
  });

  await t.test("shows who has a ticket that it is void", async () => {
    const [row] = await sql<{ orderId: string }[]>`
      select order_id as "orderId" from ticket_shop.tickets where concert_id = 'arena' limit 1`;
    const { body } = await shop.getOrder(row?.orderId ?? "");
    assert.equal(body?.outcome, "closed");
    assert.notEqual(body?.ticket?.voidedAt ?? null, null);
  });

  await t.test("stands in the report of its day", async () => {
    assert.deepEqual((await shop.getReports()).body, { items: [], cursor: null });
    const [counted] = await sql<{ day: string; sold: number; revenueMinor: number }[]>`
      select to_char(issued_at at time zone 'Europe/Berlin', 'YYYY-MM-DD') as day, count(*)::int as sold,
             sum(coalesce(tickets.amount_minor, orders.amount_minor))::int as "revenueMinor"
        from ticket_shop.tickets join ticket_shop.orders using (order_id)
       group by 1 order by 1 desc limit 1`;
    const { day, ...sales } = counted ?? assert.fail("no tickets");
    // Written as the clock would have it when the day is over, so all of it is in there.
    await writeReport(open, new Date(Date.parse(`${day}T02:00:00Z`) + DAY_MS).toISOString());
    const { body } = await shop.getReports();
    const returns = { refunds: sales.sold, refundsMinor: sales.revenueMinor };
    const nothing = { sold: 0, revenueMinor: 0, refunds: 0, refundsMinor: 0 };
    const rest = { day, currency: "EUR" };
    assert.deepEqual(body, {
      items: [
        { concertId: "arena", ...sales, ...returns, ...rest },
        { concertId: "cellar", ...nothing, ...rest },
        { concertId: "festival", ...nothing, ...rest },
      ],
      cursor: null,
    });
    assert.deepEqual(await open.audit(), []);
  });

  await t.test("has a report of any day, page by page, and none of a day that is none", async () => {
    await writeReport(open, "2025-01-02T02:00:00Z");
    const page = await get(open, "/shop/reports?day=2025-01-01&limit=2");
    const { items, cursor } = (await page.json()) as {
      items: { concertId: string; sold: number }[];
      cursor: string;
    };
    assert.deepEqual(
      items.map(({ concertId, sold: count }) => [concertId, count]),
      [
        ["arena", 0],
        ["cellar", 0],
      ],
    );
    const next = await get(open, `/shop/reports?day=2025-01-01&limit=2&cursor=${cursor}`);
    assert.equal(((await next.json()) as { items: object[] }).items.length, 1);
    assert.equal((await get(open, "/shop/reports?day=2025-02-30")).status, 400);
  });

  // A guard counts only after it has found a planted fault.
  const faults: Readonly<Record<string, () => Promise<unknown>>> = {
    "a good ticket of a concert that is canceled": async () => sql`
      update ticket_shop.tickets set voided_at = null where concert_id = 'arena' and seat = 1`,
    "a ticket that was sold after its concert was canceled": async () => sql`
      update ticket_shop.tickets set issued_at = now() where concert_id = 'arena' and seat = 2`,
    "a void ticket whose money was kept": async () => {
      const { orderId } = (await shop.placeOrder("festival", randomUUID())).body ?? assert.fail("no order");
      await shop.pay(orderId);
      // Before it is kept, the shop would give it back by itself.
      await until("the payment is kept", async () => {
        const kept =
          await sql`select from ticket_shop.payments where order_id = ${orderId} and kept_at is not null`;
        return kept.length === 1;
      });
      await sql`update ticket_shop.tickets set voided_at = now() where order_id = ${orderId}`;
    },
    "a report that miscounted its day": async () => sql`
      update ticket_shop.reports set sold = sold + 1 where day = '2025-01-01' and concert_id = 'cellar'`,
  };
  for (const [name, plant] of Object.entries(faults)) {
    await t.test(`the audit of a canceled concert and of reports finds ${name}`, async () => {
      const before = new Set(await open.audit());
      await plant();
      assert.notDeepEqual(
        (await open.audit()).filter((breach) => !before.has(breach)),
        [],
      );
    });
  }
});

async function sold({ shop }: OpenShop): Promise<number> {
  return (await shop.getConcert("arena")).body?.sold ?? 0;
}

function untilRefunded({ shop }: OpenShop, concertId: string): Promise<void> {
  return until(
    `the cancellation of ${concertId} has ended`,
    async () => (await shop.cancelConcert(concertId)).body?.outcome === "refunded",
    SETTLE_MS,
  );
}

async function writeReport({ client }: OpenShop, dueAt: string): Promise<void> {
  const { runId } = await client.start("nightly-report", { data: { dueAt } });
  assert.equal((await client.waitFinal(runId, 10_000))?.outcome, "written");
}

function post({ url }: OpenShop, path: string): Promise<Response> {
  return fetch(url + path, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
}

function get({ url }: OpenShop, path: string): Promise<Response> {
  return fetch(url + path);
}
