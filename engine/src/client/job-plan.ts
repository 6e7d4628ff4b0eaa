/** A job as it was wished for, checked as far as that is possible before the first run is met. */
import type { CompiledFlow } from "../core/compile-flow.ts";
import { unkeepable } from "../core/decision.ts";
import { engineError } from "../core/errors.ts";
import { COMPENSATING } from "../core/flow.ts";
import type { Operation } from "../core/inputs.ts";
import { copyJson } from "../core/json-copy.ts";
import type { JobPlan, RunFilter } from "../core/ports.ts";
import { isRunId } from "../core/run-id.ts";
import { unknownFlow } from "./unknown-flow.ts";

/** What is served. */
export interface ServedFlows {
  /** A version of a flow; without one the newest. */
  flow(name: string, version?: number): CompiledFlow | undefined;
  /** All versions served of a flow, oldest first. */
  versionsOf(name: string): readonly CompiledFlow[];
  flowNames(): Iterable<string>;
}

export interface JobWish {
  readonly operation: Operation;
  readonly filter: RunFilter;
  readonly runsPerSecond?: number | null;
  readonly isDryRun?: boolean;
}

/** Most runs named one by one in a job's filter. */
export const JOB_RUN_IDS_MAX = 10_000;
export const RUNS_PER_SECOND_MIN = 0.01;
export const RUNS_PER_SECOND_MAX = 100_000;

/**
 * @throws FLOW_BAD_OPERATION, FLOW_BAD_DATA, FLOW_UNKNOWN_STATE, FLOW_MIGRATION_MISSING (invalid) · FLOW_UNKNOWN_FLOW (missing) ·
 *   FLOW_MIGRATION_REFUSED (conflict)
 */
export function planJob(flows: ServedFlows, wish: JobWish): JobPlan {
  const { operation, runsPerSecond = null, isDryRun = false } = wish;
  checkFilter(wish.filter);
  const filter = withoutRepeats(wish.filter);
  checkRate(runsPerSecond);
  if (filter.flow !== undefined) requireFlow(flows, filter.flow);
  if (operation.type === "force") checkForce(flows, operation, filter);
  if (operation.type === "migrate") checkMigrate(flows, operation.toVersion, filter);
  return { operation, filter, runsPerSecond, isDryRun };
}

/** Without any filter a slip would be done to everything there is. */
function checkFilter(filter: RunFilter): void {
  const given = Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (given.length === 0)
    throw badOperation(
      "the filter is empty, expected at least one of flow, flowVersion, state, businessState, key, parked, parkReason, stuckForMs, updatedSince, runIds",
    );
  if (filter.runIds !== undefined) checkRunIds(filter.runIds, given);
}

function checkRunIds(runIds: readonly string[], given: readonly string[]): void {
  if (given.length > 1)
    throw badOperation(`the filter has ${given.join(", ")}, expected either runIds or other filters`);
  if (runIds.length === 0 || runIds.length > JOB_RUN_IDS_MAX)
    throw badOperation(
      `the filter names ${runIds.length} runs, expected 1 to ${JOB_RUN_IDS_MAX}; filter by flow and state`,
    );
  const wrong = runIds.find((runId) => !isRunId(runId));
  if (wrong !== undefined)
    throw badOperation(
      `the filter names run ${JSON.stringify(wrong.slice(0, 80))}, expected the id of a run: a UUID`,
    );
}

/** A run that is named twice is one run: it is met, shown and counted once. */
function withoutRepeats(filter: RunFilter): RunFilter {
  return filter.runIds === undefined ? filter : { ...filter, runIds: [...new Set(filter.runIds)] };
}

function checkRate(runsPerSecond: number | null): void {
  if (runsPerSecond === null) return;
  if (runsPerSecond >= RUNS_PER_SECOND_MIN && runsPerSecond <= RUNS_PER_SECOND_MAX) return;
  throw badOperation(
    `runsPerSecond is ${runsPerSecond}, expected a number from ${RUNS_PER_SECOND_MIN} to ${RUNS_PER_SECOND_MAX}`,
  );
}

type Force = Extract<Operation, { readonly type: "force" }>;

function checkForce(flows: ServedFlows, { state, data }: Force, { flow }: RunFilter): void {
  // Before anybody serializes it.
  const { fault } = copyJson(data ?? {});
  if (fault !== null) throw engineError("FLOW_BAD_DATA", unkeepable("the data of an operation", fault));
  if (flow === undefined) return;
  const versions = flows.versionsOf(flow);
  if (state !== COMPENSATING && versions.some(({ states }) => states.has(state))) return;
  const known = [...new Set(versions.flatMap(({ states }) => [...states.keys()]))].filter(
    (name) => name !== COMPENSATING,
  );
  throw engineError(
    "FLOW_UNKNOWN_STATE",
    `flow ${flow} has no state ${state}, expected one of: ${known.join(", ")}`,
  );
}

/** A migration is about one flow and must have a place for each state that the filter selects, so that no run is left behind by surprise. */
function checkMigrate(flows: ServedFlows, toVersion: number, filter: RunFilter): void {
  const { flow, flowVersion, runIds } = filter;
  if (runIds !== undefined) return;
  if (flow === undefined)
    throw badOperation("the filter names no flow, expected the one whose runs are to be migrated");
  if (flowVersion !== undefined && flowVersion >= toVersion)
    throw badOperation(
      `the filter has flowVersion ${flowVersion}, expected an older one than version ${toVersion}, to which its runs are to go`,
    );
  const target = requireVersion(flows, flow, toVersion);
  for (const from of flows.versionsOf(flow)) {
    if (flowVersion === undefined || flowVersion === from.version) checkPlaces(from, target, filter);
  }
}

/** @throws FLOW_MIGRATION_MISSING (invalid) */
export function requireVersion(flows: ServedFlows, name: string, version: number): CompiledFlow {
  const target = flows.flow(name, version);
  if (target !== undefined) return target;
  const served = flows.versionsOf(name).map((flow) => flow.version);
  throw engineError(
    "FLOW_MIGRATION_MISSING",
    `flow ${name} has no version ${version} here, expected one of: ${served.join(", ")}`,
  );
}

function checkPlaces(
  from: CompiledFlow,
  target: CompiledFlow,
  { state, businessState }: Pick<RunFilter, "state" | "businessState">,
): void {
  const migration = target.migrations.get(from.version);
  if (migration === undefined) return;
  const selected = [...from.states.values()].filter(
    (each) =>
      (state === undefined || state === each.name) &&
      (businessState === undefined || businessState === each.businessState),
  );
  const homeless = selected.filter(
    ({ name, outcome }) => outcome === null && !target.states.has(migration.states.get(name)?.target ?? name),
  );
  if (homeless.length === 0) return;
  const names = homeless.map(({ name }) => name).join(", ");
  throw engineError(
    "FLOW_MIGRATION_REFUSED",
    `states of version ${from.version} without a place in version ${target.version} of flow ${target.name}: ${names}; name one for each under \`migrations\``,
  );
}

/** @throws FLOW_UNKNOWN_FLOW (missing) */
export function requireFlow(flows: ServedFlows, name: string): void {
  if (flows.versionsOf(name).length === 0) throw unknownFlow(name, flows.flowNames());
}

export function badOperation(message: string): Error {
  return engineError("FLOW_BAD_OPERATION", message);
}
