/** One state by itself: its names, what it sends, what it takes, and that it does not wait for an answer nobody gives. */
import { checkAnswers } from "./check-answers.ts";
import { checkProjection } from "./check-fields.ts";
import { checkJoin, checkUnjoined } from "./check-join.ts";
import { checkEvent, checkKeys, checkKnown, checkName } from "./check-names.ts";
import { checkBareTimer, checkPoll, checkRetry, checkTimer } from "./check-timers.ts";
import { checkHidden, checkTransition } from "./check-transition.ts";
import { checkUndo } from "./check-undo.ts";
import { finding } from "./findings.ts";
import type { Finding, Place } from "./findings.ts";
import { COMPENSATING } from "./flow.ts";
import { stateNamed } from "./flow-view.ts";
import type { FlowView, SendView, StateView, TransitionView } from "./flow-view.ts";
import { toPointer } from "./pointer.ts";

const STATE_KEYS = [
  "description",
  "businessState",
  "send",
  "undo",
  "join",
  "on",
  "after",
  "deadline",
  "poll",
  "retry",
  "final",
];

export function checkState(flow: FlowView, state: StateView): readonly Finding[] {
  const place = stateNamed(state.name);
  const { path, raw, poll } = state;
  return [
    ...checkStateName(place, state),
    ...checkKeys(place, raw, STATE_KEYS, path),
    ...checkBusinessState(flow, place, state),
    ...checkFinal(place, state),
    ...[...state.send, ...(poll?.send ?? [])].flatMap((send) => checkSend(flow, place, send)),
    ...state.on.flatMap((transition) => checkEvents(flow, place, state, transition)),
    ...checkHidden(place, state.on),
    ...state.timers.flatMap((timer) => checkTimer(flow, state, timer)),
    ...checkBareTimers(place, state),
    ...(poll === null ? [] : checkPoll(flow, state, poll)),
    ...checkRetry(state),
    ...(state.isFinal ? [] : checkSteps(flow, place, state)),
  ];
}

function checkBareTimers(place: Place, { raw, poll, path }: StateView): readonly Finding[] {
  const { after, deadline } = raw;
  return [
    ...(Array.isArray(after)
      ? after.flatMap((timer, index) => checkBareTimer(place, "after", timer, `${path}/after/${index}`))
      : checkBareTimer(place, "after", after, `${path}/after`)),
    ...checkBareTimer(place, "deadline", deadline, `${path}/deadline`),
    ...checkBareTimer(place, "give-up", poll?.raw["giveUp"], `${path}/poll/giveUp`),
  ];
}

/** What becomes of the commands a state sends. */
function checkSteps(flow: FlowView, place: Place, state: StateView): readonly Finding[] {
  const { send, undo, join } = state;
  return [
    ...send.flatMap((each) => checkAnswers(flow, place, state, each)),
    ...undo.flatMap((each) => checkUndo(flow, state, each)),
    ...(join === null ? [] : checkJoin(flow, place, state, join)),
    ...checkUnjoined(flow, place, state),
  ];
}

/** An event under `on`, told once, and each of its transitions. */
function checkEvents(
  flow: FlowView,
  place: Place,
  state: StateView,
  transition: TransitionView,
): readonly Finding[] {
  const { event, index } = transition;
  const path = `${state.path}/on${toPointer([event ?? ""])}`;
  return [
    ...(index === 0 ? checkEvent(flow, place, "takes", event, path) : []),
    ...checkTransition(flow, place, transition),
  ];
}

const KEBAB_CASE = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

function checkStateName(place: Place, { name, path }: StateView): readonly Finding[] {
  if (name === COMPENSATING) return [reservedState(place, path)];
  const bad = checkName(place, name, path);
  if (bad.length > 0 || KEBAB_CASE.test(name)) return bad;
  const kebab = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replaceAll(/[._-]+/g, "-")
    .toLowerCase();
  return [
    finding("odd-state-name", place, {
      path,
      found: "is not in kebab-case",
      expected: "lower case with hyphens, as in awaiting-payment",
      hint: `call it ${kebab}`,
    }),
  ];
}

function reservedState(place: Place, path: string): Finding {
  return finding("bad-name", place, {
    path,
    found: "has the name of the state in which a run's steps are taken back",
    expected: "another name: every flow has that state, and none declares it",
  });
}

function checkBusinessState(flow: FlowView, place: Place, state: StateView): readonly Finding[] {
  if (flow.businessStates === null) return [];
  const known = {
    names: new Set(flow.businessStates.map(({ text }) => text)),
    what: "the flow's businessStates",
  };
  const path = `${state.path}/businessState`;
  return checkKnown(
    "unknown-business-state",
    place,
    "has the business state",
    state.businessState,
    known,
    path,
  );
}

/** A final state ends its run: whatever else stands in it would never happen. */
function checkFinal(place: Place, state: StateView): readonly Finding[] {
  if (!state.isFinal) return [];
  return ["send", "undo", "join", "on", "after", "deadline", "poll", "retry"]
    .filter((key) => state.raw[key] !== undefined)
    .map((key) =>
      finding("final-not-empty", place, {
        path: `${state.path}/${key}`,
        found: `is final and has \`${key}\``,
        expected: "nothing in a final state but its outcome, business state and description",
        hint: `remove \`${key}\`, or \`final\``,
      }),
    );
}

function checkSend(flow: FlowView, place: Place, send: SendView): readonly Finding[] {
  const known = { names: flow.commands, what: "the flow's commands" };
  return [
    ...checkKnown("unknown-command", place, "sends", send.type, known, send.path),
    ...checkProjection(flow, place, send),
  ];
}
