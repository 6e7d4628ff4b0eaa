/**
 * What operators do: to one run, to many at once, and to flows. Everything is kept as an action first (who, what, why), and what works on
 * runs is a job from then on: if this process dies the owner of the job's lane finishes it, under the same id.
 */
import { kindOf } from "@sluice/contracts/problem";
import type { ErrorKind } from "@sluice/contracts/problem";
import type { JsonObject } from "@sluice/contracts/envelope";
import type { Answer, Rejection } from "../core/decision.ts";
import { canonicalText } from "../core/digest.ts";
import { engineError, isEngineErrorCode, kindOfCode } from "../core/errors.ts";
import type { LaneInput, Operation } from "../core/inputs.ts";
import { laneOf } from "../core/lane.ts";
import type {
  ActionQuery,
  ActionRow,
  JobExample,
  JobPlan,
  JobPreview,
  JobProgress,
  NewAction,
  Page,
  PauseRow,
  Paused,
  Store,
} from "../core/ports.ts";
import type { Run } from "../core/run.ts";
import { requireRun, rejected } from "./client.ts";
import type { ClientPorts } from "./client.ts";
import { badOperation, planJob, planOne, requireFlow, requireVersion } from "./job-plan.ts";
import type { JobWish, ServedFlows } from "./job-plan.ts";

export type { JobWish } from "./job-plan.ts";

/** What the operator needs beside what the client needs. */
export interface OperatorPorts extends Pick<ClientPorts, "lanes" | "newId" | "nameId">, ServedFlows {
  /** Most jobs over many runs that are under way at once. */
  readonly jobsOpenMax: number;
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
  /** A repeat of the same request under it does nothing and answers the same; any other request is refused. @default a new one */
  readonly idempotencyKey?: string;
}

export interface Operated {
  readonly actionId: string;
  /** The history entry it made; null while it waits for the lane's owner. */
  readonly version: number | null;
  readonly isRepeat: boolean;
}

/** Longest name of who asks, and longest reason. */
export const ASKED_CHARS_MAX = 1_000;

/**
 * Most operations on single runs that wait to be done, since their runs cannot be reached: few enough that their owners read them at each
 * heartbeat.
 */
export const OPERATIONS_OPEN_MAX = 1_000;

/** How often a record is tried to be completed that somebody else has changed meanwhile. */
const RECORD_TRIES_MAX = 3;

export interface Operator {
  /**
   * Does something to one run; resolves when that is durable. While the run cannot be reached the operation is kept, and done later.
   * @throws FLOW_UNKNOWN_RUN (missing) · FLOW_RUN_FINAL, FLOW_RUN_NOT_PARKED, FLOW_NOTHING_TO_RETRY, FLOW_WOULD_STRAND, FLOW_COMPENSATING,
   *   FLOW_MIGRATION_REFUSED (conflict) · FLOW_UNKNOWN_STATE, FLOW_MIGRATION_MISSING, FLOW_BAD_DATA, FLOW_BAD_OPERATION,
   *   FLOW_IDEMPOTENCY_CONFLICT (invalid) · FLOW_JOBS_FULL (overloaded) · FLOW_STORE_UNAVAILABLE (unavailable)
   */
  operate(runId: string, operation: Operation, asked: Asked): Promise<Operated>;
  /**
   * Starts a job over all runs that a filter names.
   * @throws FLOW_BAD_OPERATION, FLOW_UNKNOWN_STATE, FLOW_MIGRATION_MISSING, FLOW_IDEMPOTENCY_CONFLICT (invalid) · FLOW_UNKNOWN_FLOW (missing)
   *   · FLOW_MIGRATION_REFUSED (conflict) · FLOW_JOBS_FULL (overloaded)
   */
  startJob(job: JobWish, asked: Asked): Promise<ActionRow>;
  /**
   * What a job would do to each run, page by page, without doing it; what would be refused as a whole is told beside.
   * @throws as `startJob` but for FLOW_MIGRATION_REFUSED, and FLOW_BAD_CURSOR (invalid)
   */
  preview(job: JobWish, page: { readonly cursor?: string; readonly limit: number }): Promise<JobPreview>;
  /**
   * Lets a job end after the runs it has begun with; one that has ended stays as it is.
   * @throws FLOW_UNKNOWN_ACTION (missing) · FLOW_NOT_A_JOB (conflict)
   */
  stopJob(actionId: string, asked: Asked): Promise<ActionRow>;
  /** @throws FLOW_UNKNOWN_ACTION (missing) */
  requireAction(actionId: string): Promise<ActionRow>;
  listActions(query: ActionQuery): Promise<Page<ActionRow>>;
  /**
   * Lets something stand still; other engines of the deployment follow within a third of `leaseMs`. A repeat is answered as the first time
   * and changes nothing, though it may have been resumed since.
   * @throws FLOW_UNKNOWN_FLOW (missing) · FLOW_BAD_OPERATION, FLOW_IDEMPOTENCY_CONFLICT (invalid)
   */
  pause(what: Paused, asked: Asked): Promise<Standing>;
  /** False when it was not paused. A repeat, as above. @throws FLOW_IDEMPOTENCY_CONFLICT (invalid) */
  resume(what: Paused, asked: Asked): Promise<boolean>;
  listPauses(): Promise<readonly PauseRow[]>;
  /** Keeps the record of something that was done at once, elsewhere. */
  record(kind: string, subject: JsonObject, asked: Asked): Promise<void>;
}

