/**
 * Jobs: what operators do to many runs, carried out by the engine.
 * J1  The owner of a job's lane carries it out, page by page, and saves how far it is after each page. Whoever takes the lane over goes on
 *     from there; runs of the page that was under way are met a second time and nothing happens to them, since the job's id is the
 *     operation's id (D5).
 * J2  Of two engines that believe to own a job one fails to save (its revision is old) and leaves.
 * J3  A run that refuses is counted with its reason and left as it is. What is only away or full is tried again, without an end.
 */
import type { Answer } from "../core/decision.ts";
import { toPlainError } from "../core/errors.ts";
import type { LaneInput, Operation } from "../core/inputs.ts";
import type {
  ActionRow,
  Clock,
  JobExample,
  JobPlan,
  JobProgress,
  LogPort,
  Page,
  RunRow,
  Store,
} from "../core/ports.ts";
import type { Run } from "../core/run.ts";
import { toRunRow } from "../core/run-row.ts";

/** Runs between two saves, and how many of them are under way at once. */
const PAGE_RUNS = 200;
const CONCURRENT_MAX = 20;
/** How many runs a job remembers by name, and how many for one and the same outcome. */
export const EXAMPLES_MAX = 100;
const EXAMPLES_ALIKE_MAX = 5;
const AGAIN_FIRST_MS = 100;
const AGAIN_MS_MAX = 5_000;

export interface JobPorts {
  readonly store: Pick<
    Store,
    "listOpenJobs" | "updateAction" | "getAction" | "listRuns" | "getRuns" | "listDeadLetters"
  >;
  readonly clock: Clock;
  readonly log: LogPort;
  submit(input: LaneInput): Promise<Answer>;
  /** What an operation would make of a run, without doing it. */
  preview(run: Run, operation: Operation): Promise<{ readonly answer: Answer; readonly run: Run | null }>;
}

/** What became of one run. */
export interface JobResult {
  readonly runId: string;
  readonly from: string;
  readonly to: string | null;
  readonly code: string | null;
  readonly message: string | null;
}

export class Jobs {
  readonly #ports: JobPorts;
  readonly #running = new Map<string, Promise<void>>();
  #isStopping = false;

  constructor(ports: JobPorts) {
    this.#ports = ports;
  }

  /** Takes up the open jobs of these lanes that are not under way here. */
  async tend(heldLanes: readonly number[]): Promise<void> {
    for (const action of await this.#ports.store.listOpenJobs(heldLanes)) {
      if (this.#isStopping || this.#running.has(action.actionId)) continue;
      const finished = this.#carryOut(action)
        .catch((error: unknown) =>
          this.#ports.log.warn(
            { actionId: action.actionId, err: error },
            "a job was interrupted and is taken up again",
          ),
        )
        .finally(() => this.#running.delete(action.actionId));
      this.#running.set(action.actionId, finished);
    }
  }

  /** Ends after the page under way; the next owner of the lane goes on. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#running.values());
  }

  async #carryOut(action: ActionRow): Promise<void> {
    let current: ActionRow | null = action;
    while (
      current !== null &&
      !this.#isStopping &&
      (current.state === "running" || current.state === "stopping")
    )
      current = current.state === "stopping" ? await this.#end(current) : await this.#doPage(current);
    if (current?.state === "done" || current?.state === "stopped")
      this.#ports.log.info(
        { actionId: current.actionId, kind: current.kind, state: current.state },
        "a job has ended",
      );
  }

  #end(action: ActionRow): Promise<ActionRow | null> {
    return this.#ports.store.updateAction({ ...action, state: "stopped" });
  }

  async #doPage(action: ActionRow): Promise<ActionRow | null> {
    const { job } = action;
    if (job === null) return null;
    const page = await listJobPage(this.#ports.store, job.plan, job.progress.cursor, PAGE_RUNS);
    const results = await this.#doAll(action, job.plan, page.items);
    // Stopped in the middle: the page is done again by whoever goes on.
    if (results === null) return null;
    const progress = addResults(job.progress, results, page.cursor);
    return this.#save(action, { plan: job.plan, progress }, page.cursor === null ? "done" : "running");
  }

  /** Null when somebody else works on the job. An operator's wish to stop is no such thing. */
  async #save(
    action: ActionRow,
    job: NonNullable<ActionRow["job"]>,
    state: "running" | "done",
  ): Promise<ActionRow | null> {
    const { store } = this.#ports;
    const saved = await store.updateAction({ ...action, job, state });
    if (saved !== null) return saved;
    const stored = await store.getAction(action.actionId);
    const isWish =
      stored?.state === "stopping" && stored.job?.progress.cursor === action.job?.progress.cursor;
    return stored !== null && isWish
      ? store.updateAction({ ...stored, job, state: state === "done" ? "done" : "stopped" })
      : null;
  }

