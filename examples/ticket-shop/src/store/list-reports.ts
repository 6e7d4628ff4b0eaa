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

/** Where a page goes on: after this concert of this day. */
export type ReportPlace = Pick<ReportRow, "day" | "concertId">;

/** Reports, the newest day first, from the first one after a place. */
export function listReports(sql: Sql, after: ReportPlace, limit: number): Promise<ReportRow[]> {
  return sql<ReportRow[]>`
    select to_char(day, 'YYYY-MM-DD') as day, concert_id as "concertId", sold, revenue_minor::float8 as "revenueMinor",
           refunds, refunds_minor::float8 as "refundsMinor", currency
      from ticket_shop.reports
     where day < ${after.day}::date
        or (day = ${after.day}::date and concert_id > ${after.concertId})
     order by day desc, concert_id
     limit ${limit}`;
}
