/** Everything of a state that has to do with time: timers, deadlines, the poll and the retries of its commands. */
import { DEFAULT_RETRY } from "./backoff.ts";
import { checkEvent, checkKeys, checkTarget } from "./check-names.ts";
import { checkCompensate } from "./check-compensation.ts";
import { parseDuration } from "./duration.ts";
import { finding, quote, THE_FLOW } from "./findings.ts";
import type { Finding, FindingCode, Place } from "./findings.ts";
import { stateNamed, takes, toLoose } from "./flow-view.ts";
import type { FlowView, PollView, StateView, TimerView } from "./flow-view.ts";

/** The most attempts a retry may ask for: with waits of ten minutes, a week. */
export const ATTEMPTS_MAX = 1_000;

const TIMER_KEYS = ["delay", "target", "event", "compensate"];
const POLL_KEYS = ["send", "first", "every", "factor", "max", "giveUp"];
const RETRY_KEYS = ["attempts", "first", "factor", "max", "jitter", "never"];

/** A timer of a state, or the deadline of the flow where `state` is null. */
export function checkTimer(flow: FlowView, state: StateView | null, timer: TimerView): readonly Finding[] {
  const place = state === null ? THE_FLOW : stateNamed(state.name);
  const word = TIMER_WORDS[timer.kind];
  const { raw, path } = timer;
  return [
    ...checkKeys(part(word, place), raw, TIMER_KEYS, path),
    ...checkDuration(place, `a ${word} with the delay`, timer.delay, `${path}/delay`, 1),
    ...checkWay(place, word, timer),
    ...checkCompensate(place, timer),
    ...checkTarget(flow, place, `has a ${word} that leads to`, timer.target, `${path}/target`),
    ...checkEvent(flow, place, `has a ${word} that raises`, timer.event, `${path}/event`),
    ...checkRaisedEvent(flow, state, place, timer),
  ];
}

/** A timer that is written as its delay alone, which says nothing of where it leads. */
export function checkBareTimer(
  place: Place,
  kind: TimerView["kind"],
  timer: unknown,
  path: string,
): readonly Finding[] {
  if (typeof timer !== "string") return [];
  const delay = parseDuration(timer) === null ? "30s" : timer;
  return [
    finding("bad-timer", place, {
      path,
      found: `has a ${TIMER_WORDS[kind]} that is ${quote(timer)} alone`,
      expected: `a delay and where it leads: { delay: ${delay}, target: … }`,
    }),
  ];
}

const TIMER_WORDS = {
  after: "timer",
  deadline: "deadline",
  "flow-deadline": "deadline",
  "give-up": "giveUp",
} as const satisfies Record<TimerView["kind"], string>;

/** A part of a place: `the poll of state paid`. */
function part(word: string, place: Place): Place {
  return { subject: `the ${word} of ${place.subject}`, state: place.state };
}

function checkWay(place: Place, word: string, timer: TimerView): readonly Finding[] {
  const ways = ["target", "event"].filter((key) => timer.raw[key] !== undefined);
  if (ways.length === 1) return [];
  return [
    finding("bad-timer", place, {
      path: timer.path,
      found:
        ways.length === 0 ? `has a ${word} that leads nowhere` : `has a ${word} with a target and an event`,
      expected: "either `target` or `event`",
    }),
  ];
}

/** The event of a timer comes with an empty payload, to whatever state the run is in then. */
function checkRaisedEvent(
  flow: FlowView,
  state: StateView | null,
  place: Place,
  timer: TimerView,
): readonly Finding[] {
  const { event } = timer;
  if (event === null || !flow.events.has(event)) return [];
  const path = `${timer.path}/event`;
  const word = TIMER_WORDS[timer.kind];
  const required = toLoose(flow.events.get(event))["required"];
  const needed = Array.isArray(required) ? required.map(quote).join(", ") : "";
  return [
    ...(state === null ? checkRunDeadline(flow, event, path) : []),
    ...(state !== null && !takes(state, event)
      ? [
          finding("untaken-timer-event", place, {
            path,
            found: `has a ${word} that raises ${event} and does not take it`,
            expected: `${event} under \`on\` of the same state`,
            hint: "add the transition, or give the timer a `target`",
          }),
        ]
      : []),
    ...(needed !== ""
      ? [
          finding("timer-event-data", place, {
            path,
            found: `has a ${word} that raises ${event}, which must carry ${needed}`,
            expected: "an event that need carry nothing, for a timer knows nothing",
            hint: "make those fields optional, use another event, or give the timer a `target`",
          }),
        ]
      : []),
  ];
}

function checkRunDeadline(flow: FlowView, event: string, path: string): readonly Finding[] {
  const waiting = [...flow.states.values()].filter(({ isFinal }) => !isFinal);
  const deaf = waiting.filter((state) => !takes(state, event)).map(({ name }) => name);
  if (deaf.length === 0) return [];
  const shown = deaf.slice(0, 5).join(", ") + (deaf.length > 5 ? ` and ${deaf.length - 5} more` : "");
  return [
    finding("unheard-deadline", THE_FLOW, {
      path,
      found: `has a deadline that raises ${event}, which is not taken by ${shown}`,
      expected: "every state that is not final to take it",
      hint: "let the deadline go to a `target`, or add the event to those states",
    }),
  ];
}

/** `has` names the thing whose duration it is; an absent one is not checked, since only `delay` and `every` must be there. */
function checkDuration(
  place: Place,
  has: string,
  value: unknown,
  path: string,
  msMin: number,
  code: FindingCode = "bad-duration",
): readonly Finding[] {
  if (value === undefined) return [];
  const ms = parseDuration(value);
  if (ms !== null && ms >= msMin) return [];
  return [
    finding(code, place, {
      path,
      found: `has ${has} ${quote(value)}`,
      expected:
        ms === null
          ? "a number and a unit such as 500ms, 30s, 15m, 24h or 7d, at most 3650d"
          : `at least ${msMin}ms`,
    }),
  ];
}

