import type { JsonObject } from "@sluice/contracts/envelope";
import { controlShape, dataShape, parkedShape, readText } from "../../core/audit-shape.ts";
import type { AuditFinding } from "../../core/ports.ts";
import type { Run } from "../../core/run.ts";
import { composeRun } from "./run-columns.ts";
import type { Control, StoredRun } from "./run-columns.ts";
import { columnFaults, unreadable } from "./unreadable.ts";
import type { ReadRow } from "./unreadable.ts";

/** The run of a row for an audit; null where it cannot be read, with what is wrong with each of its columns. */
export function readAuditedRun(row: StoredRun): {
  readonly run: Run | null;
  readonly findings: readonly AuditFinding[];
} {
  const { run, faults } = readStoredRun(row);
  const findings = faults.map((fault): AuditFinding => ({
    invariant: "I1",
    runId: row.runId,
    message: `runs: ${fault}, so the run cannot be carried on; restore the row from a backup`,
  }));
  return { run, findings };
}

function readStoredRun(row: StoredRun): { readonly run: Run | null; readonly faults: readonly string[] } {
  const data = readText<JsonObject>(row.data, dataShape);
  const control = readText<Control>(row.control, controlShape);
  const parked = readText(JSON.stringify(row.parked), parkedShape);
  const texts = Object.entries({ data, control, parked }).flatMap(([column, { fault }]) =>
    fault === null ? [] : [`column ${column} ${fault}`],
  );
  const faults = [
    ...texts,
    ...columnFaults({}, { entered_at: row.enteredAtMs, updated_at: row.updatedAtMs }),
  ];
  const isReadable = data.fault === null && control.fault === null && faults.length === 0;
  return { run: isReadable ? composeRun(row, control.value, data.value) : null, faults };
}

export function readRunRow(row: StoredRun): ReadRow<Run> & { readonly id: string } {
  const { run, faults } = readStoredRun(row);
  const id = row.runId;
  return run === null
    ? { id, value: null, fault: `runs: ${faults.join("; ")}` }
    : { id, value: run, fault: null };
}

/** @throws FLOW_UNREADABLE (invalid) */
export function readRun(row: StoredRun): Run {
  const { id, value, fault } = readRunRow(row);
  if (fault !== null) throw unreadable("run", id, fault);
  return value;
}
