/** Rows that somebody has changed by hand into what nobody can read: an error for who asks for them, and no reason not to read the others. */
import type { CodedError } from "@sluice/contracts/problem";
import type { Rejection } from "./decision.ts";
import { engineError, hasCode } from "./errors.ts";
import type { UnreadableRow } from "./ports.ts";

/** `what` each row is. All of them are in `fields.unreadable`. */
export function unreadableRows(what: string, rows: readonly UnreadableRow[]): CodedError {
  const told = rows.map(({ id, fault }) => `${what} ${id} cannot be read: ${fault}`);
  return engineError("FLOW_UNREADABLE", told.join("; "), { fields: { unreadable: rows } });
}

/** The rows that an error names; none of any other error. */
export function unreadableOf(error: unknown): readonly UnreadableRow[] {
  if (!hasCode(error, "FLOW_UNREADABLE")) return [];
  return ((error as CodedError).fields["unreadable"] as readonly UnreadableRow[] | undefined) ?? [];
}

export interface ReadableRows<T> {
  readonly items: readonly T[];
  /** What is wrong with the rows of each run that cannot be read, by its id. */
  readonly faults: ReadonlyMap<string, string>;
}

/** What can be read of these runs, and apart from it of which run nothing can. */
export async function readReadable<T>(
  runIds: readonly string[],
  read: (runIds: readonly string[]) => Promise<readonly T[]>,
): Promise<ReadableRows<T>> {
  try {
    return { items: await read(runIds), faults: new Map() };
  } catch (error) {
    const faults = new Map(unreadableOf(error).map(({ id, fault }) => [runIdOf(id), fault]));
    const others = runIds.filter((runId) => !faults.has(runId));
    if (others.length === runIds.length) throw error;
    return { items: await read(others), faults };
  }
}

/** A dead letter is `<run>:<version>`. */
function runIdOf(id: string): string {
  return id.split(":", 1)[0] ?? id;
}

/** What is said of an input for such a run. */
export function rejectUnreadable(runId: string, fault: string): Rejection {
  return {
    code: "FLOW_UNREADABLE",
    message: `run ${runId} cannot be read: ${fault}`,
    fields: { runId },
  };
}
