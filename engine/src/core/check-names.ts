/** The checks that every part of a definition shares: keys nobody knows, names that mean nothing, names that cannot be. */
import { didYouMean, finding, NAME_CHARS_MAX, oneOf, quote } from "./findings.ts";
import type { Finding, FindingCode, Place } from "./findings.ts";
import { COMMAND_FAILED } from "./flow.ts";
import { targetNames } from "./flow-graph.ts";
import type { FlowView, Loose } from "./flow-view.ts";
import { toPointer } from "./pointer.ts";

/** What a flow, a state, an event, a command and a channel may be called: it stands in URLs, logs and tables. */
export const NAME_PATTERN = `^[A-Za-z][A-Za-z0-9._-]{0,${NAME_CHARS_MAX - 1}}$`;
const NAME = new RegExp(NAME_PATTERN);

export function checkName(place: Place, name: string, path: string): readonly Finding[] {
  if (NAME.test(name)) return [];
  return [
    finding("bad-name", place, {
      path,
      found: `is called ${quote(name)}`,
      expected: `a letter, then at most ${NAME_CHARS_MAX - 1} letters, digits, ".", "_" and "-"`,
    }),
  ];
}

/** A key that nobody knows does nothing, and a deadline that does nothing is found at night: so it is an error. */
export function checkKeys(
  place: Place,
  raw: Loose,
  known: readonly string[],
  path: string,
): readonly Finding[] {
  return Object.keys(raw)
    .filter((key) => !known.includes(key))
    .map((key) =>
      finding("unknown-key", place, {
        path: path + toPointer([key]),
        found: `has the unknown key ${quote(key)}`,
        expected: oneOf("the keys", known),
        hint: didYouMean(key, known),
      }),
    );
}

/** Names of one sort, and what to call them. */
export interface Known {
  readonly names: { has(name: string): boolean; keys(): Iterable<string> };
  readonly what: string;
}

/** A name that must be among known ones; `verb` says what the place does with it: `goes to`. */
export function checkKnown(
  code: FindingCode,
  place: Place,
  verb: string,
  name: string | null,
  { names, what }: Known,
  path: string,
): readonly Finding[] {
  if (name === null || names.has(name)) return [];
  return [
    finding(code, place, {
      path,
      found: `${verb} ${quote(name)}`,
      expected: oneOf(what, names.keys()),
      hint: didYouMean(name, names.keys()),
    }),
  ];
}

export function checkTarget(flow: FlowView, place: Place, verb: string, target: string | null, path: string) {
  return checkKnown(
    "unknown-target",
    place,
    verb,
    target,
    { names: targetNames(flow), what: "the flow's states" },
    path,
  );
}

/** `commandFailed` is always there and never declared. */
export function checkEvent(flow: FlowView, place: Place, verb: string, event: string | null, path: string) {
  const names = new Set([...flow.events.keys(), COMMAND_FAILED]);
  return checkKnown("unknown-event", place, verb, event, { names, what: "the flow's events" }, path);
}
