/** Where the states of a flow lead: whether each can be reached, can end, and cannot spin for ever. */
import { finding, nearestName, THE_FLOW } from "./findings.ts";
import type { Finding } from "./findings.ts";
import { answersAtOnce, stateNamed } from "./flow-view.ts";
import type { FlowView, StateView, TransitionView } from "./flow-view.ts";
import { components, reach } from "./graph.ts";

export function checkWays(flow: FlowView): readonly Finding[] {
  const initial = resolveState(flow, flow.initial);
  if (initial === null) return checkLoops(flow);
  const reached = reach([initial], (name) => targetsOf(flow, name));
  return [...checkReached(flow, reached), ...checkEnds(flow, reached), ...checkLoops(flow)];
}

/**
 * The state a name means. A misspelled one is reported where it stands; here it counts as the state it is nearest to, so that one
 * slip does not also make a state unreachable and another endless.
 */
function resolveState(flow: FlowView, name: string | null): string | null {
  if (name === null || flow.states.has(name)) return name;
  return nearestName(name, flow.states.keys());
}

/** The states that a run may go to from a state, by event or timer. A final state leads nowhere. */
function targetsOf(flow: FlowView, name: string): readonly string[] {
  const state = flow.states.get(name);
  if (state === undefined || state.isFinal) return [];
  return waysOn(flow, state)
    .map(({ target }) => resolveState(flow, target))
    .filter((target) => target !== null);
}

function waysOn(flow: FlowView, state: StateView): readonly { readonly target: string | null }[] {
  return [...state.on, ...state.timers, ...(flow.deadline === null ? [] : [flow.deadline])];
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
  const finals = [...flow.states.values()].filter(({ isFinal }) => isFinal).map(({ name }) => name);
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

function sourcesOf(flow: FlowView): (name: string) => readonly string[] {
  const sources = new Map<string, string[]>();
  for (const name of flow.states.keys()) {
    for (const target of targetsOf(flow, name)) append(sources, target, name);
  }
  return (name) => sources.get(name) ?? [];
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
  return state.on.flatMap((transition) => {
    const { event, target, isGuarded, index } = transition;
    if (target === null || !flow.states.has(target) || !answers.has(event)) return [];
    return [{ from: state, to: target, transition, isCertain: index === 0 && !isGuarded }];
  });
}

function loops(flow: FlowView, steps: readonly OwnStep[]): readonly (readonly string[])[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of steps) append(next, from.name, to);
  return components([...flow.states.keys()], (name) => next.get(name) ?? []).filter(
    (group) => group.length > 1 || group.some((name) => next.get(name)?.includes(name)),
  );
}

function append(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
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
