/** The text of a YAML or JSON file as a value, with the place of everything in it. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, Parser, visit } from "yaml";
import type { Document, Node, YAMLError } from "yaml";
import { finding, THE_FLOW } from "../core/findings.ts";
import type { Finding, FindingCode, Place } from "../core/findings.ts";
import { stateNamed } from "../core/flow-view.ts";
import { splitPointer, toPointer } from "../core/pointer.ts";
import { positionAt } from "./flow-source.ts";
import type { LocatedFinding, Position, Source } from "./flow-source.ts";

/** The most faults of syntax that are told of one file: after the first few they are its echoes. */
const SYNTAX_FAULTS_MAX = 5;

/** How often the aliases of a file may be expanded, so that a small file cannot stand for a huge one ("billion laughs"). */
const ALIASES_MAX = 100;

/** What a finding is about that concerns the text and no flow in it. */
export const THE_FILE: Place = { subject: "the file", state: null };

export interface ParsedText {
  /** Undefined when the text cannot be read; the findings say why. */
  readonly value: unknown;
  /** The same as it would be if of equal keys the first counted; undefined where none stands twice. */
  readonly former: unknown;
  /** What is wrong with the text itself: its syntax, and keys that stand twice. */
  readonly findings: readonly LocatedFinding[];
  readonly source: Source;
}

/** YAML 1.2, core schema: no tags, no merge keys, keys are texts. What it says must be JSON. */
export function parseYaml(text: string, file: string): ParsedText {
  const parsed = parseDocumentOf(text, file);
  const { document, source } = parsed;
  const faults = [...document.errors, ...document.warnings];
  const overflow = faults.find(({ message }) => OVERFLOW.test(message));
  if (overflow !== undefined) {
    const position = toPosition(parsed.lines, overflow.pos[0]);
    return unreadable(source, [tooDeep(file, position)]);
  }
  const broken = faults.filter(({ code }) => code !== "DUPLICATE_KEY").slice(0, SYNTAX_FAULTS_MAX);
  if (broken.length > 0) {
    return unreadable(
      source,
      broken.map((fault) => syntaxFault(parsed, text, fault)),
    );
  }
  try {
    return withDuplicates(parsed, toPlain(document));
  } catch (error) {
    const found =
      findLoop(parsed) ??
      (error instanceof RangeError ? tooDeep(file) : badSyntax(file, "YAML", oneLine(error), null));
    return unreadable(source, [found]);
  }
}

/** The first alias that stands within what it stands for. */
function findLoop({ document, lines, file }: Parsed): LocatedFinding | null {
  const loops: LocatedFinding[] = [];
  visit(document, {
    Alias(_, alias, ancestors) {
      const whole = alias.resolve(document);
      if (whole === undefined || !ancestors.includes(whole)) return undefined;
      const parts = {
        path: toPointer(keysOf([...ancestors, alias])),
        found: `contains itself: the alias *${alias.source} stands within &${alias.source}`,
        expected: "values that come to an end",
      };
      const position = toPosition(lines, startOf(alias) ?? 0);
      loops.push({ ...finding("bad-syntax", THE_FILE, parts), file, ...position });
      return visit.BREAK;
    },
  });
  return loops[0] ?? null;
}

/** Through text, so that what two aliases share is two values, and what contains itself is refused. */
function toPlain(document: Pick<Document, "toJS">): unknown {
  const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX });
  return JSON.parse(JSON.stringify(value ?? null));
}

function unreadable(source: Source, findings: readonly LocatedFinding[]): ParsedText {
  return { value: undefined, former: undefined, findings, source };
}

/** JSON by the letter. The YAML parser, which reads JSON too, only tells the places. */
export function parseJson(text: string, file: string): ParsedText {
  const parsed = parseDocumentOf(text, file);
  const { source } = parsed;
  try {
    return withDuplicates(parsed, JSON.parse(text));
  } catch (error) {
    const found =
      error instanceof RangeError
        ? tooDeep(file)
        : badSyntax(file, "JSON", oneLine(error), positionAt(text, findJsonFault(text)));
    return unreadable(source, [found]);
  }
}

interface Parsed {
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
  readonly file: string;
  readonly source: Source;
}

function parseDocumentOf(text: string, file: string): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    schema: "core",
    stringKeys: true,
    uniqueKeys: true,
    prettyErrors: false,
    // Warnings are told as findings, not printed.
    logLevel: "error",
  });
  const source: Source = {
    file,
    locate: ({ path, code }) => {
      return toPosition(lines, offsetOf(document, path, KEY_CODES.has(code)) ?? 0);
    },
  };
  return { document, lines, file, source };
}

function toPosition(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

// ---------------------------------------------------------------- places

/** Findings about a key; all others are about its value. */
const KEY_CODES: ReadonlySet<FindingCode> = new Set(["unknown-key", "bad-name", "odd-state-name"]);

/** Where a pointer leads: to the value if it is a single one, to the key before a list or an object; as far as it leads. */
function offsetOf(document: Document.Parsed, pointer: string, isKey: boolean): number | null {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const part of splitPointer(pointer)) {
    const inner = isAlias(node) ? node.resolve(document) : node;
    if (isMap(inner)) {
      const pair = inner.items.findLast(({ key }) => isScalar(key) && String(key.value) === part);
      if (pair === undefined) break;
      node = pair.value;
      offset = (isScalar(node) && !isKey ? startOf(node) : null) ?? startOf(pair.key) ?? offset;
    } else if (isSeq(inner)) {
      node = inner.items[Number(part)];
      if (node === undefined) break;
      offset = startOf(node) ?? offset;
    } else break;
  }
  return offset;
}

