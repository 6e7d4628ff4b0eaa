/** The transitions of an event or of a join: what each names, and that each can be taken. */
import { checkRules } from "./check-fields.ts";
import { checkKeys, checkTarget } from "./check-names.ts";
import { checkCompensate } from "./check-compensation.ts";
import { checkEventUndo } from "./check-undo.ts";
import { finding } from "./findings.ts";
import type { Finding, Place } from "./findings.ts";
import type { FlowView, TransitionView } from "./flow-view.ts";

const TRANSITION_KEYS = ["target", "guard", "update", "compensate"];
const EVENT_KEYS = [...TRANSITION_KEYS, "undo"];

export function checkTransition(
  flow: FlowView,
  place: Place,
  transition: TransitionView,
): readonly Finding[] {
  const { event, target, targetPath, raw, path, undo } = transition;
  const own: Place = { ...place, subject: `a transition of ${place.subject}` };
  const keys = event === null ? TRANSITION_KEYS : EVENT_KEYS;
  return [
    ...(raw === null ? [] : checkKeys(own, raw, keys, path)),
    ...checkTarget(flow, place, "goes to", target, targetPath),
    ...checkCompensate(place, transition),
    ...checkRules(flow, place, transition),
    ...(undo === null || event === null ? [] : checkEventUndo(flow, place, undo)),
  ];
}

/** The first transition whose guard is true is taken, so nothing behind one without a guard ever is. */
export function checkHidden(place: Place, transitions: readonly TransitionView[]): readonly Finding[] {
  const certain = new Set<string | null>();
  return transitions.flatMap(({ event, path, index, isGuarded }) => {
    const isHidden = certain.has(event);
    if (!isGuarded) certain.add(event);
    if (!isHidden) return [];
    return [
      finding("hidden-transition", place, {
        path,
        found: `has a transition${event === null ? "" : ` for ${event}`}, number ${index + 1}, behind one without a guard`,
        expected: "a guard on every transition but the last",
        hint: "give the earlier one a guard, or remove this one",
      }),
    ];
  });
}
