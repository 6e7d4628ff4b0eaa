/** The runs that a job is about, page by page, and what an operation would make of them. */
import type { Answer } from "../core/decision.ts";
import { engineError } from "../core/errors.ts";
import type { Operation } from "../core/inputs.ts";
import type { JobExample, JobPlan, JobRun, Page, Store } from "../core/ports.ts";
import { fitsCondition } from "../core/run-condition.ts";
import type { RunCondition } from "../core/run-condition.ts";
import type { Run } from "../core/run.ts";
import { readReadable, rejectUnreadable } from "../core/unreadable.ts";

type Aim = Pick<JobPlan, "operation" | "filter">;

export interface PreviewPorts {
  readonly store: Pick<Store, "getRuns">;
  /** What an operation would make of a run, without doing it. */
  preview(run: Run, operation: Operation): Promise<{ readonly answer: Answer; readonly run: Run | null }>;
}

/** What a run must be like when its turn comes; null for runs that are named. */
export function conditionOf({ operation, filter }: Aim): RunCondition | null {
  const { flow, flowVersion, state, businessState, parked, parkReason } = filter;
  if (filter.runIds !== undefined) return null;
  const isOfParked = operation.type === "redrive" || operation.type === "skip";
  // A run that is there already, or began there while the job works, is none of its business.
  const older = operation.type === "migrate" ? { flowVersionBelow: operation.toVersion } : {};
  return {
    ...(flow === undefined ? {} : { flow }),
    ...(flowVersion === undefined ? {} : { flowVersion }),
    ...older,
    ...(state === undefined ? {} : { state }),
    ...(businessState === undefined ? {} : { businessState }),
    ...(parked === undefined ? (isOfParked ? { parked: true } : {}) : { parked }),
    ...(parkReason === undefined ? {} : { parkReason }),
  };
}

/**
 * A page of the runs that a job is about, in an order that does not change while it works.
 * @throws FLOW_BAD_CURSOR (invalid)
 */
export async function listJobPage(
  store: Pick<Store, "listRuns" | "getRuns">,
  plan: Aim,
  cursor: string | null,
  limit: number,
): Promise<Page<JobRun>> {
  const { runIds, ...query } = plan.filter;
  if (runIds !== undefined) return pageOfIds(store, runIds, parseOffset(cursor), limit);
  // Nothing can be done to a run that has ended, so the ended ones are not even read.
  const condition = conditionOf(plan) ?? {};
  return store.listRuns({
    ...query,
    ...condition,
    isOpen: true,
    ...(cursor === null ? {} : { cursor }),
    limit,
  });
}

function parseOffset(cursor: string | null): number {
  if (cursor === null) return 0;
  if (/^\d{1,9}$/.test(cursor)) return Number(cursor);
  throw engineError(
    "FLOW_BAD_CURSOR",
    "the cursor is none that this list gave; take it from the page before",
  );
}

async function pageOfIds(
  store: Pick<Store, "getRuns">,
  runIds: readonly string[],
  from: number,
  limit: number,
): Promise<Page<JobRun>> {
  const until = from + limit;
  const named = runIds.slice(from, until);
  const { items } = await readReadable(named, (asked) => store.getRuns(asked));
  const states = new Map(items.map(({ runId, state }) => [runId, state]));
  return {
    items: named.map((runId) => ({ runId, state: states.get(runId) ?? "" })),
    cursor: until < runIds.length ? String(until) : null,
  };
}

/** What an operation would do to these runs, one result each; those that do not fit the filter any more are left out. */
export async function previewRuns(
  { store, preview }: PreviewPorts,
  plan: Aim,
  runs: readonly JobRun[],
): Promise<readonly JobExample[]> {
  const condition = conditionOf(plan);
  const { items, faults } = await readReadable(
    runs.map(({ runId }) => runId),
    (runIds) => store.getRuns(runIds),
  );
  const stored = new Map(items.map((run) => [run.runId, run]));
  const results: JobExample[] = [];
  for (const met of runs) {
    const run = stored.get(met.runId);
    if (run === undefined) {
      results.push(unfoundRun(met, faults.get(met.runId)));
      continue;
    }
    if (condition !== null && !fitsCondition(run, condition)) continue;
    const { answer, run: after } = await preview(run, plan.operation);
    results.push(toResult(run, answer, after));
  }
  return results;
}

/** With what is wrong with it, where it is stored and cannot be read. */
export function unfoundRun(met: JobRun, fault: string | undefined): JobExample {
  if (fault === undefined) return unknownRun(met);
  return toResult(met, { outcome: "rejected", error: rejectUnreadable(met.runId, fault) }, null);
}

function unknownRun({ runId, state }: JobRun): JobExample {
  const message = `no run ${runId}, expected the id of a stored run`;
  return { runId, from: state, to: null, code: "FLOW_UNKNOWN_RUN", message };
}

export function toResult({ runId, state: from }: JobRun, answer: Answer, after: Run | null): JobExample {
  if (answer.outcome !== "rejected")
    return { runId, from, to: after?.state ?? null, code: null, message: null };
  const { code, message } = answer.error;
  return { runId, from, to: null, code, message };
}
