import type { Sql } from "@sluice/host/postgres";

/** Our id at the payment provider. */
export async function getMerchant(sql: Sql): Promise<string> {
  const rows = await sql<
    { merchantId: string }[]
  >`select merchant_id as "merchantId" from ticket_shop.merchant`;
  const merchant = rows[0];
  if (merchant === undefined)
    throw new Error("ticket_shop.merchant is empty, expected the row of migration 0001");
  return merchant.merchantId;
}
