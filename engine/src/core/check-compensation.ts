/** The transitions and timers that take steps back: that they lead on, and that there may be steps. */
import { finding, THE_FLOW } from "./findings.ts";
import type { Finding, Place } from "./findings.ts";
import { resolveState, targetsOf, waysOn } from "./flow-graph.ts";
import { stateNamed } from "./flow-view.ts";
import type { FlowView, StateView, TimerView, TransitionView } from "./flow-view.ts";
import { reach } from "./graph.ts";

/** A transition or timer that takes steps back must say where the run goes when that is done. */
export function checkCompensate(place: Place, way: TransitionView | TimerView): readonly Finding[] {
  if (way.raw?.["compensate"] === undefined || way.target !== null) return [];
  return [
    finding("bad-compensate", place, {
      path: way.path,
      found: "has a way that compensates and leads to no state",
      expected: "a `target`, which the run enters when its steps are taken back",
    }),
  ];
}

/** Compensation that can find nothing to take back: no state on the way there has an undo, and none of its events. */
export function checkCompensations(flow: FlowView): readonly Finding[] {
  const undoing = [...flow.states.values()].flatMap((state) => steppedBy(flow, state));
  const stepped = reach(undoing, (name) => targetsOf(flow, name));
  const early = [...flow.states.values()].filter(({ name }) => !stepped.has(name));
  return [
    ...early.flatMap((state) =>
      waysOn(flow, state)
        .filter((way) => way !== flow.deadline)
        .flatMap((way) => checkSteps(stateNamed(state.name), way)),
    ),
    ...(flow.deadline === null || undoing.length > 0 ? [] : checkSteps(THE_FLOW, flow.deadline)),
  ];
}

/** Where a run may be once something is done that has an undo: a command of the state, or what an event told that led there. */
function steppedBy(flow: FlowView, state: StateView): readonly string[] {
  const told = state.on
    .filter(({ undo }) => undo !== null)
    .map(({ target }) => resolveState(flow, target) ?? state.name);
  return state.undo.length > 0 ? [state.name, ...told] : told;
}

function checkSteps(place: Place, way: TransitionView | TimerView): readonly Finding[] {
  if (!way.compensates || way.target === null) return [];
  if ("undo" in way && way.undo !== null) return [];
  return [
    finding("nothing-to-undo", place, {
      path: way.path,
      found: "compensates where no step can have been done that has an `undo`",
      expected: "an `undo` in this state or in one before it",
      hint: "add it to the state that sends the command, or remove `compensate`",
    }),
  ];
}
