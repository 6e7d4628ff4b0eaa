/**
 * What operators do: to one run, to many at once, and to flows. Everything is kept as an action first (who, what, why), and what works on
 * runs is a job from then on: if this process dies the owner of the job's lane finishes it, under the same id.
 */
import type { JsonObject } from "@sluice/contracts/envelope";
import type { CompiledFlow } from "../core/compile-flow.ts";
import type { Answer } from "../core/decision.ts";
import { engineError } from "../core/errors.ts";
import { COMPENSATING } from "../core/flow.ts";
import type { LaneInput, Operation } from "../core/inputs.ts";
import { laneOf } from "../core/lane.ts";
import type {
  ActionQuery,
  ActionRow,
  JobExample,
  JobPlan,
  JobProgress,
  Page,
  PauseRow,
  RunFilter,
  Store,
} from "../core/ports.ts";
import { requireRun, rejected } from "./client.ts";
import type { ClientPorts } from "./client.ts";

/** What the operator needs beside what the client needs. */
export interface OperatorPorts extends Pick<ClientPorts, "lanes" | "newId" | "nameId"> {
  readonly store: Pick<
    Store,
    | "getRun"
    | "addAction"
    | "updateAction"
    | "getAction"
    | "listActions"
    | "addPause"
    | "removePause"
    | "listPauses"
  >;
  /** A version of a flow; without one the newest. */
  flow(name: string, version?: number): CompiledFlow | undefined;
  /** All versions served of a flow. */
  versionsOf(name: string): readonly CompiledFlow[];
  submit(input: LaneInput): Promise<Answer>;
  /** Has this engine read the pauses at once; others of the deployment see them at their next heartbeat. */
  pausesChanged(): Promise<void>;
  /** A page of what a job would do. */
  preview(
    plan: Pick<JobPlan, "operation" | "filter">,
    cursor: string | null,
    limit: number,
  ): Promise<Page<JobExample>>;
}

/** Who asks, and why. */
export interface Asked {
  readonly by: string;
  readonly reason?: string | null;
  /** A repeat with the same id does nothing and answers the same. @default a new one */
  readonly idempotencyKey?: string;
}

export interface Operated {
  readonly actionId: string;
  /** The history entry it made; null while it waits for the lane's owner. */
  readonly version: number | null;
  readonly isRepeat: boolean;
}

export interface JobWish {
  readonly operation: Operation;
  readonly filter: RunFilter;
  readonly runsPerSecond?: number | null;
  readonly isDryRun?: boolean;
}

/** Most runs named one by one in a job's filter. */
export const JOB_RUN_IDS_MAX = 10_000;
const RUNS_PER_SECOND_MAX = 100_000;
const TEXT_CHARS_MAX = 1_000;

export interface Operator {
  /**
   * Does something to one run; resolves when that is durable.
   * @throws FLOW_UNKNOWN_RUN (missing) · FLOW_RUN_FINAL, FLOW_RUN_NOT_PARKED, FLOW_NOTHING_TO_RETRY, FLOW_WOULD_STRAND, FLOW_COMPENSATING,
   *   FLOW_MIGRATION_REFUSED (conflict) · FLOW_UNKNOWN_STATE, FLOW_MIGRATION_MISSING, FLOW_BAD_DATA, FLOW_BAD_OPERATION (invalid), and as
   *   `Client.send`
   */
  operate(runId: string, operation: Operation, asked: Asked): Promise<Operated>;
  /** Starts a job over all runs that a filter names. @throws FLOW_BAD_OPERATION, FLOW_UNKNOWN_STATE, FLOW_MIGRATION_MISSING (invalid) · FLOW_MIGRATION_REFUSED (conflict) */
  startJob(job: JobWish, asked: Asked): Promise<ActionRow>;
  /** What a job would do to each run, page by page, without doing it. */
  preview(
    job: JobWish,
    page: { readonly cursor?: string; readonly limit: number },
  ): Promise<Page<JobExample>>;
  /** Lets a job end after the page it works on. @throws FLOW_UNKNOWN_ACTION (missing) · FLOW_NOT_A_JOB (conflict) */
  stopJob(actionId: string): Promise<ActionRow>;
  /** @throws FLOW_UNKNOWN_ACTION (missing) */
  requireAction(actionId: string): Promise<ActionRow>;
  listActions(query: ActionQuery): Promise<Page<ActionRow>>;
  /**
   * True when it stands still from now on, false when it did already; other engines of the deployment follow within a third of `leaseMs`.
   * @throws FLOW_UNKNOWN_FLOW (missing) · FLOW_BAD_OPERATION (invalid)
   */
  pause(what: Paused, asked: Asked): Promise<boolean>;
  /** False when it was not paused. */
  resume(what: Paused, asked: Asked): Promise<boolean>;
  listPauses(): Promise<readonly PauseRow[]>;
  /** Keeps the record of something that was done at once, elsewhere. */
  record(kind: string, subject: JsonObject, asked: Asked): Promise<void>;
}

