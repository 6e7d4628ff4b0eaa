import { checkChildren } from "../core/check-children.ts";
import type { ServedDefinitions } from "../core/check-children.ts";
import type { FlowDefinition } from "../core/flow.ts";
import { locateFindings, sourceOf } from "./flow-source.ts";
import type { LocatedFinding } from "./flow-source.ts";

/** What other flows of a deployment find wrong with the child flows of one, each with its line where that is known: warnings. */
export function inspectChildren(
  definition: FlowDefinition,
  served: ServedDefinitions,
): readonly LocatedFinding[] {
  return locateFindings(checkChildren(definition, served), sourceOf(definition));
}
