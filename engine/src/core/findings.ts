/** What can be wrong with a definition. `error` stops its load; `warning` is printed. docs/reference/definition.md explains each; a test holds both equal. */
export const FINDINGS = {
  "bad-syntax": "error",
  "duplicate-key": "error",
  "wrong-shape": "error",
  "unknown-key": "error",
  "bad-name": "error",
  "odd-state-name": "warning",
  "too-many": "error",
  "bad-schema": "error",
  "slow-pattern": "warning",
  "bad-duration": "error",
  "bad-timer": "error",
  "bad-retry": "error",
  "bad-poll": "error",
  "bad-pointer": "error",
  "bad-constant": "error",
  "bad-each": "error",
  "bad-undo": "error",
  "bad-compensate": "error",
  "bad-join": "error",
  "bad-child": "error",
  "bad-schedule": "error",
  "bad-migration": "error",
  "bad-initial": "error",
  "unknown-initial": "error",
  "unknown-target": "error",
  "unknown-event": "error",
  "unknown-command": "error",
  "unknown-channel": "error",
  "unknown-business-state": "error",
  "unknown-flow": "warning",
  "unknown-outcome": "warning",
  "unlisted-outcome": "warning",
  "unknown-field": "error",
  "missing-field": "error",
  "hidden-transition": "error",
  "final-not-empty": "error",
  "unanswered-command": "error",
  "unanswered-poll": "error",
  "untaken-answer": "warning",
  "untaken-timer-event": "error",
  "unheard-deadline": "warning",
  "timer-event-data": "error",
  "unsent-undo": "error",
  "unanswered-undo": "error",
  "untaken-unless": "warning",
  "double-undo": "warning",
  "nothing-to-undo": "warning",
  "unanswered-join": "error",
  "guarded-join": "error",
  "unjoined-each": "warning",
  "unreachable-state": "error",
  "no-final-state": "error",
  "no-way-to-final": "error",
  "endless-loop": "error",
  "guarded-loop": "warning",
  "unused-event": "warning",
  "unused-command": "warning",
  "unused-channel": "warning",
  "unused-business-state": "warning",
  "unused-retry": "warning",
} as const satisfies Readonly<Record<string, "error" | "warning">>;

export type FindingCode = keyof typeof FINDINGS;

/** One fault of a definition. */
export interface Finding {
  readonly severity: "error" | "warning";
  readonly code: FindingCode;
  /** JSON Pointer into the definition. */
  readonly path: string;
  /** The state it belongs to; null when it concerns the whole flow. */
  readonly state: string | null;
  readonly found: string;
  readonly expected: string;
  /** What to do, where there is something better to say than what was expected. */
  readonly hint: string | null;
  /** Found, expected and hint as one sentence. */
  readonly message: string;
}

/** What a finding is about: the words its sentence begins with, and the state, if any. */
export interface Place {
  readonly subject: string;
  readonly state: string | null;
}

export const THE_FLOW: Place = { subject: "the flow", state: null };

/** A part of the flow that stands outside its states: `command Charge`. */
export function named(sort: string, name: string): Place {
  return { subject: `${sort} ${name.slice(0, 40)}`, state: null };
}

export interface FindingParts {
  readonly path: string;
  /** What stands there, as the sentence goes on: `goes to "piad"`. */
  readonly found: string;
  readonly expected: string;
  readonly hint?: string | null;
}

export function finding(code: FindingCode, place: Place, parts: FindingParts): Finding {
  const { path, found, expected, hint = null } = parts;
  return {
    severity: FINDINGS[code],
    code,
    path,
    state: place.state,
    found,
    expected,
    hint,
    message: `${place.subject} ${found}, expected ${expected}${hint === null ? "" : `; ${hint}`}`,
  };
}

/** How many names a message lists before it stops. */
const NAMES_SHOWN_MAX = 12;

/** `one of the flow's states: a, b, c`. */
export function oneOf(what: string, names: Iterable<string>): string {
  const all = [...names];
  if (all.length === 0) return `one of ${what}, of which there are none`;
  const more = all.length - NAMES_SHOWN_MAX;
  return `one of ${what}: ${all.slice(0, NAMES_SHOWN_MAX).join(", ")}${more > 0 ? `, and ${more} more` : ""}`;
}

/** `did you mean "paid"?` for the known name nearest to a wrong one; null when none is near. */
export function didYouMean(name: string, known: Iterable<string>): string | null {
  const nearest = nearestName(name, known);
  return nearest === null ? null : `did you mean "${nearest}"?`;
}

/** Names may be this long; a longer one is not compared with others either. */
export const NAME_CHARS_MAX = 100;

/** The known name nearest to a wrong one: at most a third of its letters differ, case aside; else the only one of which either begins the other. */
export function nearestName(name: string, known: Iterable<string>): string | null {
  if (name.length > NAME_CHARS_MAX) return null;
  const lower = name.toLowerCase();
  const candidates = [...known];
  let nearest: string | null = null;
  let nearestDistance = Math.max(1, Math.floor(lower.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(lower, candidate.toLowerCase(), nearestDistance - 1);
    if (distance < nearestDistance) {
      nearest = candidate;
      nearestDistance = distance;
    }
  }
  return nearest ?? onlyPrefixed(lower, candidates);
}

/** Less than this begins too many names. */
const PREFIX_CHARS_MIN = 3;

function onlyPrefixed(lower: string, known: readonly string[]): string | null {
  const alike = known.filter((candidate) => {
    const other = candidate.toLowerCase();
    const shorter = Math.min(lower.length, other.length);
    return shorter >= PREFIX_CHARS_MIN && (other.startsWith(lower) || lower.startsWith(other));
  });
  return alike.length === 1 ? (alike[0] ?? null) : null;
}

/**
 * Letters to insert, delete, replace, or swap with their neighbour to get from one text to the other; `Infinity` beyond `distanceMax`.
 * @see optimal string alignment, Damerau 1964
 */
export function editDistance(from: string, to: string, distanceMax: number): number {
  if (Math.abs(from.length - to.length) > distanceMax) return Number.POSITIVE_INFINITY;
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1];
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + (isSame ? 0 : 1),
        isSwap ? at(beforeLast, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    if (Math.min(...row) > distanceMax) return Number.POSITIVE_INFINITY;
    beforeLast = last;
    last = row;
  }
  const distance = at(last, to.length);
  return distance <= distanceMax ? distance : Number.POSITIVE_INFINITY;
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

/** A value of a definition as a message shows it: on one line, and not longer than one. */
export function quote(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > QUOTED_CHARS_MAX ? `${text.slice(0, QUOTED_CHARS_MAX - 1)}…` : text;
}

const QUOTED_CHARS_MAX = 80;