export type Paused = Pick<PauseRow, "flow" | "scope" | "name">;

export function createOperator(ports: OperatorPorts): Operator {
  return {
    operate: (runId, operation, asked) => operate(ports, runId, operation, asked),
    startJob: (wish, asked) => startJob(ports, wish, asked),
    preview: (wish, { cursor, limit }) => {
      const plan = planOf(ports, wish);
      return ports.preview(plan, cursor ?? null, limit);
    },
    stopJob: (actionId) => stopJob(ports, actionId),
    requireAction: (actionId) => requireAction(ports, actionId),
    listActions: (query) => ports.store.listActions(query),
    pause: (what, asked) => pause(ports, what, asked),
    resume: (what, asked) => resume(ports, what, asked),
    listPauses: () => ports.store.listPauses(),
    record: async (kind, subject, asked) => {
      await addAction(ports, kind, subject, asked);
    },
  };
}

async function operate(
  ports: OperatorPorts,
  runId: string,
  operation: Operation,
  asked: Asked,
): Promise<Operated> {
  const run = await requireRun(ports, runId);
  const plan = planOf(ports, { operation, filter: { runIds: [run.runId] } });
  const action = await addJob(ports, plan, asked, run.runId);
  const { actionId, by, reason } = action;
  const answer = await ports.submit({ kind: "operation", runId, id: actionId, operation, by, reason });
  await endSingle(ports, action, plan, answer);
  switch (answer.outcome) {
    case "rejected":
      throw rejected(answer.error);
    case "applied":
      return { actionId, version: answer.version, isRepeat: answer.isRepeat };
    case "accepted":
      return { actionId, version: null, isRepeat: false };
    case "started":
    case "existing":
    case "unexpected":
    case "queued":
    case "parked":
    case "stale":
      throw engineError("FLOW_UNEXPECTED", `an operation was answered with ${answer.outcome}`);
  }
}

/** The record says how it ended. If somebody was faster, the owner of its lane has carried it out too, to the same end. */
async function endSingle(
  ports: OperatorPorts,
  action: ActionRow,
  plan: JobPlan,
  answer: Answer,
): Promise<void> {
  if (action.state !== "running") return;
  const isRefused = answer.outcome === "rejected";
  const progress: JobProgress = {
    cursor: null,
    seen: 1,
    applied: isRefused ? 0 : 1,
    refused: isRefused ? { [answer.error.code]: 1 } : {},
    examples: [],
  };
  await ports.store.updateAction({ ...action, state: "done", job: { plan, progress } });
}

async function startJob(ports: OperatorPorts, wish: JobWish, asked: Asked): Promise<ActionRow> {
  return addJob(ports, planOf(ports, wish), asked, null);
}

function addJob(ports: OperatorPorts, plan: JobPlan, asked: Asked, runId: string | null): Promise<ActionRow> {
  const subject: JsonObject = {
    operation: plan.operation as unknown as JsonObject,
    ...(runId === null ? { filter: plan.filter as JsonObject } : { runId }),
    ...(plan.isDryRun ? { isDryRun: true } : {}),
  };
  const progress: JobProgress = { cursor: null, seen: 0, applied: 0, refused: {}, examples: [] };
  return addAction(ports, `runs.${plan.operation.type}`, subject, asked, { plan, progress });
}

function addAction(
  ports: OperatorPorts,
  kind: string,
  subject: JsonObject,
  asked: Asked,
  job: ActionRow["job"] = null,
): Promise<ActionRow> {
  const { by, reason = null, idempotencyKey } = asked;
  for (const [name, text] of Object.entries({ by, reason })) {
    if (text !== null && text.length > TEXT_CHARS_MAX)
      throw badOperation(`${name} has ${text.length} characters, at most ${TEXT_CHARS_MAX} are kept`);
  }
  const actionId =
    idempotencyKey === undefined
      ? ports.newId()
      : ports.nameId(`action\n${kind}\n${JSON.stringify(subject)}\n${idempotencyKey}`);
  const state = job === null ? "done" : "running";
  const lane = laneOf(actionId, ports.lanes);
  return ports.store.addAction({ actionId, kind, by, reason, state, subject, job, lane });
}

/** A wish made complete and checked, as far as that is possible before the first run is met. */
function planOf(ports: OperatorPorts, wish: JobWish): JobPlan {
  const { operation, filter, runsPerSecond = null, isDryRun = false } = wish;
  checkFilter(filter);
  if (runsPerSecond !== null && !(runsPerSecond > 0 && runsPerSecond <= RUNS_PER_SECOND_MAX))
    throw badOperation(
      `runsPerSecond is ${runsPerSecond}, expected a number above 0 and at most ${RUNS_PER_SECOND_MAX}`,
    );
  if (filter.flow !== undefined) requireFlow(ports, filter.flow);
  if (operation.type === "force") checkForce(ports, operation.state, filter);
  return {
    operation,
    filter: operation.type === "migrate" ? checkMigrate(ports, operation.toVersion, filter) : filter,
    runsPerSecond,
    isDryRun,
  };
}

