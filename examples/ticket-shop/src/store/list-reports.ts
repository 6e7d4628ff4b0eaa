import type { Sql } from "@sluice/host/postgres";

export interface ReportRow {
  /** `2026-11-20` */
  readonly day: string;
  readonly concertId: string;
  readonly sold: number;
  readonly revenueMinor: number;
  readonly refunds: number;
  readonly refundsMinor: number;
  readonly currency: string;
}

/** The report of a day, or of the newest one there is, from the first concert after `afterId`. */
export function listReports(
  sql: Sql,
  day: string | null,
  afterId: string,
  limit: number,
): Promise<ReportRow[]> {
  return sql<ReportRow[]>`
    select to_char(day, 'YYYY-MM-DD') as day, concert_id as "concertId", sold, revenue_minor::float8 as "revenueMinor",
           refunds, refunds_minor::float8 as "refundsMinor", currency
      from ticket_shop.reports
     where day = coalesce(${day}::date, (select max(day) from ticket_shop.reports))
       and concert_id > ${afterId}
     order by concert_id
     limit ${limit}`;
}
