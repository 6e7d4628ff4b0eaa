import { tame } from "./style.ts";

/** Enough to tell one of several alike from the others; `--json` has all of it. */
const CHARS_MAX = 80;

/** What a command or an event carries, behind its name; nothing where that says nothing. */
export function carriedText(data: unknown): string {
  if (typeof data !== "object" || data === null || Object.keys(data).length === 0) return "";
  const text = [...JSON.stringify(data)];
  const shown = text.length > CHARS_MAX ? `${text.slice(0, CHARS_MAX - 1).join("")}…` : text.join("");
  return ` ${tame(shown)}`;
}