/** Without any filter a slip would be done to everything there is. */
function checkFilter(filter: RunFilter): void {
  const given = Object.values(filter).filter((value) => value !== undefined);
  if (given.length === 0)
    throw badOperation(
      "the filter is empty, expected at least one of flow, state, businessState, key, parked, stuckForMs, runIds",
    );
  const named = filter.runIds?.length ?? 0;
  if (named > JOB_RUN_IDS_MAX)
    throw badOperation(
      `the filter names ${named} runs, at most ${JOB_RUN_IDS_MAX} may be; filter by flow and state`,
    );
}

function checkForce(ports: OperatorPorts, state: string, { flow }: RunFilter): void {
  if (flow === undefined) return;
  const versions = ports.versionsOf(flow);
  if (state !== COMPENSATING && versions.some(({ states }) => states.has(state))) return;
  const known = [...new Set(versions.flatMap(({ states }) => [...states.keys()]))].filter(
    (name) => name !== COMPENSATING,
  );
  throw engineError(
    "FLOW_UNKNOWN_STATE",
    `flow ${flow} has no state ${state}, expected one of: ${known.join(", ")}`,
  );
}

/** A migration is about one flow and must have a place for each state, so that no run is left behind by surprise. */
function checkMigrate(ports: OperatorPorts, toVersion: number, filter: RunFilter): RunFilter {
  if (filter.runIds !== undefined) return filter;
  if (filter.flow === undefined)
    throw badOperation("the filter names no flow, expected the one whose runs are to be migrated");
  const target = ports.flow(filter.flow, toVersion);
  if (target === undefined) {
    const served = ports
      .versionsOf(filter.flow)
      .map(({ version }) => version)
      .join(", ");
    throw engineError(
      "FLOW_MIGRATION_MISSING",
      `flow ${filter.flow} has no version ${toVersion} here, expected one of: ${served}`,
    );
  }
  for (const from of ports.versionsOf(filter.flow)) checkPlaces(from, target);
  return filter;
}

function checkPlaces(from: CompiledFlow, target: CompiledFlow): void {
  const migration = target.migrations.get(from.version);
  if (migration === undefined) return;
  const homeless = [...from.states.values()].filter(
    ({ name, outcome }) => outcome === null && !target.states.has(migration.states.get(name)?.target ?? name),
  );
  if (homeless.length === 0) return;
  const names = homeless.map(({ name }) => name).join(", ");
  throw engineError(
    "FLOW_MIGRATION_REFUSED",
    `states of version ${from.version} without a place in version ${target.version} of flow ${target.name}: ${names}; name one for each under \`migrations\``,
  );
}

async function requireAction(ports: OperatorPorts, actionId: string): Promise<ActionRow> {
  const action = UUID.test(actionId) ? await ports.store.getAction(actionId) : null;
  if (action !== null) return action;
  throw engineError(
    "FLOW_UNKNOWN_ACTION",
    `no action ${actionId}, expected the id of a job or of an entry of the audit`,
  );
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

async function stopJob(ports: OperatorPorts, actionId: string): Promise<ActionRow> {
  for (;;) {
    const action = await requireAction(ports, actionId);
    if (action.job === null)
      throw engineError(
        "FLOW_NOT_A_JOB",
        `action ${actionId} was done at once, expected a job that can be stopped`,
      );
    if (action.state !== "running") return action;
    const stopping = await ports.store.updateAction({ ...action, state: "stopping" });
    // The job has saved a page meanwhile: look again.
    if (stopping !== null) return stopping;
  }
}

async function pause(ports: OperatorPorts, what: Paused, asked: Asked): Promise<boolean> {
  checkPaused(ports, what);
  await addAction(ports, `${what.scope}.pause`, { ...what }, asked);
  const { by, reason = null } = asked;
  const added = await ports.store.addPause({ ...what, by, reason });
  await ports.pausesChanged();
  return added !== null;
}

async function resume(ports: OperatorPorts, what: Paused, asked: Asked): Promise<boolean> {
  await addAction(ports, `${what.scope}.resume`, { ...what }, asked);
  const isLifted = await ports.store.removePause(what);
  await ports.pausesChanged();
  return isLifted;
}

function checkPaused(ports: OperatorPorts, { flow, scope, name }: Paused): void {
  requireFlow(ports, flow);
  if (scope === "flow") return;
  const versions = ports.versionsOf(flow);
  const known = versions.flatMap(({ states, commands }) => [
    ...(scope === "state" ? states : commands).keys(),
  ]);
  if (known.includes(name)) return;
  throw badOperation(
    `flow ${flow} has no ${scope} ${name}, expected one of: ${[...new Set(known)].join(", ")}`,
  );
}

function requireFlow(ports: OperatorPorts, name: string): void {
  if (ports.versionsOf(name).length === 0)
    throw engineError("FLOW_UNKNOWN_FLOW", `no flow ${name} is served here`, { fields: { flow: name } });
}

function badOperation(message: string): Error {
  return engineError("FLOW_BAD_OPERATION", message);
}
