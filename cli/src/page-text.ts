/** A page of a list as people read it: its table, what of it nobody can read, and how to open the next one. */
import { styleOf } from "./cli.ts";
import type { Cli } from "./cli.ts";
import { tame } from "./style.ts";
import { renderTable } from "./table.ts";
import type { Column } from "./table.ts";
import type { Page } from "./wire.ts";

interface PageTable<Row> {
  readonly columns: readonly Column<Row>[];
  /** What is said where there is nothing. */
  readonly none: string;
  /** What a row is: a run, a job. */
  readonly row: string;
}

export function pageText<Row>(page: Page<Row>, { columns, none, row }: PageTable<Row>, cli: Cli): string {
  const style = styleOf(cli);
  const { items, cursor, unreadable = [] } = page;
  const faults = unreadable.map(({ id, fault }) =>
    style.bad(`${row} ${tame(id)} cannot be read: ${tame(fault)}`),
  );
  if (items.length === 0 && faults.length === 0) return `${none}\n`;
  const table = items.length === 0 ? "" : renderTable(items, columns, style);
  const next = cursor === null ? "" : style.dim(`next page: the same command with --cursor ${cursor}\n`);
  return table + faults.map((fault) => `${fault}\n`).join("") + next;
}