// ---------------------------------------------------------------- poll

export function checkPoll(flow: FlowView, state: StateView, poll: PollView): readonly Finding[] {
  const place = stateNamed(state.name);
  const { raw, path, send } = poll;
  const everyMs = parseDuration(raw["every"]);
  const maxMs = parseDuration(raw["max"]);
  const giveUpMs = parseDuration(poll.giveUp?.delay);
  const firstMs = raw["first"] === undefined ? everyMs : parseDuration(raw["first"]);
  return [
    ...checkKeys(part("poll", place), raw, POLL_KEYS, path),
    ...checkDuration(place, "a poll with the first wait", raw["first"], `${path}/first`, 0),
    ...checkDuration(place, "a poll that asks every", raw["every"], `${path}/every`, 1),
    ...checkDuration(place, "a poll with the longest wait", raw["max"], `${path}/max`, 1),
    ...checkFactor("bad-poll", place, "a poll", raw["factor"], `${path}/factor`),
    ...(send.length === 1
      ? []
      : [
          finding("bad-poll", place, {
            path: `${path}/send`,
            found: `has a poll that sends ${send.length} commands`,
            expected: "exactly one",
          }),
        ]),
    ...checkAtLeast("bad-poll", place, "a poll", ["max", maxMs], ["every", everyMs], path),
    ...checkAtLeast("bad-poll", place, "a poll", ["giveUp/delay", giveUpMs], ["first", firstMs], path),
    ...send.flatMap(({ type, path: sendPath }) => checkQuery(flow, state, place, type, sendPath)),
  ];
}

/** A poll whose answers the state does not take would ask for ever. */
function checkQuery(
  flow: FlowView,
  state: StateView,
  place: Place,
  type: string,
  path: string,
): readonly Finding[] {
  const command = flow.commands.get(type);
  if (command === undefined || command.answers.some(({ text }) => takes(state, text))) return [];
  const answers = command.answers.map(({ text }) => text).join(", ");
  return [
    finding("unanswered-poll", place, {
      path,
      found: `polls with ${type} and takes none of its answers (${answers || "it has none"})`,
      expected: `at least one of the \`answers\` of ${type} under \`on\``,
    }),
  ];
}

// ---------------------------------------------------------------- retry

export function checkRetry(state: StateView): readonly Finding[] {
  const { raw, isFinal, send } = state;
  if (isFinal) return [];
  const place = stateNamed(state.name);
  const path = `${state.path}/retry`;
  return [
    ...checkRetryAt(place, raw["retry"], path),
    ...(raw["retry"] === undefined || send.length > 0
      ? []
      : [
          finding("unused-retry", place, {
            path,
            found: "has a retry and sends nothing",
            expected: "a `send` whose commands it is for",
            hint: "remove it: a poll has its own schedule",
          }),
        ]),
  ];
}

/** The retry of a state's commands, or of an undo. */
export function checkRetryAt(place: Place, retry: unknown, path: string): readonly Finding[] {
  if (retry === undefined) return [];
  const raw = toLoose(retry);
  const { attempts } = raw;
  const firstMs = raw["first"] === undefined ? DEFAULT_RETRY.firstMs : parseDuration(raw["first"]);
  const maxMs = raw["max"] === undefined ? DEFAULT_RETRY.waitMsMax : parseDuration(raw["max"]);
  return [
    ...checkKeys(part("retry", place), raw, RETRY_KEYS, path),
    ...(attempts === undefined || isWholeBetween(attempts, 1, ATTEMPTS_MAX)
      ? []
      : [
          finding("bad-retry", place, {
            path: `${path}/attempts`,
            found: `has a retry with ${quote(attempts)} attempts`,
            expected: `a whole number from 1 to ${ATTEMPTS_MAX}, the first attempt included`,
          }),
        ]),
    ...checkDuration(place, "a retry with the first wait", raw["first"], `${path}/first`, 1, "bad-retry"),
    ...checkDuration(place, "a retry with the longest wait", raw["max"], `${path}/max`, 1, "bad-retry"),
    ...checkFactor("bad-retry", place, "a retry", raw["factor"], `${path}/factor`),
    ...checkAtLeast("bad-retry", place, "a retry", ["max", maxMs], ["first", firstMs], path),
  ];
}

function checkFactor(
  code: FindingCode,
  place: Place,
  word: string,
  factor: unknown,
  path: string,
): readonly Finding[] {
  if (factor === undefined || (typeof factor === "number" && factor >= 1 && Number.isFinite(factor)))
    return [];
  return [
    finding(code, place, {
      path,
      found: `has ${word} with the factor ${quote(factor)}`,
      expected: "a number of at least 1",
    }),
  ];
}

/** Two waits of which one must not be shorter than the other; not said where one of them cannot be read. */
function checkAtLeast(
  code: FindingCode,
  place: Place,
  word: string,
  [longer, longerMs]: readonly [string, number | null],
  [shorter, shorterMs]: readonly [string, number | null],
  path: string,
): readonly Finding[] {
  if (longerMs === null || shorterMs === null || longerMs >= shorterMs) return [];
  return [
    finding(code, place, {
      path: `${path}/${longer}`,
      found: `has ${word} whose ${longer.split("/")[0]} (${longerMs} ms) is shorter than its ${shorter} (${shorterMs} ms)`,
      expected: `${longer.split("/")[0]} of at least ${shorterMs}ms`,
    }),
  ];
}

function isWholeBetween(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
}
