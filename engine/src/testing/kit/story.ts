/** What has happened to a run, as a test shows it when it fails. */
import type { Json } from "@sluice/contracts/envelope";
import type { HistoryEntry } from "../../core/history.ts";

/** Most entries that are shown; of a longer history the last. */
const ENTRIES_SHOWN_MAX = 30;
const TEXT_CHARS_MAX = 160;

/** A history as lines: number, time since its beginning, what happened, the state after it. */
export function tellHistory(entries: readonly HistoryEntry[]): string {
  const beginMs = entries[0]?.atMs ?? 0;
  const rows = entries
    .slice(-ENTRIES_SHOWN_MAX)
    .map((entry) => [
      String(entry.version),
      `+${tellMs(entry.atMs - beginMs)}`,
      entry.state,
      tellEntry(entry),
    ]);
  const left = entries.length - rows.length;
  return [...(left === 0 ? [] : [`  … ${left} entries before`]), ...alignColumns(rows)].join("\n");
}

function tellEntry({ kind, type, attempt = 1, commands = [], data, error }: HistoryEntry): string {
  const words = [kind, type, attempt > 1 ? `attempt ${attempt}` : undefined].filter(
    (word) => word !== undefined,
  );
  const carried = data === undefined ? "" : ` ${tellValue(data)}`;
  const sent = commands.length === 0 ? "" : ` → ${commands.map((each) => each.type).join(", ")}`;
  const why = error === undefined ? "" : ` (${error.code}: ${error.message})`;
  return `${words.join(" ")}${carried}${sent}${why}`;
}

/** Rows whose cells but the last stand below each other. */
export function alignColumns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  return rows.map((row) =>
    row.reduce(
      (line, cell, at) => `${line}  ${at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)}`,
      "",
    ),
  );
}

/** A value on one line; what is long is cut. */
export function tellValue(value: Json | undefined): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length <= TEXT_CHARS_MAX ? text : `${text.slice(0, TEXT_CHARS_MAX)}…`;
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** A length of time in its largest unit, in which it is short to say. */
export function tellMs(ms: number): string {
  const unit = UNITS.find(([, unitMs]) => ms >= unitMs);
  if (unit === undefined) return `${ms}ms`;
  const [name, unitMs] = unit;
  return `${Number((ms / unitMs).toFixed(3))}${name}`;
}
