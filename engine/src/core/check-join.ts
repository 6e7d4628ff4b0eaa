/** A state that sends several commands: that its join can be reached, and leads on whenever it is. */
import { checkKeys } from "./check-names.ts";
import { checkHidden, checkTransition } from "./check-transition.ts";
import { finding, quote } from "./findings.ts";
import type { Finding, Place } from "./findings.ts";
import { isList, takes } from "./flow-view.ts";
import type { FlowView, JoinView, SendView, StateView, TransitionView } from "./flow-view.ts";

const JOIN_KEYS = ["wait", "then", "losers"];

export function checkJoin(
  flow: FlowView,
  place: Place,
  state: StateView,
  join: JoinView,
): readonly Finding[] {
  const own: Place = { ...place, subject: `the join of ${place.subject}` };
  return [
    ...checkKeys(own, join.raw, JOIN_KEYS, join.path),
    ...(state.send.length > 0
      ? checkCounted(flow, place, state, join)
      : [
          finding("bad-join", place, {
            path: join.path,
            found: "has a join and sends nothing",
            expected: "a `send` whose answers it waits for",
          }),
        ]),
    ...join.then.flatMap((transition) => checkTransition(flow, own, transition)),
    ...checkHidden(own, join.then),
    ...checkLeaving(own, join),
    ...checkLosers(own, state, join),
  ];
}

/** The join is taken once: a run that then stayed would wait for nothing, and one that no guard lets go would be parked. */
function checkLeaving(place: Place, { then }: JoinView): readonly Finding[] {
  const last = then.at(-1);
  return [
    ...then
      .filter(({ raw }) => raw !== null && raw["target"] === undefined)
      .map(({ path }) =>
        finding("bad-join", place, {
          path,
          found: "has a transition that leads nowhere",
          expected: "a `target` in each, for a join is taken once",
        }),
      ),
    ...(last?.isGuarded === true
      ? [
          finding("guarded-join", place, {
            path: last.path,
            found: "has a guard on its last transition",
            expected: "a last transition without one",
            hint: "a run that no guard lets go would be parked here",
          }),
        ]
      : []),
  ];
}

function checkLosers(place: Place, state: StateView, { raw, path, isAny }: JoinView): readonly Finding[] {
  const { losers } = raw;
  if (losers === undefined) return [];
  const at = `${path}/losers`;
  if (!isAny)
    return [
      finding("bad-join", place, {
        path: at,
        found: `has \`losers\` and waits for ${quote(raw["wait"])}`,
        expected: '`losers` only with `wait: "any"`',
        hint: "when all are waited for, none is still under way",
      }),
    ];
  if (losers !== "undo") return [];
  const undone = new Set(state.undo.map(({ type }) => type));
  return state.send
    .filter(({ type }) => !undone.has(type))
    .map(({ type }) =>
      finding("bad-join", place, {
        path: at,
        found: `takes back those that are still under way, and ${type} has no undo`,
        expected: "an `undo` of every command that the state sends",
      }),
    );
}

// ---------------------------------------------------------------- what counts

/**
 * For `any` an answer counts when its transition has no target. For `all` it counts when it does not lead away, so one that the state does
 * not take counts too; but it is then recorded as unexpected.
 */
function checkCounted(flow: FlowView, place: Place, state: StateView, join: JoinView): readonly Finding[] {
  const counted = state.send.filter((send) => canCount(flow, state, join, send));
  if (join.isAny)
    return counted.length > 0 ? [] : state.send.flatMap((send) => checkUncounted(flow, place, send));
  return state.send.flatMap((send) =>
    counted.includes(send) ? checkUntaken(flow, place, state, send) : checkUncounted(flow, place, send),
  );
}

function canCount(flow: FlowView, state: StateView, { isAny }: JoinView, { type }: SendView): boolean {
  return answersOf(flow, type).some((answer) => {
    const transitions = state.on.filter(({ event }) => event === answer);
    const isUntaken = transitions.every(({ isGuarded }) => isGuarded);
    return transitions.some(staysPut) || (!isAny && isUntaken);
  });
}

function staysPut({ raw }: TransitionView): boolean {
  return raw !== null && raw["target"] === undefined;
}

function checkUncounted(flow: FlowView, place: Place, { type, path }: SendView): readonly Finding[] {
  if (!flow.commands.has(type)) return [];
  return [
    finding("unanswered-join", place, {
      path,
      found: `joins the answers of ${type}, of which none counts`,
      expected: "an answer under `on` whose transition has no `target`",
      hint: "write `{}` for the answer that the join is to wait for",
    }),
  ];
}

function checkUntaken(flow: FlowView, place: Place, state: StateView, { type, path }: SendView) {
  return answersOf(flow, type)
    .filter((answer) => !takes(state, answer))
    .map((answer) =>
      finding("untaken-answer", place, {
        path,
        found: `joins the answers of ${type} and does not take its answer ${answer}`,
        expected: `${answer} under \`on\``,
        hint: "it counts, and is recorded as unexpected: write `{}` for it",
      }),
    );
}

/** Two outcomes of a child flow may answer with one event. */
function answersOf(flow: FlowView, type: string): readonly string[] {
  return [...new Set(flow.commands.get(type)?.answers.map(({ text }) => text))];
}

/** Without a join the first answer that leads away withdraws the other commands, and for an empty list no answer ever comes. */
export function checkUnjoined(flow: FlowView, place: Place, state: StateView): readonly Finding[] {
  if (state.raw["join"] !== undefined) return [];
  return state.send
    .filter(({ projection }) => isList(projection))
    .filter(({ type }) => state.on.some((each) => each.target !== null && isAnswer(flow, type, each)))
    .map(({ type, path }) =>
      finding("unjoined-each", place, {
        path,
        found: `sends ${type} for each element of a list, and goes on at the first answer`,
        expected: "a `join`, which waits for the answers and goes on when the list is empty",
      }),
    );
}

function isAnswer(flow: FlowView, type: string, { event }: TransitionView): boolean {
  return event !== null && answersOf(flow, type).includes(event);
}