function startOf(node: unknown): number | null {
  return (node as Node | null | undefined)?.range?.[0] ?? null;
}

// ---------------------------------------------------------------- faults of the text

function syntaxFault({ file, lines }: Parsed, text: string, fault: YAMLError): LocatedFinding {
  const position = toPosition(lines, fault.pos[0]);
  return fault.code === "MULTIPLE_DOCS"
    ? severalDocuments(file, countDocuments(text), position)
    : badSyntax(file, "YAML", oneLine(fault), position);
}

/** What the parser makes of its own RangeError, which it tells as a fault of the text. */
const OVERFLOW = /Maximum call stack size exceeded/;

function tooDeep(file: string, position: Position = { line: 1, column: 1 }): LocatedFinding {
  const parts = {
    path: "",
    found: "is nested too deeply to be read",
    expected: "lists and objects of a few levels",
  };
  return { ...finding("bad-syntax", THE_FILE, parts), file, ...position };
}

function severalDocuments(file: string, count: number, second: Position): LocatedFinding {
  const parts = {
    path: "",
    found: `has ${count} documents`,
    expected: "one",
    hint: "put each flow into a file of its own",
  };
  return { ...finding("bad-syntax", THE_FILE, parts), file, ...second };
}

function countDocuments(text: string): number {
  let count = 0;
  for (const { type } of new Parser().parse(text)) if (type === "document") count += 1;
  return count;
}

function badSyntax(
  file: string,
  language: string,
  message: string,
  position: Position | null,
): LocatedFinding {
  const bad = finding("bad-syntax", THE_FILE, {
    path: "",
    found: `is no ${language}: ${message}`,
    expected: `one ${language} document`,
  });
  return { ...bad, file, line: position?.line ?? 1, column: position?.column ?? 1 };
}

/** A parser may quote the text it stumbled over, line breaks included. */
export function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ");
}

function withDuplicates(parsed: Parsed, value: unknown): ParsedText {
  const findings = duplicates(parsed);
  const former = findings.length === 0 ? undefined : toPlain(withFirstKeys(parsed.document));
  return { value, former, findings, source: parsed.source };
}

function withFirstKeys(document: Document.Parsed): Document {
  const copy = document.clone();
  visit(copy, {
    Map(_, map) {
      const seen = new Set<string>();
      map.items = map.items.filter(({ key }) => {
        const name = isScalar(key) ? String(key.value) : "";
        const isFirst = !seen.has(name);
        seen.add(name);
        return isFirst;
      });
    },
  });
  return copy;
}

/** Of two equal keys only the last counts, and a reader sees the first. */
function duplicates({ document, lines, file }: Parsed): readonly LocatedFinding[] {
  const found: LocatedFinding[] = [];
  const offsets = new Set(
    document.errors.filter(({ code }) => code === "DUPLICATE_KEY").map(({ pos }) => pos[0]),
  );
  if (offsets.size === 0) return found;
  visit(document, {
    Pair(_, { key }, ancestors) {
      const offset = startOf(key);
      if (offset === null || !offsets.has(offset)) return;
      const path = toPointer([...keysOf(ancestors), isScalar(key) ? String(key.value) : ""]);
      found.push({ ...duplicateFinding(path), file, ...toPosition(lines, offset) });
    },
  });
  return found;
}

function duplicateFinding(path: string): Finding {
  const parts = splitPointer(path);
  const [part, state] = parts;
  const place = part === "states" && state !== undefined && parts.length > 2 ? stateNamed(state) : THE_FLOW;
  return finding("duplicate-key", place, {
    path,
    found: `has the key "${parts.at(-1) ?? ""}" twice`,
    expected: "each key once",
    hint: "of several only the last would count",
  });
}

/** The keys and places that lead to a pair: its ancestors are documents, pairs, lists and objects. */
function keysOf(ancestors: readonly unknown[]): (string | number)[] {
  return ancestors.flatMap((ancestor, index): (string | number)[] => {
    if (isSeq(ancestor)) return [ancestor.items.indexOf(ancestors[index + 1])];
    const isPairLike = typeof ancestor === "object" && ancestor !== null && "key" in ancestor;
    return isPairLike && isScalar(ancestor.key) ? [String(ancestor.key.value)] : [];
  });
}

/**
 * The offset at which a text stops being the beginning of some JSON. The parser does not always tell; but it complains of the end of every
 * shorter piece and of something else in every longer one, so halving finds the place.
 */
function findJsonFault(text: string): number {
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (endsTooSoon(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function endsTooSoon(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    const [, position] = /at position (\d+)/.exec(message) ?? [];
    return message.startsWith("Unexpected end") || Number(position) >= text.length;
  }
}
