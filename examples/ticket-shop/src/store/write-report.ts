import type { TransactionSql } from "@sluice/host/postgres";

export interface WrittenReport {
  /** `2026-11-20` */
  readonly day: string;
  readonly concerts: number;
}

/**
 * Writes down for each concert what was sold and given back on the day before a time, by the calendar of a time zone. Written again, a
 * report says what is true now.
 */
export async function writeReport(
  sql: TransactionSql,
  dueAt: string,
  timeZone: string,
): Promise<WrittenReport> {
  const rows = await sql<WrittenReport[]>`
    with due as (
      select (${dueAt}::timestamptz at time zone ${timeZone})::date - 1 as day
    ), period as (
      select day, day::timestamp at time zone ${timeZone} as first, (day + 1)::timestamp at time zone ${timeZone} as last from due
    ), sales as (
      select tickets.concert_id, count(*) as sold, sum(coalesce(tickets.amount_minor, orders.amount_minor)) as revenue_minor
        from period, ticket_shop.tickets
        join ticket_shop.orders using (order_id)
       where issued_at >= period.first and issued_at < period.last
       group by tickets.concert_id
    ), returns as (
      select tickets.concert_id, count(*) as refunds, sum(coalesce(tickets.amount_minor, orders.amount_minor)) as refunds_minor
        from period, ticket_shop.tickets
        join ticket_shop.orders using (order_id)
       where voided_at >= period.first and voided_at < period.last
       group by tickets.concert_id
    ), written as (
      insert into ticket_shop.reports (day, concert_id, sold, revenue_minor, refunds, refunds_minor, currency)
      select day, concert_id, coalesce(sold, 0), coalesce(revenue_minor, 0), coalesce(refunds, 0), coalesce(refunds_minor, 0), currency
        from due
        cross join ticket_shop.concerts
        left join sales using (concert_id)
        left join returns using (concert_id)
      on conflict (day, concert_id) do update
         set sold = excluded.sold, revenue_minor = excluded.revenue_minor, refunds = excluded.refunds,
             refunds_minor = excluded.refunds_minor, written_at = now()
      returning day)
    select to_char(day, 'YYYY-MM-DD') as day, (select count(*)::int from written) as concerts
      from due`;
  const report = rows[0];
  if (report === undefined) throw new Error(`no day before ${dueAt}`);
  return report;
}
