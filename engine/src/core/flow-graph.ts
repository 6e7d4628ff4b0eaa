/** The states of a flow as a graph: where each of them leads. */
import { nearestName } from "./findings.ts";
import { CANCELED } from "./flow.ts";
import type { FlowView, StateView, TimerView, TransitionView } from "./flow-view.ts";

/** Whether a run may be led to a state of this name: a declared one, or the built-in end of canceled runs. */
export function isTarget(flow: FlowView, name: string): boolean {
  return name === CANCELED || flow.states.has(name);
}

/** Names that a target may have, the built-in one last. */
export function targetNames(flow: FlowView): ReadonlySet<string> {
  return new Set([...flow.states.keys(), CANCELED]);
}

/**
 * The state a name means. A misspelled one is reported where it stands; here it counts as the state it is nearest to, so that one
 * slip does not also make a state unreachable and another endless.
 */
export function resolveState(flow: FlowView, name: string | null): string | null {
  if (name === null || isTarget(flow, name)) return name;
  return nearestName(name, targetNames(flow));
}

/** Everything that may lead a run out of a state: events, the join, timers, and the deadline of the run. */
export function waysOn(flow: FlowView, state: StateView): readonly (TransitionView | TimerView)[] {
  return [
    ...state.on,
    ...(state.join?.then ?? []),
    ...state.timers,
    ...(flow.deadline === null ? [] : [flow.deadline]),
  ];
}

/** The states that a run may go to from a state. A final state leads nowhere, and so does the built-in one. */
export function targetsOf(flow: FlowView, name: string): readonly string[] {
  const state = flow.states.get(name);
  if (state === undefined || state.isFinal) return [];
  return waysOn(flow, state)
    .map(({ target }) => resolveState(flow, target))
    .filter((target) => target !== null);
}

/** The other way round: the states from which a run may come. */
export function sourcesOf(flow: FlowView): (name: string) => readonly string[] {
  const sources = new Map<string, string[]>();
  for (const name of flow.states.keys()) {
    for (const target of targetsOf(flow, name)) append(sources, target, name);
  }
  return (name) => sources.get(name) ?? [];
}

export function append(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
