import type { JsonObject } from "@sluice/contracts/envelope";
import { controlShape, dataShape, parkedShape, readText } from "../../core/audit-shape.ts";
import type { AuditFinding } from "../../core/ports.ts";
import type { Run } from "../../core/run.ts";
import { composeRun } from "./run-columns.ts";
import type { Control, StoredRun } from "./run-columns.ts";

/** The run of a row; null where its texts cannot be read, with what is wrong with each. */
export function readAuditedRun(row: StoredRun): {
  readonly run: Run | null;
  readonly findings: readonly AuditFinding[];
} {
  const data = readText<JsonObject>(row.data, dataShape);
  const control = readText<Control>(row.control, controlShape);
  const parked = readText(JSON.stringify(row.parked), parkedShape);
  const findings = Object.entries({ data, control, parked }).flatMap(([column, { fault }]): AuditFinding[] =>
    fault === null ? [] : [{ invariant: "I1", runId: row.runId, message: unreadable(column, fault) }],
  );
  const isReadable = data.fault === null && control.fault === null && parked.fault === null;
  return { run: isReadable ? composeRun(row, control.value, data.value) : null, findings };
}

function unreadable(column: string, fault: string): string {
  return `runs: column ${column} ${fault}, so the run cannot be carried on; restore the row from a backup`;
}
