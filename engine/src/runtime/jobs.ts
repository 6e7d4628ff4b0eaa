/**
 * Jobs: what operators do to many runs, carried out by the engine.
 * J1  The owner of a job's lane carries it out, page by page, and saves which runs it begins with and how far it is after them. Whoever
 *     takes the lane over goes on from there; runs of the page that was under way are met a second time and nothing happens to them, since
 *     the job's id is the operation's id (D5), and each is counted once.
 * J2  Of two engines that believe to own a job one fails to save (its revision is old) and leaves.
 * J3  A run that refuses is counted with its reason and left as it is. What is only away or full is tried again, without an end.
 *     Lists are a moment behind: a run that does not fit the filter any more when its turn comes is none of the job's, and not counted.
 * J4  An operation on one run is its caller's to carry out. It is taken up here only when it is left lying, since its caller has died.
 */
import type { Answer } from "../core/decision.ts";
import { toPlainError } from "../core/errors.ts";
import type { LaneInput } from "../core/inputs.ts";
import type { ActionRow, Clock, JobExample, JobPlan, JobRun, LogPort, Page, Store } from "../core/ports.ts";
import { fitsCondition } from "../core/run-condition.ts";
import type { Run } from "../core/run.ts";
import { addResults } from "./job-progress.ts";
import { conditionOf, listJobPage, previewRuns, toResult, unknownRun } from "./job-runs.ts";
import type { PreviewPorts } from "./job-runs.ts";

/** Most runs between two saves, and how many of them are under way at once. */
const PAGE_RUNS_MAX = 200;
const CONCURRENT_MAX = 20;
/** Of a job with a rate a page is what a quarter of a second allows, so that it goes evenly and shows how far it is. */
const PAGES_PER_SECOND = 4;
/** Entries read at once where a run's history has to say whether it has taken an operation. */
const HISTORY_READ_MAX = 1_000;
const AGAIN_FIRST_MS = 100;
const AGAIN_MS_MAX = 5_000;

export interface JobPorts extends Pick<PreviewPorts, "preview"> {
  readonly store: Pick<
    Store,
    "listOpenJobs" | "updateAction" | "getAction" | "listRuns" | "getRuns" | "listDeadLetters" | "listHistory"
  >;
  readonly clock: Clock;
  readonly log: LogPort;
  /** How long an operation on one run stays with its caller (J4). */
  readonly callerMs: number;
  submit(input: LaneInput): Promise<Answer>;
}

type Job = NonNullable<ActionRow["job"]>;

interface BegunPage {
  readonly action: ActionRow;
  readonly job: Job;
  readonly page: Page<JobRun>;
}

export class Jobs {
  readonly #ports: JobPorts;
  readonly #running = new Map<string, { readonly stop: AbortController; readonly finished: Promise<void> }>();
  /** When an operation on one run was first seen open, by this process's clock. */
  #seenAtMs = new Map<string, number>();
  #isStopping = false;

  constructor(ports: JobPorts) {
    this.#ports = ports;
  }

  /** Takes up the open jobs of these lanes that are not under way here, and ends those whose operator wants it. */
  async tend(heldLanes: readonly number[]): Promise<void> {
    const open = await this.#ports.store.listOpenJobs(heldLanes);
    this.#noteSeen(open);
    for (const action of open) {
      const running = this.#running.get(action.actionId);
      if (running === undefined) this.#take(action);
      else if (action.state === "stopping") running.stop.abort();
    }
  }

