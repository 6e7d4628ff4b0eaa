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
    with period as (
      select day, day::timestamp at time zone ${timeZone} as begins, (day + 1)::timestamp at time zone ${timeZone} as ends
        from (select (${dueAt}::timestamptz at time zone ${timeZone})::date - 1 as day) as before
    -- Not materialized, so that the index by time finds the tickets of the day.
    ), paid as not materialized (
      select tickets.concert_id, issued_at, voided_at, coalesce(tickets.amount_minor, orders.amount_minor) as amount_minor
        from ticket_shop.tickets
        join ticket_shop.orders using (order_id)
    ), sales as (
      select concert_id, count(*) as tickets, sum(amount_minor) as minor
        from period join paid on issued_at >= begins and issued_at < ends
       group by concert_id
    ), returns as (
      select concert_id, count(*) as tickets, sum(amount_minor) as minor
        from period join paid on voided_at >= begins and voided_at < ends
       group by concert_id
    ), written as (
      insert into ticket_shop.reports (day, concert_id, sold, revenue_minor, refunds, refunds_minor, currency)
      select day, concert_id, coalesce(sales.tickets, 0), coalesce(sales.minor, 0), coalesce(returns.tickets, 0),
             coalesce(returns.minor, 0), currency
        from period
        cross join ticket_shop.concerts
        left join sales using (concert_id)
        left join returns using (concert_id)
      on conflict (day, concert_id) do update
         set sold = excluded.sold, revenue_minor = excluded.revenue_minor, refunds = excluded.refunds,
             refunds_minor = excluded.refunds_minor, written_at = now()
      returning day)
    select to_char(day, 'YYYY-MM-DD') as day, (select count(*)::int from written) as concerts
      from period`;
  const report = rows[0];
  if (report === undefined) throw new Error(`no day before ${dueAt}`);
  return report;
}
