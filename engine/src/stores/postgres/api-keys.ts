import type { Sql } from "postgres";
import type { ApiKeyRow, ApiScope, Store } from "../../core/ports.ts";
import { texts } from "./columns.ts";

export async function addApiKey(sql: Sql, key: Parameters<Store["addApiKey"]>[0]): Promise<ApiKeyRow> {
  const { keyId, name, scopes, hash, expiresAtMs } = key;
  const rows = await sql<{ createdAtMs: number }[]>`
    insert into api_keys (key_id, name, scopes, hash, expires_at)
    values (${keyId}, ${name}, ${texts(scopes)}::text[], ${hash},
            ${expiresAtMs === null ? null : sql`from_ms(${expiresAtMs})`})
    returning to_ms(created_at) as "createdAtMs"`;
  return { ...key, createdAtMs: rows[0]?.createdAtMs ?? 0, revokedAtMs: null };
}

/** Now by the database's clock, or at a time if that is sooner than the end the key has already. */
export async function endApiKey(sql: Sql, keyId: string, atMs: number | null): Promise<boolean> {
  const ended =
    atMs === null
      ? await sql`
          update api_keys set revoked_at = coalesce(revoked_at, clock_timestamp()) where key_id = ${keyId}`
      : await sql`
          update api_keys set expires_at = least(coalesce(expires_at, 'infinity'), from_ms(${atMs}))
           where key_id = ${keyId}`;
  return ended.count > 0;
}

export async function listApiKeys(sql: Sql): Promise<readonly ApiKeyRow[]> {
  const rows = await sql<(Omit<ApiKeyRow, "scopes"> & { readonly scopes: string })[]>`
    select key_id as "keyId", name, array_to_string(scopes, ' ') as scopes, hash, to_ms(created_at) as "createdAtMs",
           to_ms(expires_at) as "expiresAtMs", to_ms(revoked_at) as "revokedAtMs"
      from api_keys
     order by created_at, key_id`;
  return rows.map((row) => ({ ...row, scopes: row.scopes.split(" ") as ApiScope[] }));
}
