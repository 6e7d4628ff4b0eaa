import type { Sql } from "@sluice/host/postgres";
import type { Concert } from "./list-concerts.ts";

/** A concert, or null. */
export async function getConcert(sql: Sql, concertId: string): Promise<Concert | null> {
  const rows = await sql<Concert[]>`
    select concert_id as "concertId", name, seats, sold, price_minor as "priceMinor",
           premium_price_minor as "premiumPriceMinor", currency, canceled_at as "canceledAt"
      from ticket_shop.concerts
     where concert_id = ${concertId}`;
  return rows[0] ?? null;
}
