import { isTest, lineAt } from "./repository.ts";
import type { Repository, SourceFile } from "./repository.ts";

/** `lines` are code lines: neither blank nor comment. */
export interface Measured {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly lines: number;
}

export interface Longest {
  readonly files: readonly Measured[];
  readonly functions: readonly Measured[];
}

/** The longest of what ships, for orientation: growth is seen, nothing fails. */
export function findLongest({ sources }: Repository, count: number): Longest {
  const measured = sources.filter(
    ({ path, text }) => /\.[cm]?[jt]s$/.test(path) && !isTest(path) && !isSuite(text),
  );
  const files = measured.map(({ path, lexed }) => ({
    file: path,
    line: 1,
    name: "",
    lines: codeLines(lexed.only("code", "text", "pattern")),
  }));
  return { files: top(files, count), functions: top(measured.flatMap(functionsIn), count) };
}

/** A contract suite: one function full of tests. */
function isSuite(text: string): boolean {
  return /\bfrom "node:test"/.test(text);
}

function top(all: readonly Measured[], count: number): readonly Measured[] {
  return all.toSorted((a, b) => b.lines - a.lines).slice(0, count);
}

function codeLines(text: string): number {
  return text.split("\n").filter((line) => line.trim() !== "").length;
}

/** Each block whose opening brace follows `=>`, or a `)` with or without a return type, that no `if` or loop opened. */
function functionsIn({ path, text, lexed }: SourceFile): readonly Measured[] {
  const code = lexed.only("code");
  const uncommented = lexed.only("code", "text", "pattern");
  const open: { at: number; name: string | undefined }[] = [];
  const found: Measured[] = [];
  for (const { 0: brace, index } of code.matchAll(/[{}]/g)) {
    if (brace === "{") {
      open.push({ at: index, name: functionNameBefore(code, index) });
      continue;
    }
    const block = open.pop();
    if (block?.name === undefined) continue;
    const lines = codeLines(uncommented.slice(block.at, index + 1));
    found.push({ file: path, line: lineAt(text, block.at), name: block.name, lines });
  }
  return found;
}

/** `undefined`: that brace opens no function. */
function functionNameBefore(code: string, brace: number): string | undefined {
  const before = code.slice(Math.max(0, brace - 2_000), brace);
  const arrow = /=>\s*$/.exec(before);
  const close =
    arrow === null ? /\)\s*(?::[^={};]*[^={};\s][^={};]*)?$/.exec(before) : /\)[^()]*=>\s*$/.exec(before);
  if (close === null) return arrow === null ? undefined : "(arrow function)";
  const head = before.slice(0, openingOf(before, close.index)).trimEnd();
  if (arrow !== null)
    return /([\w$]+)\s*(?::[^=;]*)?=\s*(?:async\s*)?(?:<.*>)?$/.exec(head)?.[1] ?? callee(head);
  const name = /([\w$]+)\s*(?:<[^()]*>)?$/.exec(head)?.[1];
  return name === undefined || /^(?:if|for|while|switch|catch|with|await|return)$/.test(name)
    ? undefined
    : name;
}

/** A function that is an argument goes by the name of what it is given to. */
function callee(head: string): string {
  const name = /([\w$.]+)\s*(?:<[^()]*>)?\([^()]*$/.exec(head)?.[1];
  return name === undefined ? "(arrow function)" : `(given to ${name})`;
}

function openingOf(code: string, close: number): number {
  let depth = 0;
  for (let at = close; at >= 0; at -= 1) {
    if (code[at] === ")") depth += 1;
    if (code[at] === "(") depth -= 1;
    if (depth === 0) return at;
  }
  return 0;
}