export type { Paused } from "../core/ports.ts";

/** A pause that stands. */
export interface Standing {
  readonly pause: PauseRow;
  /** False when it stood before. */
  readonly isNew: boolean;
}

export function createOperator(ports: OperatorPorts): Operator {
  return {
    operate: (runId, operation, asked) => operate(ports, runId, operation, asked),
    startJob: async (wish, asked) => addJob(ports, "runs", planJob(ports, wish), asked),
    preview: (wish, page) => preview(ports, wish, page),
    stopJob: (actionId, asked) => stopJob(ports, actionId, asked),
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

async function preview(
  ports: OperatorPorts,
  wish: JobWish,
  { cursor, limit }: { readonly cursor?: string; readonly limit: number },
): Promise<JobPreview> {
  const plan = planJob(ports, { ...wish, isDryRun: true });
  const page = await ports.preview(plan, cursor ?? null, limit);
  return plan.refusal === undefined ? page : { ...page, refusal: plan.refusal };
}

async function operate(
  ports: OperatorPorts,
  runId: string,
  operation: Operation,
  asked: Asked,
): Promise<Operated> {
  const run = await requireRun(ports, runId);
  if (operation.type === "migrate") requireVersion(ports, run.flow, operation.toVersion);
  const plan = planOne(operation, run.runId);
  const action = await addJob(ports, "run", plan, asked);
  const { actionId, by, reason } = action;
  const refusal = formerRefusal(action);
  if (refusal !== null) throw rejected(refusal);
  const decided = await submit(ports, { kind: "operation", runId, id: actionId, operation, by, reason });
  const answer = await endSingle(ports, action, run, decided);
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

/** The action is durable by now: what fails in passing is not the caller's to repeat, the owner of the action's lane does it later. */
async function submit(ports: OperatorPorts, input: LaneInput): Promise<Answer> {
  try {
    return await ports.submit(input);
  } catch (error) {
    if (isPassing(kindOf(error))) return { outcome: "accepted" };
    throw error;
  }
}

function isPassing(kind: ErrorKind): boolean {
  return kind === "unavailable" || kind === "overloaded" || kind === "timeout";
}

/** What a run has refused stays refused under that key, whatever has become of the run. What failed in passing may be repeated. */
function formerRefusal({ state, job }: ActionRow): Rejection | null {
  const [refused] = job?.progress.examples ?? [];
  if (state !== "done" || job?.progress.applied !== 0 || refused === undefined) return null;
  const { runId, code, message } = refused;
  if (code === null || message === null || !isEngineErrorCode(code) || isPassing(kindOfCode(code)))
    return null;
  return { code, message, fields: { runId } };
}

/**
 * The record says how it ended. What nobody knows yet the owner of its lane asks for again, and writes down then. A refusal is told only once
 * it is written down: until then that owner may find that the run has changed, and do what was asked for.
 */
async function endSingle(
  { store }: OperatorPorts,
  action: ActionRow,
  run: Run,
  answer: Answer,
): Promise<Answer> {
  if (answer.outcome === "accepted") return answer;
  const { actionId } = action;
  const progress: JobProgress =
    answer.outcome === "rejected" ? refusedBy(run, answer.error) : { ...NOTHING_DONE, seen: 1, applied: 1 };
  let current: ActionRow | null = action;
  for (let tries = 0; tries < RECORD_TRIES_MAX && current !== null; tries++) {
    if (current.job?.progress.applied === 1) break;
    // Asked for twice at once, and written down by the other: both are told the same.
    const refusal = answer.outcome === "rejected" ? formerRefusal(current) : null;
    if (refusal !== null) return { outcome: "rejected", error: refusal };
    const { revision } = current;
    const saved = await store.updateAction({ actionId, revision, state: "done", progress }).catch(() => null);
    if (saved !== null) return answer;
    current = await store.getAction(actionId).catch(() => null);
  }
  // Away by now, or done by the owner of its lane: in either case that one completes the record.
  return answer.outcome === "rejected" ? { outcome: "accepted" } : answer;
}

function refusedBy({ runId, state }: Run, { code, message }: Rejection): JobProgress {
  const refused = { runId, from: state, to: null, code, message };
  return { ...NOTHING_DONE, seen: 1, refused: { [code]: 1 }, examples: [refused] };
}

/** `run.cancel` is done to one run at once, `runs.cancel` to many in the background. */
function addJob(ports: OperatorPorts, what: "run" | "runs", plan: JobPlan, asked: Asked): Promise<ActionRow> {
  const { operation, filter, isDryRun, runsPerSecond } = plan;
  const subject: JsonObject = {
    operation: { ...operation },
    ...(what === "run" ? { runId: filter.runIds?.[0] ?? "" } : { filter: filter as JsonObject }),
    ...(isDryRun ? { dryRun: true } : {}),
    ...(runsPerSecond === null ? {} : { runsPerSecond }),
  };
  const action = newAction(ports, `${what}.${operation.type}`, subject, asked, {
    plan,
    progress: isDryRun ? { ...NOTHING_DONE, fates: [] } : NOTHING_DONE,
  });
  const openMax = what === "run" ? OPERATIONS_OPEN_MAX : ports.jobsOpenMax;
  return keep(action, () => ports.store.addAction(action, openMax));
}

const NOTHING_DONE: JobProgress = { cursor: null, seen: 0, applied: 0, refused: {}, examples: [] };

function addAction(
  ports: OperatorPorts,
  kind: string,
  subject: JsonObject,
  asked: Asked,
): Promise<ActionRow> {
  return keep(newAction(ports, kind, subject, asked), (action) => ports.store.addAction(action));
}

function newAction(
  ports: OperatorPorts,
  kind: string,
  subject: JsonObject,
  asked: Asked,
  job: ActionRow["job"] = null,
): NewAction {
  const { by, reason = null } = asked;
  for (const [name, text] of Object.entries({ by, reason })) {
    if (text !== null && text.length > ASKED_CHARS_MAX)
      throw badOperation(`${name} has ${text.length} characters, expected at most ${ASKED_CHARS_MAX}`);
  }
  const actionId = idOf(ports, subject, asked);
  const state = job === null ? "done" : "running";
  const lane = laneOf(actionId, ports.lanes);
  return { actionId, kind, by, reason, state, subject, job, lane };
}

/** The action as it is kept, which may be by a former call; then that was the same request. */
async function keep(action: NewAction, write: (action: NewAction) => Promise<ActionRow>): Promise<ActionRow> {
  const kept = await write(action);
  if (requestOf(kept) === requestOf(action)) return kept;
  throw engineError(
    "FLOW_IDEMPOTENCY_CONFLICT",
    `the idempotency key came before with ${kept.kind} by ${kept.by}, expected the same request again; use a new key for a new one`,
    { fields: { actionId: action.actionId } },
  );
}

function requestOf({ kind, by, reason, subject }: NewAction): string {
  return canonicalText([kind, by, reason, subject]);
}

/** A key stands for one request about one run, or for one that is about no single run, whatever it asks for. */
function idOf({ newId, nameId }: OperatorPorts, { runId }: JsonObject, { idempotencyKey }: Asked): string {
  if (idempotencyKey === undefined) return newId();
  const about = typeof runId === "string" ? runId : "";
  return nameId(`action\n${about}\n${idempotencyKey}`);
}

async function requireAction(ports: OperatorPorts, actionId: string): Promise<ActionRow> {
  const action = UUID.test(actionId) ? await ports.store.getAction(actionId) : null;
  if (action !== null) return action;
  throw engineError(
    "FLOW_UNKNOWN_ACTION",
    `no action ${actionId.slice(0, 80)}, expected the id of a job or of an entry of the audit`,
  );
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

async function stopJob(ports: OperatorPorts, actionId: string, asked: Asked): Promise<ActionRow> {
  for (let isRecorded = false; ; isRecorded = true) {
    const action = await requireAction(ports, actionId);
    if (action.job === null)
      throw engineError(
        "FLOW_NOT_A_JOB",
        `action ${actionId} was done at once, expected a job that can be stopped`,
      );
    if (action.state !== "running") return action;
    if (!isRecorded) await addAction(ports, "job.stop", { jobId: actionId }, asked);
    const { revision, job } = action;
    const stopping = await ports.store.updateAction({
      actionId,
      revision,
      state: "stopping",
      progress: job.progress,
    });
    // The job has saved a page meanwhile: look again.
    if (stopping !== null) return { ...action, ...stopping };
  }
}

async function pause(ports: OperatorPorts, what: Paused, asked: Asked): Promise<Standing> {
  checkPaused(ports, what);
  const asking = newAction(ports, `${what.scope}.pause`, { ...what }, asked);
  const kept = await keep(asking, (action) => ports.store.addPause(action, what));
  await ports.pausesChanged();
  const { by, reason, askedAtMs, result } = kept;
  return {
    pause: result?.pause ?? { ...what, by, reason, atMs: askedAtMs },
    isNew: result?.hasChanged ?? false,
  };
}

async function resume(ports: OperatorPorts, what: Paused, asked: Asked): Promise<boolean> {
  const asking = newAction(ports, `${what.scope}.resume`, { ...what }, asked);
  const { result } = await keep(asking, (action) => ports.store.removePause(action, what));
  await ports.pausesChanged();
  return result?.hasChanged ?? false;
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
