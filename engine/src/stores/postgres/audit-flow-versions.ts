import { readAuditFlows } from "../../core/audit-flows.ts";
import type { AuditFlows, StoredDefinition } from "../../core/audit-flows.ts";
import type { AuditFinding, AuditScope } from "../../core/ports.ts";
import type { PostgresSession } from "./session.ts";

/** The stored definitions. Runs of a version that is added while an audit reads are not held to it. */
export async function loadAuditFlows(
  session: PostgresSession,
  { compileSchema }: Pick<AuditScope, "compileSchema">,
): Promise<AuditFlows> {
  const { sql } = session;
  const rows = await session.run(sql<StoredDefinition[]>`
    select flow, version, definition as text from flow_versions order by flow collate "C", version`);
  return readAuditFlows(rows, compileSchema);
}

/** The versions that runs have and that nobody has stored, when all runs are read. */
export async function auditMissingVersions(
  session: PostgresSession,
  flows: AuditFlows,
): Promise<readonly AuditFinding[]> {
  const { sql } = session;
  return flows.missing(
    await session.run(
      sql<Pick<StoredDefinition, "flow" | "version">[]>`select flow, version from flow_versions`,
    ),
  );
}
