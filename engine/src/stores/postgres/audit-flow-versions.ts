import { readAuditFlows } from "../../core/audit-flows.ts";
import type { AuditFlows, StoredDefinition } from "../../core/audit-flows.ts";
import type { AuditScope } from "../../core/ports.ts";
import type { PostgresSession } from "./session.ts";

/** The stored definitions. Versions that are added while an audit reads are not looked for. */
export async function loadAuditFlows(
  session: PostgresSession,
  { compileSchema }: Pick<AuditScope, "compileSchema">,
): Promise<AuditFlows> {
  const { sql } = session;
  const rows = await session.run(sql<StoredDefinition[]>`
    select flow, version, definition as text from flow_versions order by flow collate "C", version`);
  return readAuditFlows(rows, compileSchema);
}