  /** Ends as soon as the runs under way have answered; the next owner of the lane goes on. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const { stop } of this.#running.values()) stop.abort();
    await Promise.all([...this.#running.values()].map(({ finished }) => finished));
  }

  #take(action: ActionRow): void {
    if (this.#isStopping || this.#isWithItsCaller(action)) return;
    const { actionId } = action;
    const stop = new AbortController();
    const finished = this.#carryOut(action, stop.signal)
      .catch((error: unknown) =>
        this.#ports.log.warn({ actionId, err: error }, "a job was interrupted and is taken up again"),
      )
      .finally(() => this.#running.delete(actionId));
    this.#running.set(actionId, { stop, finished });
  }

  #noteSeen(open: readonly ActionRow[]): void {
    const nowMs = this.#ports.clock.monotonicMs();
    const single = open.filter(isOfOneRun);
    this.#seenAtMs = new Map(
      single.map(({ actionId }) => [actionId, this.#seenAtMs.get(actionId) ?? nowMs] as const),
    );
  }

  #isWithItsCaller({ actionId }: ActionRow): boolean {
    const seenAtMs = this.#seenAtMs.get(actionId);
    return seenAtMs !== undefined && this.#ports.clock.monotonicMs() - seenAtMs < this.#ports.callerMs;
  }

  async #carryOut(action: ActionRow, stop: AbortSignal): Promise<void> {
    const { store, log } = this.#ports;
    const { actionId, kind } = action;
    let current: ActionRow | null = action;
    while (current?.state === "running" && !stop.aborted) current = await this.#doPage(current, stop);
    if (this.#isStopping || current === null) return;
    if (current.state === "running") current = await store.getAction(actionId);
    if (current?.state === "stopping")
      current = await store.updateAction({
        ...current,
        job: await this.#countBegun(current),
        state: "stopped",
      });
    if (current?.state === "done" || current?.state === "stopped")
      log.info({ actionId, kind, state: current.state }, "a job has ended");
  }

  async #doPage(action: ActionRow, stop: AbortSignal): Promise<ActionRow | null> {
    const { clock } = this.#ports;
    const startedMs = clock.monotonicMs();
    const begun = await this.#beginPage(action);
    if (begun === null) return null;
    const { plan, progress } = begun.job;
    const { results, isWhole } = plan.isDryRun
      ? { results: await previewRuns(this.#ports, plan, begun.page.items), isWhole: true }
      : await this.#doAll(begun.action, plan, begun.page.items, stop);
    // Stopped in the middle by its process, the page is done again by whoever goes on; by its operator, what was done is counted.
    if (!isWhole && this.#isStopping) return null;
    const cursor = isWhole ? begun.page.cursor : progress.cursor;
    const state = !isWhole ? "stopped" : cursor === null ? "done" : "running";
    const saved = await this.#save(
      begun.action,
      { plan, progress: addResults(progress, results, cursor) },
      state,
    );
    if (saved?.state === "running")
      await this.#rest(startedMs + restMs(plan, results.length) - clock.monotonicMs(), stop);
    return saved;
  }

  /** The page under way, or the next one, which is kept before the first of its runs is met. */
  async #beginPage(action: ActionRow): Promise<BegunPage | null> {
    const { store } = this.#ports;
    const { job } = action;
    if (job === null) return null;
    const { plan, progress } = job;
    if (progress.begun !== undefined) return { action, job, page: progress.begun };
    const { items, cursor } = await listJobPage(store, plan, progress.cursor, pageRuns(plan));
    const page = { items: items.map(({ runId, state }) => ({ runId, state })), cursor };
    if (plan.isDryRun || items.length === 0) return { action, job, page };
    const begun: Job = { plan, progress: { ...progress, begun: page } };
    const saved = await store.updateAction({ ...action, job: begun });
    return saved === null ? null : { action: saved, job: begun, page };
  }

  /** A job that was stopped while its process died: of the page under way those runs count that it was applied to. */
  async #countBegun({ actionId, job }: ActionRow): Promise<Job | null> {
    const items = job?.progress.begun?.items;
    if (job === null || items === undefined) return job;
    const { plan, progress } = job;
    const runs = await this.#ports.store.getRuns(items.map(({ runId }) => runId));
    const results: JobExample[] = [];
    for (const run of runs) if (await this.#hasTaken(run, actionId)) results.push(taken(run));
    return { plan, progress: addResults(progress, results, progress.cursor) };
  }

  /** Null when somebody else works on the job. An operator's wish to stop is no such thing. */
  async #save(action: ActionRow, job: Job, state: "running" | "stopped" | "done"): Promise<ActionRow | null> {
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

  /** What became of the runs; not whole when it was stopped before all had answered. */
  async #doAll(
    action: ActionRow,
    plan: JobPlan,
    runs: readonly JobRun[],
    stop: AbortSignal,
  ): Promise<{ readonly results: readonly JobExample[]; readonly isWhole: boolean }> {
    const results: JobExample[] = [];
    let answered = 0;
    const waiting = [...runs];
    const work = async (): Promise<void> => {
      for (let run = waiting.shift(); run !== undefined && !stop.aborted; run = waiting.shift()) {
        const result = await this.#doOne(action, plan, run, stop);
        if (result === null) return;
        answered++;
        if (result !== "stale") results.push(result);
      }
    };
    await Promise.all(Array.from({ length: Math.min(CONCURRENT_MAX, runs.length) }, work));
    return { results, isWhole: answered === runs.length };
  }

  /** Null when it was stopped before the run has answered; stale when the run does not fit the filter any more. */
  async #doOne(
    action: ActionRow,
    plan: JobPlan,
    run: JobRun,
    stop: AbortSignal,
  ): Promise<JobExample | "stale" | null> {
    for (let failures = 0; !stop.aborted; failures++) {
      try {
        const answer = await this.#operate(action, plan, run);
        if (answer.outcome === "stale") return "stale";
        // Durable in the lane's inbox only. Where engines cannot reach each other its owner would never tell, so the run itself is asked.
        const result =
          answer.outcome === "accepted" ? await this.#lookAt(action, plan, run) : toResult(run, answer, null);
        if (result !== null) return result;
      } catch (error) {
        const { kind, code, message } = toPlainError(error, "FLOW_UNEXPECTED");
        const isPassing =
          kind === "unavailable" || kind === "overloaded" || kind === "timeout" || kind === "conflict";
        if (!isPassing) return { runId: run.runId, from: run.state, to: null, code, message };
      }
      await this.#rest(Math.min(AGAIN_MS_MAX, AGAIN_FIRST_MS * 2 ** failures), stop);
    }
    return null;
  }

  /** What became of an operation that its run's owner takes in by itself; null while nobody knows. */
  async #lookAt({ actionId }: ActionRow, plan: JobPlan, met: JobRun): Promise<JobExample | "stale" | null> {
    const { store, preview } = this.#ports;
    const [run] = await store.getRuns([met.runId]);
    if (run === undefined) return unknownRun(met);
    if (await this.#hasTaken(run, actionId)) return taken(met);
    const condition = conditionOf(plan);
    if (condition !== null && !fitsCondition(run, condition)) return "stale";
    const { answer } = await preview(run, plan.operation);
    return answer.outcome === "rejected" ? toResult(met, answer, null) : null;
  }

  async #hasTaken({ runId, version }: Run, actionId: string): Promise<boolean> {
    const { store } = this.#ports;
    for (let afterVersion = 0; afterVersion < version; afterVersion += HISTORY_READ_MAX) {
      const { items } = await store.listHistory({ runId, afterVersion, limit: HISTORY_READ_MAX });
      if (items.some(({ eventId }) => eventId === actionId)) return true;
    }
    return false;
  }

  #operate({ actionId, by, reason }: ActionRow, plan: JobPlan, { runId }: JobRun): Promise<Answer> {
    const { operation } = plan;
    const where = conditionOf(plan);
    return this.#ports.submit({
      kind: "operation",
      runId,
      id: actionId,
      operation,
      by,
      reason,
      ...(where === null ? {} : { where }),
    });
  }

  /**
   * Ends early when it is stopped. It goes over the clock however short it is: where a store answers without leaving the process, nobody
   * else would have a turn until the end of the job, not even who wants to stop it.
   */
  #rest(ms: number, stop: AbortSignal): Promise<void> {
    if (stop.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        disarm();
        stop.removeEventListener("abort", end);
        resolve();
      };
      const disarm = this.#ports.clock.schedule(Math.max(0, ms), end);
      stop.addEventListener("abort", end);
    });
  }
}

/** Whether an action is an operation on one run and not a job over many. */
export function isOfOneRun({ subject }: Pick<ActionRow, "subject">): boolean {
  return subject["runId"] !== undefined;
}

function taken({ runId, state }: JobRun): JobExample {
  return { runId, from: state, to: null, code: null, message: null };
}

function pageRuns({ runsPerSecond }: JobPlan): number {
  if (runsPerSecond === null) return PAGE_RUNS_MAX;
  return Math.min(PAGE_RUNS_MAX, Math.max(1, Math.floor(runsPerSecond / PAGES_PER_SECOND)));
}

function restMs({ runsPerSecond }: JobPlan, runs: number): number {
  return runsPerSecond === null ? 0 : (runs * 1_000) / runsPerSecond;
}
