/**
 * Where a definition was written, so that a fault can be told with its line. A file that was loaded is known exactly; of a flow in code
 * only the call of `defineFlow` is known, and from there on the text is searched for the keys of a JSON Pointer: good enough to lead a
 * reader there, and never needed for anything else.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Finding } from "../core/findings.ts";
import { splitPointer } from "../core/pointer.ts";

/** Both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Source {
  readonly file: string;
  /** The nearest place that can be found for a finding; null when none can. */
  locate(finding: Pick<Finding, "path" | "code">): Position | null;
}

/** A finding and where it stands; null where that is not known. */
export interface LocatedFinding extends Finding {
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
}

const sources = new WeakMap<object, Source>();

export function rememberSource(definition: object, source: Source): void {
  sources.set(definition, source);
}

/** Keeps the place from which `caller` was called as the source of a definition in code. */
export function rememberCaller(definition: object, caller: (...args: never[]) => unknown): void {
  const trace: { stack?: string } = {};
  Error.captureStackTrace(trace, caller);
  const [, url, line] = /(file:\/\/.*?):(\d+):\d+\)?$/m.exec(trace.stack ?? "") ?? [];
  if (url !== undefined) sources.set(definition, codeSource(fileURLToPath(url), Number(line)));
}

/** Where a definition was written; null when nobody remembered. */
export function sourceOf(definition: object): Source | null {
  return sources.get(definition) ?? null;
}

/** Findings with their places, in the order of the text. */
export function locateFindings(
  findings: readonly Finding[],
  source: Source | null,
): readonly LocatedFinding[] {
  const located = findings.map((finding) => {
    const position = source?.locate(finding) ?? null;
    return {
      ...finding,
      file: source?.file ?? null,
      line: position?.line ?? null,
      column: position?.column ?? null,
    };
  });
  return located.sort(byPlace);
}

export function byPlace(a: LocatedFinding, b: LocatedFinding): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

/** A flow in code. The text is read when something is wrong, and only then. */
function codeSource(file: string, callLine: number): Source {
  let text: string | null | undefined;
  return {
    file,
    locate({ path }) {
      text ??= readSource(file);
      return text === null ? null : locateInCode(text, callLine, path);
    },
  };
}

/** The text of code; null when it runs from elsewhere than it was written: a bundle, a container. A fault is told without its place then. */
export function readSource(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

/** Follows the keys of a pointer through the text of an object literal that begins on a line; stops where a key is not found. */
export function locateInCode(text: string, fromLine: number, pointer: string): Position {
  let at = offsetOfLine(text, fromLine);
  for (const part of splitPointer(pointer)) {
    if (/^\d+$/.test(part)) continue;
    const key = new RegExp(`(?<![\\w$.-])["'\`]?${escapePattern(part)}["'\`]?\\s*[:(,}]`, "g");
    key.lastIndex = at;
    const match = key.exec(text);
    if (match === null) break;
    at = match.index;
  }
  return positionAt(text, at);
}

function offsetOfLine(text: string, line: number): number {
  let at = 0;
  for (let n = 1; n < line; n++) {
    const end = text.indexOf("\n", at);
    if (end === -1) return at;
    at = end + 1;
  }
  return at;
}

export function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
