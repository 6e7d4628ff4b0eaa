/** What a test expects of a run, and how it is told that it found something else. */
import { AssertionError } from "node:assert";
import { isDeepStrictEqual } from "node:util";
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import type { HistoryEntry } from "../../core/history.ts";
import type { ParkReason, Run } from "../../core/run.ts";
import type { CommandWord, FlowWords, ForReading } from "./flow-words.ts";
import { alignColumns, tellHistory, tellValue } from "./story.ts";

/** How a run should stand. Only what is named is looked at, and whether it is parked. */
export interface RunExpectation<T extends FlowWords> {
  readonly state?: T["State"];
  readonly businessState?: string | null;
  /** Null: the run has not ended. */
  readonly outcome?: string | null;
  /** Null: no dead letter keeps the run from going on. @default null */
  readonly parked?: ParkReason | null;
  /** Fields of the data, each as a whole; `undefined` for one that is absent. */
  readonly data?: { readonly [F in keyof T["Data"]]?: ForReading<T["Data"][F]> | undefined };
  /** Types of the commands that are not answered yet, in the order of sending. */
  readonly underWay?: readonly CommandWord<T>[];
}

/** Something that is not as expected. */
export interface Difference {
  readonly place: string;
  readonly found: Json | undefined;
  readonly expected: Json | undefined;
  /** What to do about it, where that is not plain. */
  readonly advice?: string;
}

/** Whatever a run does not share with what is expected of it. */
export function compareRun<T extends FlowWords>(
  run: Run,
  expected: RunExpectation<T>,
): readonly Difference[] {
  const { data = {}, underWay, parked = null } = expected;
  const named = { ...expected, parked };
  const found = { ...run, underWay: run.commands.map(({ type }) => type) };
  const whole = (["state", "businessState", "outcome", "parked"] as const).flatMap((place) =>
    named[place] === undefined ? [] : compare(place, found[place], named[place]),
  );
  const fields = Object.entries(data).flatMap(([field, value]) =>
    compare(`data.${field}`, fieldOf(run.data, field), value as Json | undefined),
  );
  return [
    ...whole,
    ...(underWay === undefined ? [] : compare("underWay", found.underWay, underWay)),
    ...fields,
  ];
}

function fieldOf(data: JsonObject, field: string): Json | undefined {
  return Object.hasOwn(data, field) ? data[field] : undefined;
}

/** One difference or none. */
export function compare(
  place: string,
  found: Json | undefined,
  expected: Json | undefined,
): readonly Difference[] {
  return isDeepStrictEqual(found, expected) ? [] : [{ place, found, expected }];
}

/**
 * Fails the test where anything is not as expected, and tells how the run came to where it is.
 * `caller` is the function that the test called: the stack begins where it did.
 */
export function assertSame(
  what: string,
  differences: readonly Difference[],
  entries: readonly HistoryEntry[],
  caller: (...args: never[]) => unknown,
): void {
  if (differences.length === 0) return;
  const count = differences.length === 1 ? "one thing is" : `${differences.length} things are`;
  const rows = differences.map(({ place, found, expected, advice }) => [
    place,
    `found ${tellValue(found)}, expected ${tellValue(expected)}${advice === undefined ? "" : `; ${advice}`}`,
  ]);
  failTest(`${what}: ${count} not as expected`, alignColumns(rows), entries, caller);
}

/** Fails the test with what is wrong and what has happened so far. `caller` is on the stack; what it has called is not shown. */
export function failTest(
  message: string,
  details: readonly string[],
  entries: readonly HistoryEntry[],
  caller: (...args: never[]) => unknown = failTest,
): never {
  const story = entries.length === 0 ? [] : ["", "what has happened so far:", tellHistory(entries)];
  const error = new AssertionError({
    message: [message, ...details, ...story, ""].join("\n"),
    stackStartFn: caller,
  });
  throw error;
}
