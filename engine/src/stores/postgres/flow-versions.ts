import type { Json } from "@sluice/contracts/envelope";
import type { Sql } from "postgres";
import type { FlowVersionRow } from "../../core/ports.ts";
import { versionChanged } from "../../core/version-changed.ts";
import { lines, plains, texts } from "./columns.ts";

/** Saves versions that are new; none of them when one is stored with another hash. */
export async function saveFlowVersions(sql: Sql, versions: readonly FlowVersionRow[]): Promise<void> {
  if (versions.length === 0) return;
  await sql`
    with given as (
      select *
        from unnest(
               ${texts(versions.map(({ flow }) => flow))}::text[],
               ${plains(versions.map(({ version }) => version))}::integer[],
               ${texts(versions.map(({ hash }) => hash))}::text[],
               string_to_array(${lines(versions.map(({ definition }) => JSON.stringify(definition)))}, E'\n'))
          as version (flow, version, hash, definition)
    )
    insert into flow_versions (flow, version, hash, definition)
    select flow, version, hash, definition
      from given
     where not exists (
             select from given g join flow_versions stored using (flow, version) where stored.hash <> g.hash)
     order by flow, version
    on conflict do nothing`;
  await assertHashes(sql, versions);
}

async function assertHashes(sql: Sql, versions: readonly FlowVersionRow[]): Promise<void> {
  const stored = await sql<Pick<FlowVersionRow, "flow" | "version" | "hash">[]>`
    select flow, version, hash from flow_versions`;
  const hashes = new Map(stored.map(({ flow, version, hash }) => [`${flow}:${version}`, hash]));
  const changed = versions.find(({ flow, version, hash }) => {
    const storedHash = hashes.get(`${flow}:${version}`);
    return storedHash !== undefined && storedHash !== hash;
  });
  if (changed !== undefined) throw versionChanged(changed, await listFlowVersions(sql));
}

export async function listFlowVersions(sql: Sql): Promise<FlowVersionRow[]> {
  const rows = await sql<(Omit<FlowVersionRow, "definition"> & { definition: string })[]>`
    select flow, version, hash, definition from flow_versions order by flow collate "C", version`;
  return rows.map((row) => ({ ...row, definition: JSON.parse(row.definition) as Json }));
}
