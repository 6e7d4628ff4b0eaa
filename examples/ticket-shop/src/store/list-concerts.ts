import type { Sql } from "@sluice/host/postgres";

export interface Concert {
  readonly concertId: string;
  readonly name: string;
  readonly seats: number;
  readonly sold: number;
  readonly priceMinor: number;
  readonly currency: string;
}

/** Concerts in the order of their ids, from the first one after `afterId`. */
export function listConcerts(sql: Sql, afterId: string, limit: number): Promise<Concert[]> {
  return sql<Concert[]>`
    select concert_id as "concertId", name, seats, sold, price_minor as "priceMinor", currency
      from ticket_shop.concerts
     where concert_id > ${afterId}
     order by concert_id
     limit ${limit}`;
}
