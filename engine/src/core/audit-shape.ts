/**
 * What stored texts must look like for the audit to judge them. Whoever has changed a row by hand may have written anything: that is a
 * finding, and never the end of an audit.
 */
import { isTime } from "./audit-times.ts";
import type { HistoryEntry, HistoryKind } from "./history.ts";
import type { LetterInput, Settlement } from "./inputs.ts";
import { toPointer } from "./pointer.ts";
import type { SeenEvent } from "./ports.ts";
import type { ParkReason, PendingCommand, TimerKind } from "./run.ts";

/** What was read of a text, or what is wrong with it: a part of a sentence that begins with "is" or "has". */
export type ReadText<T> =
  { readonly value: T; readonly fault: null } | { readonly value: null; readonly fault: string };

export function readText<T>(text: string, check: Check): ReadText<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { value: null, fault: "is no JSON" };
  }
  const fault = check(value);
  if (fault === null) return { value: value as T, fault };
  const { path, found, what } = fault;
  return { value: null, fault: `has ${found} at ${toPointer(path) || "/"}, expected ${what}` };
}

/** Null, or where a value is wrong. Millions of values are right, so only a fault makes its path, on its way up. */
export type Check = (value: unknown) => Fault | null;

interface Fault {
  readonly path: readonly (string | number)[];
  readonly found: string;
  readonly what: string;
}

type Fields = Readonly<Record<string, Check>>;

function expected(what: string, isRight: (value: unknown) => boolean): Check {
  return (value) => (isRight(value) ? null : { path: [], found: shown(value), what });
}

/** Never a value that a run carries: a report may go where data may not. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  return Array.isArray(value) ? "a list" : typeof value === "string" ? "another text" : "an object";
}

function within(name: string | number, fault: Fault | null): Fault | null {
  return fault === null ? null : { ...fault, path: [name, ...fault.path] };
}

const any: Check = expected("a value", (value) => value !== undefined);
const text: Check = expected("a text", (value) => typeof value === "string");
/** What is looked up in tables: Postgres takes no zero character. */
const commandId: Check = expected(
  "the id of a command",
  (value) => typeof value === "string" && !value.includes("\0"),
);
const number: Check = expected("a number", Number.isFinite);
const count: Check = expected(
  `a whole number from 0 to ${2 ** 31 - 1}`,
  (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31,
);
const time: Check = expected(
  "milliseconds since 1970",
  (value) => typeof value === "number" && isTime(value),
);
const runId: Check = expected(
  "the id of a run",
  (value) => typeof value === "string" && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value),
);
const isTrue: Check = expected("true", (value) => value === true);
const object: Check = expected("an object", isObject);
const list: Check = expected("a list", Array.isArray);

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function oneOf(words: Readonly<Record<string, true>>): Check {
  return expected(
    `one of ${Object.keys(words).join(", ")}`,
    (value) => typeof value === "string" && Object.hasOwn(words, value),
  );
}

function orNull(check: Check): Check {
  return (value) => (value === null ? null : check(value));
}

function listOf(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return list(value);
    for (let at = 0; at < value.length; at++) {
      const fault = check(value[at]);
      if (fault !== null) return within(at, fault);
    }
    return null;
  };
}

function tuple(checks: readonly Check[]): Check {
  return (value) => {
    if (!Array.isArray(value)) return list(value);
    for (let at = 0; at < checks.length; at++) {
      const fault = checks[at]?.(value[at]) ?? null;
      if (fault !== null) return within(at, fault);
    }
    return null;
  };
}

/** What else there is may stand there: a newer engine may have written it. */
function fields(required: Fields, optional: Fields = {}): Check {
  const all = [
    ...Object.entries(required),
    ...Object.entries(optional).map(([name, check]) => [name, orAbsent(check)] as const),
  ];
  return (value) => {
    if (!isObject(value)) return object(value);
    for (const [name, check] of all) {
      const fault = check(value[name]);
      if (fault !== null) return within(name, fault);
    }
    return null;
  };
}

function orAbsent(check: Check): Check {
  return (value) => (value === undefined ? null : check(value));
}

const PHASES: Record<PendingCommand["phase"], true> = { sending: true, waiting: true, delivered: true };
const PURPOSES: Record<PendingCommand["purpose"], true> = { do: true, poll: true, undo: true };
const TIMERS: Record<TimerKind, true> = {
  after: true,
  deadline: true,
  "flow-deadline": true,
  "give-up": true,
  retry: true,
  poll: true,
};
const PARK_REASONS: Record<ParkReason, true> = {
  "rule-failed": true,
  "command-gave-up": true,
  "command-refused": true,
  "answer-not-taken": true,
  "undo-failed": true,
  "data-too-large": true,
};
const KINDS: Record<HistoryKind, true> = {
  started: true,
  event: true,
  unexpected: true,
  refused: true,
  timer: true,
  "command-attempted": true,
  "command-delivered": true,
  polled: true,
  parked: true,
  queued: true,
  undone: true,
  canceled: true,
  retried: true,
  redriven: true,
  skipped: true,
  forced: true,
  migrated: true,
};

