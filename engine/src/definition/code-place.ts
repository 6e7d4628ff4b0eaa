/**
 * Where code that cannot be run is wrong. Node tells this to readers only: before the stack of a fault of syntax it prints the file and the
 * line, some of the text, and a mark below the place.
 */
import { fileURLToPath, pathToFileURL } from "node:url";
import { readSource } from "./flow-source.ts";
import type { Position } from "./flow-source.ts";

export interface CodePlace extends Position {
  readonly file: string;
}

/** Where code could not be parsed, or imports a name that is not there; null for other errors, and where Node does not tell. */
export function syntaxPlaceOf(error: unknown): CodePlace | null {
  if (!(error instanceof SyntaxError)) return null;
  const [head = ""] = (error.stack ?? "").split(/^SyntaxError\b/m);
  const [title = "", ...frame] = head.split("\n");
  const [, place, digits] = /^(.+):(\d+)$/.exec(title) ?? [];
  if (place === undefined) return null;
  const file = place.startsWith("file:") ? fileURLToPath(place) : place;
  const line = Number(digits);
  const text = readSource(file)?.split(/\r?\n/)[line - 1];
  return { file, line, column: columnOf(frame, text) };
}

/** Where an error passed through a file: the innermost place in it; null when it did not. */
export function throwPlaceOf(error: unknown, file: string): CodePlace | null {
  const { href } = pathToFileURL(file);
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const frame of stack.split("\n")) {
    const [, url, line, column] = /(file:\S+):(\d+):(\d+)\)?$/.exec(frame) ?? [];
    if (url === href) return { file, line: Number(line), column: Number(column) };
  }
  return null;
}

/** The column of a mark. It is counted from the end of the line, because tabs before the mark are shown as blanks. */
function columnOf(frame: readonly string[], text: string | undefined): number {
  const row = frame.findIndex((line) => /^\s*\^+\s*$/.test(line));
  const shown = frame[row - 1]?.trimEnd();
  const mark = frame[row]?.indexOf("^");
  // A fault of several lines has no mark.
  if (shown === undefined || mark === undefined) return 1;
  return Math.max(1, (text ?? shown).trimEnd().length - shown.slice(mark).length + 1);
}
