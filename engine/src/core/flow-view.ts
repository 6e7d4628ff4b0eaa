/**
 * A definition as far as it can be read: whatever has the wrong shape is left out, so that a check or a drawing of any JSON ends
 * in an answer and never in an exception. Shapes themselves are checked by the published JSON Schema.
 */
import type { Place } from "./findings.ts";
import { COMMAND_FAILED } from "./flow.ts";
import { toPointer } from "./pointer.ts";

export type Loose = Readonly<Record<string, unknown>>;

export interface FlowView {
  readonly raw: Loose;
  readonly name: string;
  readonly initial: string | null;
  /** Declared events with their schemas. */
  readonly events: ReadonlyMap<string, unknown>;
  readonly commands: ReadonlyMap<string, CommandView>;
  /** Null when the definition leaves them open. */
  readonly channels: readonly TextView[] | null;
  readonly businessStates: readonly TextView[] | null;
  readonly deadline: TimerView | null;
  readonly states: ReadonlyMap<string, StateView>;
}

/** A text and where it stands. */
export interface TextView {
  readonly text: string;
  readonly path: string;
}

export interface CommandView {
  readonly raw: Loose;
  readonly path: string;
  readonly channel: string | null;
  readonly answers: readonly TextView[];
}

export interface StateView {
  readonly raw: Loose;
  readonly path: string;
  readonly name: string;
  readonly businessState: string | null;
  readonly isFinal: boolean;
  readonly outcome: string | null;
  readonly send: readonly SendView[];
  readonly on: readonly TransitionView[];
  readonly timers: readonly TimerView[];
  readonly poll: PollView | null;
}

export interface SendView {
  readonly type: string;
  readonly projection: unknown;
  readonly path: string;
}

export interface TransitionView {
  readonly event: string;
  /** Null stays in the state. */
  readonly target: string | null;
  readonly targetPath: string;
  readonly isGuarded: boolean;
  /** Place in the list of its event's transitions. */
  readonly index: number;
  /** Null for the short form, which is a target alone. */
  readonly raw: Loose | null;
  readonly path: string;
}

export interface TimerView {
  readonly kind: "after" | "deadline" | "give-up" | "flow-deadline";
  readonly delay: unknown;
  readonly target: string | null;
  readonly event: string | null;
  readonly raw: Loose;
  readonly path: string;
}

export interface PollView {
  readonly raw: Loose;
  readonly path: string;
  readonly send: readonly SendView[];
  readonly giveUp: TimerView | null;
}

export function readFlow(definition: unknown): FlowView {
  const raw = toLoose(definition);
  return {
    raw,
    name: toText(raw["name"]) ?? "",
    initial: toText(raw["initial"]),
    events: new Map(Object.entries(toLoose(raw["events"]))),
    commands: new Map(
      Object.entries(toLoose(raw["commands"])).map(([type, command]) => [type, readCommand(type, command)]),
    ),
    channels: Array.isArray(raw["channels"]) ? readTexts(raw["channels"], ["channels"]) : null,
    businessStates: Array.isArray(raw["businessStates"])
      ? readTexts(raw["businessStates"], ["businessStates"])
      : null,
    deadline: readTimer("flow-deadline", raw["deadline"], "/deadline"),
    states: new Map(
      Object.entries(toLoose(raw["states"])).map(([name, state]) => [name, readState(name, state)]),
    ),
  };
}

function readCommand(type: string, command: unknown): CommandView {
  const raw = toLoose(command);
  return {
    raw,
    path: toPointer(["commands", type]),
    channel: toText(raw["channel"]),
    answers: readTexts(raw["answers"], ["commands", type, "answers"]),
  };
}

function readState(name: string, state: unknown): StateView {
  const raw = toLoose(state);
  const path = toPointer(["states", name]);
  const poll = readPoll(raw["poll"], `${path}/poll`);
  const after = Array.isArray(raw["after"])
    ? raw["after"].map((timer, index) => readTimer("after", timer, `${path}/after/${index}`))
    : [readTimer("after", raw["after"], `${path}/after`)];
  const timers = [...after, readTimer("deadline", raw["deadline"], `${path}/deadline`), poll?.giveUp ?? null];
  return {
    raw,
    path,
    name,
    businessState: toText(raw["businessState"]),
    isFinal: raw["final"] !== undefined,
    outcome: toText(raw["final"]),
    send: readSends(raw["send"], `${path}/send`),
    on: Object.entries(toLoose(raw["on"])).flatMap(([event, transitions]) =>
      readTransitions(event, transitions, `${path}/on${toPointer([event])}`),
    ),
    timers: timers.filter((timer) => timer !== null),
    poll,
  };
}

function readTransitions(event: string, transitions: unknown, path: string): readonly TransitionView[] {
  if (!Array.isArray(transitions)) return readTransition(event, transitions, 0, path);
  return transitions.flatMap((transition, index) =>
    readTransition(event, transition, index, `${path}/${index}`),
  );
}

function readTransition(
  event: string,
  transition: unknown,
  index: number,
  path: string,
): readonly TransitionView[] {
  const isShort = typeof transition === "string";
  if (!isShort && !isLoose(transition)) return [];
  const raw = isShort ? null : transition;
  return [
    {
      event,
      target: isShort ? transition : toText(raw?.["target"]),
      targetPath: isShort ? path : `${path}/target`,
      isGuarded: raw?.["guard"] !== undefined,
      index,
      raw,
      path,
    },
  ];
}

function readTimer(kind: TimerView["kind"], timer: unknown, path: string): TimerView | null {
  if (!isLoose(timer)) return null;
  return {
    kind,
    delay: timer["delay"],
    target: toText(timer["target"]),
    event: toText(timer["event"]),
    raw: timer,
    path,
  };
}

function readPoll(poll: unknown, path: string): PollView | null {
  if (!isLoose(poll)) return null;
  return {
    raw: poll,
    path,
    send: readSends(poll["send"], `${path}/send`),
    giveUp: readTimer("give-up", poll["giveUp"], `${path}/giveUp`),
  };
}

function readSends(send: unknown, path: string): readonly SendView[] {
  return Object.entries(toLoose(send)).map(([type, projection]) => ({
    type,
    projection,
    path: path + toPointer([type]),
  }));
}

function readTexts(texts: unknown, parts: readonly string[]): readonly TextView[] {
  if (!Array.isArray(texts)) return [];
  return texts.flatMap((text, index) =>
    typeof text === "string" ? [{ text, path: toPointer([...parts, index]) }] : [],
  );
}

/** Whether a value is an object with named fields. */
export function isLoose(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as an object with named fields; empty when it is none. */
export function toLoose(value: unknown): Loose {
  return isLoose(value) ? value : {};
}

export function toText(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** A state as the subject of a finding. */
export function stateNamed(name: string): Place {
  return { subject: `state ${name}`, state: name };
}

/** Whether the state does something about an event. */
export function takes(state: StateView, event: string): boolean {
  return state.on.some((transition) => transition.event === event);
}

/** Events that may answer the commands a state sends on entry, the failure of a command included. */
export function answersAtOnce(flow: FlowView, state: StateView): ReadonlySet<string> {
  const answers = state.send.flatMap(({ type }) => flow.commands.get(type)?.answers ?? []);
  return new Set([...answers.map(({ text }) => text), ...(state.send.length === 0 ? [] : [COMMAND_FAILED])]);
}
