/** Tables for people: columns as wide as their widest cell, two spaces apart, no lines drawn. */
import { stripVTControlCharacters } from "node:util";
import type { Style } from "./style.ts";

export interface Column<Row> {
  readonly title: string;
  /** The text of a cell. It may be painted; foreign text goes through `tame` first. */
  readonly cell: (row: Row) => string;
  /** @default "left" */
  readonly align?: "left" | "right";
}

/** The table with its titles, each line ended by a line feed; the last column is never padded. */
export function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  style: Pick<Style, "dim">,
): string {
  const titles = columns.map(({ title }) => style.dim(title.toUpperCase()));
  return renderLines([titles, ...rows.map((row) => columns.map(({ cell }) => cell(row)))], columns);
}

/** Names and values, one pair a line. */
export function renderPairs(
  pairs: readonly (readonly [string, string])[],
  style: Pick<Style, "dim">,
): string {
  return renderLines(
    pairs.map(([name, value]) => [style.dim(name), value]),
    [{}, {}],
  );
}

/**
 * For lines that come one by one: each column is as wide as its widest cell so far, from `widthsMin` on; the last one is never padded.
 */
export function createAlignment(widthsMin: readonly number[]): (cells: readonly string[]) => string {
  const widths = [...widthsMin];
  return (cells) => {
    const padded = cells.map((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, widthOf(cell));
      return pad(cell, widths[at], "left");
    });
    return `${padded.join("  ").trimEnd()}\n`;
  };
}

function renderLines(
  lines: readonly (readonly string[])[],
  columns: readonly { readonly align?: "left" | "right" }[],
): string {
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => widthOf(line[at] ?? ""))));
  return lines
    .map((line) => {
      const cells = line.map((cell, at) => pad(cell, widths[at] ?? 0, columns[at]?.align ?? "left"));
      return `${cells.join("  ").trimEnd()}\n`;
    })
    .join("");
}

function pad(cell: string, width: number, align: "left" | "right"): string {
  const space = " ".repeat(Math.max(0, width - widthOf(cell)));
  return align === "right" ? space + cell : cell + space;
}

/** Columns of the terminal: paint takes none, and a character outside the basic plane counts once. */
function widthOf(cell: string): number {
  return [...stripVTControlCharacters(cell)].length;
}
