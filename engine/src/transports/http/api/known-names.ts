import { unknownState } from "../../../client/job-plan.ts";
import { unknownFlow } from "../../../client/unknown-flow.ts";
import { CANCELED, COMPENSATING } from "../../../core/flow.ts";
import type { FlowDefinition } from "../../../core/flow.ts";
import type { ApiEngine } from "./api-app.ts";

/** What a list is filtered by. */
interface NamedFilters {
  readonly flow?: string;
  readonly state?: string;
}

/**
 * Tells who has misspelt a name, where an empty list would say that all is well. Known is what is served, here or by another engine, and
 * what ever was, since its runs may still be looked for; what is stored is read only for a name that is not served here.
 * @throws FLOW_UNKNOWN_FLOW (missing) · FLOW_UNKNOWN_STATE (invalid)
 */
export async function assertKnown(
  { client, store }: Pick<ApiEngine, "client" | "store">,
  { flow, state }: NamedFilters,
): Promise<void> {
  const names = client.flows().map(({ name }) => name);
  const served = names
    .filter((name) => flow === undefined || name === flow)
    .flatMap((name) => client.versionsOf(name));
  const states = new Set(served.flatMap((version) => [...version.states.keys()]));
  const isServed = flow === undefined || served.length > 0;
  if (isServed && (state === undefined || states.has(state))) return;
  const stored = (await store.listFlowVersions()).filter((row) => flow === undefined || row.flow === flow);
  if (flow !== undefined && !isServed && stored.length === 0) throw unknownFlow(flow, names);
  // What is stored was a definition; only its functions have become their source.
  const definitions = stored.map(({ definition }) => definition as unknown as FlowDefinition);
  for (const definition of definitions) for (const name of Object.keys(definition.states)) states.add(name);
  for (const name of BUILT_IN_STATES) states.add(name);
  if (state !== undefined && !states.has(state)) throw unknownState(state, flow, states);
}

/** Every flow has them, whether it declares them or not. */
const BUILT_IN_STATES = [CANCELED, COMPENSATING];