  async #doAll(action: ActionRow, plan: JobPlan, rows: readonly RunRow[]): Promise<JobResult[] | null> {
    const results: JobResult[] = [];
    const waiting = [...rows];
    const startedMs = this.#ports.clock.monotonicMs();
    let taken = 0;
    const work = async (): Promise<void> => {
      for (let row = waiting.shift(); row !== undefined && !this.#isStopping; row = waiting.shift()) {
        if (plan.runsPerSecond !== null)
          await this.#restUntil(startedMs + (taken++ * 1_000) / plan.runsPerSecond);
        const result = await this.#doOne(action, plan, row);
        if (result !== null) results.push(result);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_MAX }, work));
    return results.length === rows.length ? results : null;
  }

  /** Null when the engine stops before the run has answered. */
  async #doOne(action: ActionRow, plan: JobPlan, row: RunRow): Promise<JobResult | null> {
    for (let failures = 0; !this.#isStopping; failures++) {
      try {
        return plan.isDryRun ? await this.#tryOut(plan, row) : await this.#operate(action, plan, row);
      } catch (error) {
        const { kind, code, message } = toPlainError(error, "FLOW_UNEXPECTED");
        const isPassing =
          kind === "unavailable" || kind === "overloaded" || kind === "timeout" || kind === "conflict";
        if (!isPassing) return { runId: row.runId, from: row.state, to: null, code, message };
        await this.#rest(Math.min(AGAIN_MS_MAX, AGAIN_FIRST_MS * 2 ** failures));
      }
    }
    return null;
  }

  async #operate({ actionId, by, reason }: ActionRow, plan: JobPlan, row: RunRow): Promise<JobResult> {
    const answer = await this.#ports.submit({
      kind: "operation",
      runId: row.runId,
      id: actionId,
      operation: plan.operation,
      by,
      reason,
    });
    return toResult(row, answer, null);
  }

  async #tryOut(plan: JobPlan, row: RunRow): Promise<JobResult> {
    return (
      (await previewRuns(this.#ports, plan.operation, [row]))[0] ?? toResult(row, { outcome: "stale" }, null)
    );
  }

  #restUntil(atMs: number): Promise<void> {
    const leftMs = atMs - this.#ports.clock.monotonicMs();
    return leftMs > 0 ? this.#rest(leftMs) : Promise.resolve();
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#ports.clock.schedule(ms, resolve));
  }
}

/** A page of the runs that a job is about, in an order that does not change while it works. */
export async function listJobPage(
  store: Pick<Store, "listRuns" | "getRuns">,
  { filter, operation }: Pick<JobPlan, "filter" | "operation">,
  cursor: string | null,
  limit: number,
): Promise<Page<RunRow>> {
  const { runIds, ...query } = filter;
  if (runIds !== undefined) return pageOfIds(store, runIds, Number(cursor ?? 0), limit);
  // Nothing can be done to a run that has ended, so the ended ones are not even read.
  const open = query.outcome === undefined ? { isOpen: true } : {};
  const parked = operation.type === "redrive" || operation.type === "skip" ? { parked: true } : {};
  return store.listRuns({ ...open, ...parked, ...query, ...(cursor === null ? {} : { cursor }), limit });
}

/** Named runs that do not exist are left out; whoever started the job has looked. */
async function pageOfIds(
  store: Pick<Store, "getRuns">,
  runIds: readonly string[],
  from: number,
  limit: number,
): Promise<Page<RunRow>> {
  const until = from + limit;
  const runs = await store.getRuns(runIds.slice(from, until));
  return { items: runs.map(toRunRow), cursor: until < runIds.length ? String(until) : null };
}

/** What an operation would do to these runs, one result each; runs that are gone are left out. */
export async function previewRuns(
  { store, preview }: Pick<JobPorts, "preview"> & { readonly store: Pick<Store, "getRuns"> },
  operation: Operation,
  rows: readonly RunRow[],
): Promise<readonly JobResult[]> {
  const runs = new Map((await store.getRuns(rows.map(({ runId }) => runId))).map((run) => [run.runId, run]));
  const results: JobResult[] = [];
  for (const row of rows) {
    const run = runs.get(row.runId);
    if (run === undefined) continue;
    const { answer, run: after } = await preview(run, operation);
    results.push(toResult(toRunRow(run), answer, after));
  }
  return results;
}

function toResult({ runId, state: from }: RunRow, answer: Answer, after: Run | null): JobResult {
  if (answer.outcome !== "rejected")
    return { runId, from, to: after?.state ?? null, code: null, message: null };
  const { code, message } = answer.error;
  return { runId, from, to: null, code, message };
}

export const NO_PROGRESS: JobProgress = { cursor: null, seen: 0, applied: 0, refused: {}, examples: [] };

export function addResults(
  progress: JobProgress,
  results: readonly JobResult[],
  cursor: string | null,
): JobProgress {
  const refused: Record<string, number> = { ...progress.refused };
  const examples: JobExample[] = [...progress.examples];
  let applied = progress.applied;
  for (const result of results) {
    if (result.code === null) applied++;
    else refused[result.code] = (refused[result.code] ?? 0) + 1;
    if (isTelling(result, examples)) examples.push(result);
  }
  return { cursor, seen: progress.seen + results.length, applied, refused, examples };
}

/** A refusal, or what a dry run would change; and not one of which there are examples enough. */
function isTelling(result: JobResult, examples: readonly JobExample[]): boolean {
  if (result.code === null && result.to === null) return false;
  const alike = examples.filter(
    ({ code, from, to }) => code === result.code && from === result.from && to === result.to,
  );
  return examples.length < EXAMPLES_MAX && alike.length < EXAMPLES_ALIKE_MAX;
}
