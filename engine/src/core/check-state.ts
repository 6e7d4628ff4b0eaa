/** One state by itself: its names, what it sends, what it takes, and that it does not wait for an answer nobody gives. */
import { checkProjection, checkRules } from "./check-fields.ts";
import { checkEvent, checkKeys, checkKnown, checkName, checkTarget } from "./check-names.ts";
import { checkPoll, checkRetry, checkTimer } from "./check-timers.ts";
import { finding } from "./findings.ts";
import type { Finding, Place } from "./findings.ts";
import { stateNamed, takes } from "./flow-view.ts";
import type { FlowView, SendView, StateView, TransitionView } from "./flow-view.ts";
import { toPointer } from "./pointer.ts";

const STATE_KEYS = [
  "description",
  "businessState",
  "send",
  "on",
  "after",
  "deadline",
  "poll",
  "retry",
  "final",
];
const TRANSITION_KEYS = ["target", "guard", "update"];

export function checkState(flow: FlowView, state: StateView): readonly Finding[] {
  const place = stateNamed(state.name);
  const { path, raw, poll } = state;
  return [
    ...checkStateName(place, state),
    ...checkKeys(place, raw, STATE_KEYS, path),
    ...checkBusinessState(flow, place, state),
    ...checkFinal(place, state),
    ...[...state.send, ...(poll?.send ?? [])].flatMap((send) => checkSend(flow, place, state, send)),
    ...state.on.flatMap((transition) => checkTransition(flow, place, state, transition)),
    ...checkHidden(place, state),
    ...state.timers.flatMap((timer) => checkTimer(flow, state, timer)),
    ...(poll === null ? [] : checkPoll(flow, state, poll)),
    ...checkRetry(state),
    ...(state.isFinal ? [] : state.send.flatMap((send) => checkAnswers(flow, place, state, send))),
  ];
}

const KEBAB_CASE = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

function checkStateName(place: Place, { name, path }: StateView): readonly Finding[] {
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
  return ["send", "on", "after", "deadline", "poll", "retry"]
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

function checkSend(flow: FlowView, place: Place, state: StateView, send: SendView): readonly Finding[] {
  const known = { names: flow.commands, what: "the flow's commands" };
  return [
    ...checkKnown("unknown-command", place, "sends", send.type, known, send.path),
    ...checkProjection(flow, state, send),
  ];
}

function checkTransition(
  flow: FlowView,
  place: Place,
  state: StateView,
  transition: TransitionView,
): readonly Finding[] {
  const { event, target, targetPath, raw, path, index } = transition;
  const eventPath = `${state.path}/on${toPointer([event])}`;
  return [
    ...(index === 0 ? checkEvent(flow, place, "takes", event, eventPath) : []),
    ...(raw === null
      ? []
      : checkKeys({ ...place, subject: `a transition of ${place.subject}` }, raw, TRANSITION_KEYS, path)),
    ...checkTarget(flow, place, "goes to", target, targetPath),
    ...checkRules(flow, state, transition),
  ];
}

/** The first transition whose guard is true is taken, so nothing behind one without a guard ever is. */
function checkHidden(place: Place, state: StateView): readonly Finding[] {
  const certain = new Set<string>();
  return state.on.flatMap(({ event, path, index, isGuarded }) => {
    const isHidden = certain.has(event);
    if (!isGuarded) certain.add(event);
    if (!isHidden) return [];
    return [
      finding("hidden-transition", place, {
        path,
        found: `has a transition for ${event}, number ${index + 1}, behind one without a guard`,
        expected: "a guard on every transition of an event but the last",
        hint: "give the earlier one a guard, or remove this one",
      }),
    ];
  });
}

/** A command whose answer the state does not take leaves the run waiting for ever, unless time moves it on. */
function checkAnswers(flow: FlowView, place: Place, state: StateView, send: SendView): readonly Finding[] {
  const command = flow.commands.get(send.type);
  if (command === undefined || hasWayByTime(flow, state)) return [];
  const untaken = command.answers.map(({ text }) => text).filter((answer) => !takes(state, answer));
  if (untaken.length < command.answers.length) {
    return untaken.map((answer) =>
      finding("untaken-answer", place, {
        path: send.path,
        found: `sends ${send.type} and does not take its answer ${answer}`,
        expected: `${answer} under \`on\`, or a timer`,
        hint: `a run that is answered ${answer} here would wait for ever`,
      }),
    );
  }
  return [
    finding("unanswered-command", place, {
      path: send.path,
      found: `sends ${send.type} and takes ${untaken.length === 0 ? "no answer, for it has none" : `none of its answers ${untaken.join(", ")}`}`,
      expected: "at least one answer of the command under `on`, or a timer",
      hint: "without either the run may wait for ever: add the event, or a `deadline`",
    }),
  ];
}

/** Whether the state is left even when nobody ever answers: by a timer, a deadline, or a poll that asks. */
function hasWayByTime(flow: FlowView, state: StateView): boolean {
  const timers = [...state.timers, ...(flow.deadline === null ? [] : [flow.deadline])];
  const asks = (state.poll?.send ?? []).flatMap(({ type }) => flow.commands.get(type)?.answers ?? []);
  return (
    timers.some(({ target, event }) => target !== null || (event !== null && takes(state, event))) ||
    asks.some(({ text }) => takes(state, text))
  );
}
