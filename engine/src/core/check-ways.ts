/** Where the states of a flow lead: whether each can be reached, can end, and cannot spin for ever. */
import { finding, THE_FLOW } from "./findings.ts";
import type { Finding } from "./findings.ts";
import { CANCELED, COMMAND_FAILED } from "./flow.ts";
import { append, isTarget, resolveState, sourcesOf, targetsOf, waysOn } from "./flow-graph.ts";
import { isList, stateNamed } from "./flow-view.ts";
import type { FlowView, StateView, TransitionView } from "./flow-view.ts";
import { components, reach } from "./graph.ts";

export function checkWays(flow: FlowView): readonly Finding[] {
  const initial = resolveState(flow, flow.initial);
  if (initial === null) return checkLoops(flow);
  const reached = reach([initial, ...enteredFromOutside(flow)], (name) => targetsOf(flow, name));
  return [...checkReached(flow, reached), ...checkEnds(flow, reached), ...checkLoops(flow)];
}

/** States that an operator leads runs to: the one that canceled runs go to, and those that runs of older versions are migrated to. */
function enteredFromOutside(flow: FlowView): readonly string[] {
  const migrated = flow.migrations.flatMap(({ moves }) =>
    moves.map(({ target }) => resolveState(flow, target)),
  );
  const canceled = flow.states.has(CANCELED) ? [CANCELED] : [];
  return [...canceled, ...migrated.filter((name) => name !== null)];
}

function checkReached(flow: FlowView, reached: ReadonlySet<string>): readonly Finding[] {
  return [...flow.states.values()]
    .filter(({ name }) => !reached.has(name))
    .map(({ name, path }) =>
      finding("unreachable-state", stateNamed(name), {
        path,
        found: "is never reached",
        expected: `a transition or timer that leads to it from ${flow.initial ?? "the initial state"}`,
        hint: "remove the state, or name it as a target",
      }),
    );
}

/**
 * Reports causes, not everything upstream of them: a dead end, or states that lead only to one another. A target that names no state
 * may have meant a way out, so its state is given the benefit of the doubt.
 */
function checkEnds(flow: FlowView, reached: ReadonlySet<string>): readonly Finding[] {
  const declared = [...flow.states.values()].filter(({ isFinal }) => isFinal).map(({ name }) => name);
  const isEndBuiltIn = reached.has(CANCELED) && !flow.states.has(CANCELED);
  const finals = isEndBuiltIn ? [...declared, CANCELED] : declared;
  if (finals.length === 0) {
    return [
      finding("no-final-state", THE_FLOW, {
        path: "/states",
        found: "has no final state",
        expected: "at least one state with `final`, so that its runs can end",
      }),
    ];
  }
  const doubtful = [...flow.states.values()].filter((state) => hasLostTarget(flow, state));
  const ending = reach([...finals, ...doubtful.map(({ name }) => name)], sourcesOf(flow));
  const endless = [...reached].filter((name) => !ending.has(name));
  return components(endless, (name) => targetsOf(flow, name))
    .filter((group) => group.every((name) => targetsOf(flow, name).every((target) => group.includes(target))))
    .flatMap((group) => endlessGroup(flow, group));
}

function hasLostTarget(flow: FlowView, state: StateView): boolean {
  return waysOn(flow, state).some(({ target }) => target !== null && resolveState(flow, target) === null);
}

function endlessGroup(flow: FlowView, group: readonly string[]): readonly Finding[] {
  const [first] = group;
  const state = first === undefined ? undefined : flow.states.get(first);
  if (state === undefined) return [];
  const isDeadEnd = targetsOf(flow, state.name).length === 0;
  const found = isDeadEnd
    ? "has no way on"
    : group.length === 1
      ? "leads only to itself"
      : `and ${group.slice(1).join(", ")} lead only to one another`;
  return [
    finding("no-way-to-final", stateNamed(state.name), {
      path: state.path,
      found,
      expected: "a way to a final state",
      hint: isDeadEnd ? "give it a transition or a timer, or make it final" : null,
    }),
  ];
}

// ---------------------------------------------------------------- loops

/** A step that a run takes by itself: the answer to a command that its state sent on entry. */
interface OwnStep {
  readonly from: StateView;
  readonly to: string;
  readonly transition: TransitionView;
  /** Nothing can keep the run from it: the first transition of its event, without a guard. */
  readonly isCertain: boolean;
}