const step = fields({
  state: text,
  command: text,
  commandId: text,
  undo: fields({ type: text, channel: text, data: any }),
});

/** The data of a run. */
export const dataShape: Check = object;

/** What only the owner reads of a run. */
export const controlShape: Check = fields(
  {
    commands: listOf(
      fields(
        {
          id: commandId,
          type: text,
          channel: text,
          data: any,
          attempt: count,
          phase: oneOf(PHASES),
          purpose: oneOf(PURPOSES),
        },
        { attemptsForgiven: count, undoes: text, childId: runId, isCarriedOut: isTrue },
      ),
    ),
    timers: listOf(
      fields({ number: count, kind: oneOf(TIMERS), dueAtMs: time }, { index: count, commandId: text }),
    ),
    timerCount: count,
    startId: orNull(text),
    startDigest: number,
  },
  {
    steps: listOf(step),
    compensation: orNull(fields({ target: text, steps: listOf(step) }, { from: text })),
    parent: orNull(fields({ runId, commandId: text, depth: count })),
    trace: fields({ traceparent: text }, { tracestate: text }),
  },
);

export const parkedShape: Check = orNull(oneOf(PARK_REASONS));

/** Why something failed: of an entry, and of a dead letter. */
export const errorShape: Check = fields({ code: text, kind: text, message: text });

/** The entries of a row of history. */
export const entriesShape: Check = listOf(
  fields(
    { version: count, atMs: time, kind: oneOf(KINDS), state: text } satisfies EntryFields,
    {
      type: text,
      eventId: text,
      digest: number,
      data: any,
      commands: listOf(fields({ id: text, type: text })),
      commandId: text,
      attempt: count,
      nextAtMs: number,
      child: text,
      error: errorShape,
      letter: count,
      by: text,
      reason: text,
    } satisfies EntryFields,
  ),
);

type EntryFields = { readonly [K in keyof HistoryEntry]?: Check };

const event = { id: text, type: text, data: any };
const anySettlement = fields({ type: text });
/** What a settlement carries, where somebody looks into it. */
const SETTLEMENTS: ReadonlyMap<string, Check> = new Map([
  ["answered", fields({ event: fields({ type: text, data: any }) })],
  ["failed", fields({ error: errorShape })],
  ["ended", fields({ outcome: text })],
]);
const settlement: Check = (value) =>
  anySettlement(value) ?? SETTLEMENTS.get((value as Settlement).type)?.(value) ?? null;
const LETTERS: Record<LetterInput["kind"], Check> = {
  event: fields(event, { commandId: text }),
  settled: fields({ commandId: text, attempt: count, settlement }),
  timer: fields({ number: count }),
};

const anyLetter = fields({ runId, kind: oneOf({ event: true, settled: true, timer: true }) });

const SEEN_OUTCOMES: Record<SeenEvent["outcome"], true> = {
  applied: true,
  unexpected: true,
  queued: true,
  parked: true,
};
const seenEvent = tuple([text, count, number, oneOf(SEEN_OUTCOMES)]);

/** The events that the history of a run has taken in. */
export const seenShape: Check = listOf(seenEvent);

/** What a dead letter carries. */
export const letterShape: Check = (value) => anyLetter(value) ?? LETTERS[(value as LetterInput).kind](value);

const filter = fields({}, { updatedSinceMs: time });

/** What an action is about. */
export const subjectShape: Check = fields({}, { filter });

/** How far a job is. */
export const progressShape: Check = fields(
  { cursor: orNull(text), seen: count, applied: count, refused: object, examples: listOf(object) },
  { fates: listOf(object) },
);

/** What a job is to do. Of an older one its progress stands beside that. */
export const jobShape: Check = fields(
  {
    plan: fields(
      { operation: fields({ type: text }), filter },
      { refusal: fields({ code: text, message: text }) },
    ),
  },
  { progress: progressShape },
);

/** What came of a pause. */
export const pauseResultShape: Check = object;

/** The definition of a flow, as far as its compilation does not say more. */
export const definitionShape: Check = fields({
  name: text,
  version: count,
  initial: text,
  events: object,
  states: object,
});
