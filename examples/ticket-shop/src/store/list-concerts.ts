import type { Sql } from "@sluice/host/postgres";

export interface Concert {
  readonly concertId: string;
  readonly name: string;
  readonly seats: number;
  readonly sold: number;
  readonly priceMinor: number;
  /** What a premium seat costs; null where there are none. */
  readonly premiumPriceMinor: number | null;
  readonly currency: string;
  readonly canceledAt: Date | null;
}

/** Concerts in the order of their ids, from the first one after `afterId`. */
export function listConcerts(sql: Sql, afterId: string, limit: number): Promise<Concert[]> {
  return sql<Concert[]>`
    select concert_id as "concertId", name, seats, sold, price_minor as "priceMinor",
           premium_price_minor as "premiumPriceMinor", currency, canceled_at as "canceledAt"
      from ticket_shop.concerts
     where concert_id > ${afterId}
     order by concert_id
     limit ${limit}`;
}