/**
 * A loop in which every step is the answer to a command sent on entry turns as fast as participants answer: a flow that tries again
 * "until it works" becomes a storm of commands on whoever is failing. A step by an outside event, a timer or a poll is a pause, so such
 * loops are fine. Without a guard and a limit on time nothing in the definition ends the storm: an error. A guard may well count the
 * rounds, and a deadline ends them after a while; neither can be judged from outside: a warning.
 */
function checkLoops(flow: FlowView): readonly Finding[] {
  const steps = [...flow.states.values()].flatMap((state) => ownSteps(flow, state));
  const certain = loops(
    flow,
    steps.filter(({ isCertain }) => isCertain),
  );
  const inCertain = new Set(certain.flat());
  const guarded = loops(flow, steps).filter((loop) => !loop.some((name) => inCertain.has(name)));
  return [
    ...certain.map((loop) =>
      loopFinding(flow, loop, isLimited(flow, loop) ? "guarded-loop" : "endless-loop"),
    ),
    ...guarded.map((loop) => loopFinding(flow, loop, "guarded-loop")),
  ];
}

function ownSteps(flow: FlowView, state: StateView): readonly OwnStep[] {
  const answers = answersAtOnce(flow, state);
  const own = state.on.filter(({ event }) => event !== null && answers.has(event));
  const joined = state.join !== null && isJoinedAtOnce(flow, state) ? state.join.then : [];
  return [...own, ...joined].flatMap((transition) => {
    const { target, isGuarded, index } = transition;
    if (target === null || !isTarget(flow, target)) return [];
    return [{ from: state, to: target, transition, isCertain: index === 0 && !isGuarded }];
  });
}

/**
 * Events that may answer the commands a state sends on entry, the failure of a command included. A child flow is none that answers at
 * once: only its own definition tells how long it takes, and it may well wait for a timer.
 */
function answersAtOnce(flow: FlowView, state: StateView): ReadonlySet<string> {
  const answers = state.send.flatMap(({ type }) =>
    isChild(flow, type) ? [] : (flow.commands.get(type)?.answers ?? []),
  );
  return new Set([...answers.map(({ text }) => text), ...(state.send.length === 0 ? [] : [COMMAND_FAILED])]);
}

/** Whether a join need not wait for a child flow. A list of them may be empty. */
function isJoinedAtOnce(flow: FlowView, { send, join }: StateView): boolean {
  const children = send.filter(({ type, projection }) => isChild(flow, type) && !isList(projection)).length;
  return join?.isAny === true ? children < send.length : children === 0;
}

function isChild(flow: FlowView, type: string): boolean {
  return flow.commands.get(type)?.child != null;
}

function loops(flow: FlowView, steps: readonly OwnStep[]): readonly (readonly string[])[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of steps) append(next, from.name, to);
  return components([...flow.states.keys()], (name) => next.get(name) ?? []).filter(
    (group) => group.length > 1 || group.some((name) => next.get(name)?.includes(name)),
  );
}

/** A deadline of the run ends any loop; a deadline of a state ends only a loop on itself, since every new visit sets it anew. */
function isLimited(flow: FlowView, loop: readonly string[]): boolean {
  if (flow.deadline !== null) return true;
  const [only] = loop;
  return (
    loop.length === 1 &&
    only !== undefined &&
    flow.states.get(only)?.timers.some(({ kind }) => kind === "deadline") === true
  );
}

function loopFinding(
  flow: FlowView,
  loop: readonly string[],
  code: "endless-loop" | "guarded-loop",
): Finding {
  const name = loop[0] ?? "";
  const state = flow.states.get(name);
  const step = state === undefined ? undefined : ownSteps(flow, state).find(({ to }) => loop.includes(to));
  const round = loop.length === 1 ? "goes back to itself" : `and ${loop.slice(1).join(", ")} form a loop`;
  return finding(code, stateNamed(name), {
    path: step?.transition.path ?? "/states",
    found: `${round} in which every step is the answer to a command, so it turns without a pause`,
    expected: "an outside event or a timer within the loop",
    hint:
      code === "endless-loop"
        ? "use `retry` to try a command again, or wait in a state with `after`"
        : "make sure that its guard or deadline ends it",
  });
}
