/** A job as it was wished for, checked as far as that is possible before the first run is met. */
import type { CompiledFlow } from "../core/compile-flow.ts";
import { unkeepable } from "../core/decision.ts";
import { engineError } from "../core/errors.ts";
import { NAME_CHARS_MAX, didYouMean } from "../core/findings.ts";
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
 * What would be refused as a whole a dry run has in its plan, so that it can say what would become of each run all the same.
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
  const homeless = operation.type === "migrate" ? checkMigrate(flows, operation.toVersion, filter) : null;
  const plan: JobPlan = { operation, filter, runsPerSecond, isDryRun };
  if (homeless === null) return plan;
  if (!isDryRun) throw engineError("FLOW_MIGRATION_REFUSED", homeless);
  return { ...plan, refusal: { code: "FLOW_MIGRATION_REFUSED", message: homeless } };
}

/** What is to be done to one run that is there: what it says to it itself is told better than what is known before. @throws FLOW_BAD_DATA (invalid) */
export function planOne(operation: Operation, runId: string): JobPlan {
  if (operation.type === "force") checkForceData(operation);
  return { operation, filter: { runIds: [runId] }, runsPerSecond: null, isDryRun: false };
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

/** Before anybody serializes it. */
function checkForceData({ data }: Force): void {
  const { fault } = copyJson(data ?? {});
  if (fault !== null) throw engineError("FLOW_BAD_DATA", unkeepable("the data of an operation", fault));
}

function checkForce(flows: ServedFlows, operation: Force, { flow }: RunFilter): void {
  checkForceData(operation);
  const { state } = operation;
  const names = flow === undefined ? [...flows.flowNames()] : [flow];
  const versions = names.flatMap((name) => flows.versionsOf(name));
  if (state !== COMPENSATING && versions.some(({ states }) => states.has(state))) return;
  const known = new Set(versions.flatMap(({ states }) => [...states.keys()]));
  known.delete(COMPENSATING);
  throw unknownState(state, flow, known);
}

/**
 * A migration is about one flow and must have a place for each state that the filter selects, so that no run is left behind by surprise:
 * null when it has, else which are without.
 */
function checkMigrate(flows: ServedFlows, toVersion: number, filter: RunFilter): string | null {
  const { flow, flowVersion, runIds } = filter;
  if (runIds !== undefined) return null;
  if (flow === undefined)
    throw badOperation("the filter names no flow, expected the one whose runs are to be migrated");
  if (flowVersion !== undefined && flowVersion >= toVersion)
    throw badOperation(
      `the filter has flowVersion ${flowVersion}, expected an older one than version ${toVersion}, to which its runs are to go`,
    );
  const target = requireVersion(flows, flow, toVersion);
  const homeless = flows
    .versionsOf(flow)
    .filter(({ version }) => flowVersion === undefined || flowVersion === version)
    .flatMap((from) => homelessOf(from, target, filter) ?? []);
  return homeless.length === 0 ? null : `${homeless.join("; ")}; name one for each under \`migrations\``;
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

/** The states of one version that have no place in another; null when all have, or when that version says nothing about them. */
function homelessOf(
  from: CompiledFlow,
  target: CompiledFlow,
  { state, businessState }: Pick<RunFilter, "state" | "businessState">,
): string | null {
  const migration = target.migrations.get(from.version);
  if (migration === undefined) return null;
  const selected = [...from.states.values()].filter(
    (each) =>
      (state === undefined || state === each.name) &&
      (businessState === undefined || businessState === each.businessState),
  );
  const homeless = selected.filter(
    ({ name, outcome }) => outcome === null && !target.states.has(migration.states.get(name)?.target ?? name),
  );
  if (homeless.length === 0) return null;
  const names = homeless.map(({ name }) => name).join(", ");
  return `states of version ${from.version} without a place in version ${target.version} of flow ${target.name}: ${names}`;
}

/** @throws FLOW_UNKNOWN_FLOW (missing) */
export function requireFlow(flows: ServedFlows, name: string): void {
  if (flows.versionsOf(name).length === 0) throw unknownFlow(name, flows.flowNames());
}

/** What whoever names a state is told that no version has: of one flow, or of all there are. */
export function unknownState(state: string, flow: string | undefined, known: Iterable<string>): Error {
  const shown = state.slice(0, NAME_CHARS_MAX);
  const names = [...known];
  const hint = didYouMean(shown, names);
  const expected =
    flow === undefined
      ? `no flow has a state ${shown}, expected one that a flow has; name the flow, and all of its states are listed`
      : `flow ${flow} has no state ${shown}, expected one of: ${names.join(", ")}`;
  return engineError("FLOW_UNKNOWN_STATE", `${expected}${hint === null ? "" : `; ${hint}`}`);
}

export function badOperation(message: string): Error {
  return engineError("FLOW_BAD_OPERATION", message);
}
