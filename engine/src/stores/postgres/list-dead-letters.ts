import type { Fragment, PendingQuery, Sql } from "postgres";
import { errorShape, letterShape } from "../../core/audit-shape.ts";
import { decodeCursor, encodeCursor } from "../../core/cursor.ts";
import type { LetterInput } from "../../core/inputs.ts";
import type { PlainError } from "../../core/errors.ts";
import type { DeadLetterQuery, DeadLetterRow, Page } from "../../core/ports.ts";
import { plains } from "./columns.ts";
import { columnFaults, splitRows } from "./unreadable.ts";
import type { ReadRow } from "./unreadable.ts";

export interface StoredDeadLetter extends Omit<DeadLetterRow, "input" | "error"> {
  readonly input: string;
  readonly error: string | null;
}

/** By run and, within a run, in order: the order in which they are redriven. */
export async function listDeadLetters(
  sql: Sql,
  { runId, version, flow, reason, state, cursor, limit }: DeadLetterQuery,
): Promise<Page<DeadLetterRow>> {
  const after = cursor === undefined ? null : decodeCursor(cursor, ["uuid", "version"]);
  const rows = await sql<StoredDeadLetter[]>`
    select ${deadLetterColumns(sql)}
      from dead_letters d
     where true
       ${runId === undefined ? sql`` : sql`and run_id = ${runId}`}
       ${version === undefined ? sql`` : sql`and version = ${version}`}
       ${flow === undefined ? sql`` : sql`and (select r.flow from runs r where r.run_id = d.run_id limit 1) = ${flow}`}
       ${reason === undefined ? sql`` : sql`and reason = ${reason}`}
       ${state === undefined ? sql`` : sql`and state = ${state}`}
       ${after === null ? sql`` : sql`and (run_id, version) > (${after[0] as string}::uuid, ${after[1] as number})`}
     order by run_id, version
     limit ${limit + 1}`;
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const hasMore = last !== undefined && rows.length > page.length;
  return {
    ...splitRows(page.map(readDeadLetter)),
    cursor: hasMore ? encodeCursor([last.runId, last.version]) : null,
  };
}

/** All dead letters of these runs, each run's in order. */
export function selectDeadLettersOf(sql: Sql, runIds: readonly string[]): PendingQuery<StoredDeadLetter[]> {
  return sql<StoredDeadLetter[]>`
    select ${deadLetterColumns(sql)}
      from dead_letters
     where run_id = any(${plains(runIds)}::uuid[])
     order by run_id, version`;
}

function deadLetterColumns(sql: Sql): Fragment {
  return sql`run_id as "runId", lane, version, reason, state, input, error, to_ms(at) as "atMs"`;
}

export function readDeadLetter(row: StoredDeadLetter): ReadRow<DeadLetterRow> & { readonly id: string } {
  const { runId, version, input, error, atMs } = row;
  const id = `${runId}:${version}`;
  const texts = { input: [input, letterShape], error: [error, errorShape] } as const;
  const faults = columnFaults(texts, { at: atMs });
  return faults.length === 0
    ? { id, value: fromStoredDeadLetter(row), fault: null }
    : { id, value: null, fault: `dead_letters: ${faults.join("; ")}` };
}

function fromStoredDeadLetter({ input, error, ...row }: StoredDeadLetter): DeadLetterRow {
  return {
    ...row,
    input: JSON.parse(input) as LetterInput,
    error: error === null ? null : (JSON.parse(error) as PlainError),
  };
}
