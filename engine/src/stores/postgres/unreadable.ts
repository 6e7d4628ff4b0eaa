/** Rows that somebody has changed by hand into what nobody can read: told apart, so that one of them hides no other. */
import type { CodedError } from "@sluice/contracts/problem";
import { readText } from "../../core/audit-shape.ts";
import type { Check } from "../../core/audit-shape.ts";
import { isTime } from "../../core/audit-times.ts";
import { engineError } from "../../core/errors.ts";
import type { UnreadableRow } from "../../core/ports.ts";
import { unreadableRows } from "../../core/unreadable.ts";

/** A row as far as it can be read. */
export type ReadRow<T> =
  { readonly value: T; readonly fault: null } | { readonly value: null; readonly fault: string };

/** What is wrong with columns of JSON and of times: a sentence for each, of which there is none where a row can be read. */
export function columnFaults(
  texts: Readonly<Record<string, readonly [text: string | null, shape: Check]>>,
  times: Readonly<Record<string, number | null>>,
): readonly string[] {
  return [
    ...Object.entries(texts).flatMap(([column, [text, shape]]) => {
      const fault = text === null ? null : readText(text, shape).fault;
      return fault === null ? [] : [`column ${column} ${fault}`];
    }),
    ...Object.entries(times).flatMap(([column, ms]) =>
      ms === null || isTime(ms) ? [] : [`column ${column} is ${String(ms)}, expected a time`],
    ),
  ];
}

/** @param id as an operator finds the row */
export function unreadable(what: string, id: string, fault: string): CodedError {
  const { fault: told } = unreadableRow(id, fault);
  return engineError("FLOW_UNREADABLE", `${what} ${id} cannot be read: ${told}`);
}

/** All of them, where all can be read. @throws FLOW_UNREADABLE (invalid), which names each that cannot */
export function requireReadable<T>(
  what: string,
  rows: readonly (ReadRow<T> & { readonly id: string })[],
): readonly T[] {
  const { items, unreadable: faulty } = splitRows(rows);
  if (faulty !== undefined) throw unreadableRows(what, faulty);
  return items;
}

function unreadableRow(id: string, fault: string): UnreadableRow {
  return { id, fault: `${fault}; run \`sluice audit\`, and restore the row from a backup` };
}

/** The page of what can be read, and beside it what cannot. */
export function splitRows<T>(rows: readonly (ReadRow<T> & { readonly id: string })[]): {
  readonly items: readonly T[];
  readonly unreadable?: readonly UnreadableRow[];
} {
  const items = rows.flatMap(({ value, fault }) => (fault === null ? [value] : []));
  const faulty = rows.flatMap(({ id, fault }) => (fault === null ? [] : [unreadableRow(id, fault)]));
  return faulty.length === 0 ? { items } : { items, unreadable: faulty };
}
