/**
 * Jobs: what operators do to many runs, carried out by the engine.
 * J1  The owner of a job's lane carries it out, page by page, and saves which runs it begins with and how far it is after them. Whoever
 *     takes the lane over goes on from there; runs of the page that was under way are met a second time and nothing happens to them, since
 *     the job's id is the operation's id (D5), and each is counted once.
 * J2  Of two engines that believe to own a job one fails to save (its revision is old) and leaves.
 * J3  A run that refuses is counted with its reason and left as it is. What is only away or full is tried again, without an end.
 *     Lists are a moment behind: a run that does not fit the filter any more when its turn comes is none of the job's, and not counted.
 * J4  An operation on one run is its caller's to carry out. It is taken up here only when it is left lying, since its caller has died.
 * J5  A heartbeat reads which jobs are open and no more. What a job is to do, which may be thousands of named runs, is read once by who
 *     works on it, and written once; how far it is, after every page.
 * J6  When the next page of a job with a rate may begin is saved with the page before, so that the rate holds over restarts and takeovers.
 */
import type { Answer } from "../core/decision.ts";
import { toPlainError } from "../core/errors.ts";
import type { LaneInput } from "../core/inputs.ts";
import type {
  ActionRow,
  ActionState,
  Clock,
  JobExample,
  JobPlan,
  JobRun,
  LogPort,
  OpenJob,
  Page,
  Store,
} from "../core/ports.ts";
import { fitsCondition } from "../core/run-condition.ts";
import type { Run } from "../core/run.ts";
import { readReadable } from "../core/unreadable.ts";
import { addResults } from "./job-progress.ts";
import { conditionOf, listJobPage, previewRuns, toResult, unfoundRun } from "./job-runs.ts";
import type { PreviewPorts } from "./job-runs.ts";

/** Most runs between two saves, and how many of them are under way at once. */
const PAGE_RUNS_MAX = 200;
const CONCURRENT_MAX = 20;
/** Of a job with a rate a page is what a quarter of a second allows, so that it goes evenly and shows how far it is. */
const PAGES_PER_SECOND = 4;
/** Entries read at once where a run's history has to say whether it has taken an operation. */
const HISTORY_READ_MAX = 1_000;
/** And how many bytes of it, about: entries carry data. */
const HISTORY_BYTES_MAX = 1_048_576;
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
  /** The store's time. */
  nowMs(): number;
  submit(input: LaneInput): Promise<Answer>;
}

type Job = NonNullable<ActionRow["job"]>;

/** A job as it is worked on. */
interface Work extends Pick<ActionRow, "actionId" | "by" | "reason" | "revision" | "state"> {
  readonly job: Job;
}

interface BegunPage {
  readonly work: Work;
  readonly page: Page<JobRun>;
}

export class Jobs {
  readonly #ports: JobPorts;
  readonly #running = new Map<string, { readonly stop: AbortController; readonly finished: Promise<void> }>();
  /** When an operation on one run was first seen open, by this process's clock. */
  #seenAtMs = new Map<string, number>();
  /** The last of those that are being read. */
  #reading: Promise<unknown> = Promise.resolve();
  #isStopping = false;

  constructor(ports: JobPorts) {
    this.#ports = ports;
  }

  /** Takes up the open jobs of these lanes that are not under way here, and ends those whose operator wants it. */
  async tend(heldLanes: readonly number[]): Promise<void> {
    const open = await this.#ports.store.listOpenJobs(heldLanes);
    this.#noteSeen(open);
    for (const job of open) {
      const running = this.#running.get(job.actionId);
      if (running === undefined) this.#take(job);
      else if (job.state === "stopping") running.stop.abort();
    }
  }

  /** Ends as soon as the runs under way have answered; the next owner of the lane goes on. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const { stop } of this.#running.values()) stop.abort();
    await Promise.all([...this.#running.values()].map(({ finished }) => finished));
  }

  #take(job: OpenJob): void {
    if (this.#isStopping || this.#isWithItsCaller(job)) return;
    const { actionId } = job;
    const stop = new AbortController();
    const finished = this.#carryOut(job, stop.signal)
      .catch((error: unknown) =>
        this.#ports.log.warn({ actionId, err: error }, "a job was interrupted and is taken up again"),
      )
      .finally(() => this.#running.delete(actionId));
    this.#running.set(actionId, { stop, finished });
  }

  #noteSeen(open: readonly OpenJob[]): void {
    const nowMs = this.#ports.clock.monotonicMs();
    const single = open.filter(isOfOneRun);
    this.#seenAtMs = new Map(
      single.map(({ actionId }) => [actionId, this.#seenAtMs.get(actionId) ?? nowMs] as const),
    );
  }

  #isWithItsCaller({ actionId }: OpenJob): boolean {
    const seenAtMs = this.#seenAtMs.get(actionId);
    return seenAtMs !== undefined && this.#ports.clock.monotonicMs() - seenAtMs < this.#ports.callerMs;
  }

  async #carryOut({ actionId, kind }: OpenJob, stop: AbortSignal): Promise<void> {
    let current = await this.#readInTurn(actionId);
    while (current?.state === "running" && !stop.aborted) current = await this.#doPage(current, stop);
    if (this.#isStopping || current === null) return;
    if (current.state === "running") current = await this.#read(actionId);
    if (current?.state === "stopping")
      current = await this.#update(current, await this.#countBegun(current), "stopped");
    if (current?.state === "done" || current?.state === "stopped")
      this.#ports.log.info({ actionId, kind, state: current.state }, "a job has ended");
  }

  /** One after the other: many large jobs at once, after a takeover, would keep the heartbeat from the store. */
  #readInTurn(actionId: string): Promise<Work | null> {
    const read = this.#reading.then(() => (this.#isStopping ? null : this.#read(actionId)));
    this.#reading = read.catch(() => {});
    return read;
  }

  /** Null when it has ended. */
  async #read(id: string): Promise<Work | null> {
    const action = await this.#ports.store.getAction(id);
    if (action === null || action.job === null || action.endedAtMs !== null) return null;
    const { actionId, by, reason, revision, state, job } = action;
    return { actionId, by, reason, revision, state, job };
  }

  /** Null when somebody else has updated it. */
  async #update(work: Work, job: Job, state: ActionState): Promise<Work | null> {
    const { actionId, revision } = work;
    const updated = await this.#ports.store.updateAction({
      actionId,
      revision,
      state,
      progress: job.progress,
    });
    return updated === null ? null : { ...work, job, state: updated.state, revision: updated.revision };
  }

  async #doPage(before: Work, stop: AbortSignal): Promise<Work | null> {
    await this.#rest(this.#untilNextMs(before.job), stop);
    if (stop.aborted) return before;
    const beganAtMs = this.#ports.nowMs();
    const begun = await this.#beginPage(before);
    if (begun === null) return null;
    const { work, page } = begun;
    const { plan, progress } = work.job;
    const { results, isWhole } = plan.isDryRun
      ? { results: await previewRuns(this.#ports, plan, page.items), isWhole: true }
      : await this.#doAll(work, page.items, stop);
    // Stopped in the middle by its process, the page is done again by whoever goes on; by its operator, what was done is counted.
    if (!isWhole && this.#isStopping) return null;
    const cursor = isWhole ? page.cursor : progress.cursor;
    const state = !isWhole ? "stopped" : cursor === null ? "done" : "running";
    const after = addResults(progress, results, cursor);
    const nextAtMs = beganAtMs + pageMs(plan, results.length);
    return this.#save(
      work,
      { plan, progress: plan.runsPerSecond === null ? after : { ...after, nextAtMs } },
      state,
    );
  }

  /** How long until the next page may begin. Where the clock was set back, no longer than a page takes. */
  #untilNextMs({ plan, progress }: Job): number {
    const { nextAtMs = 0 } = progress;
    return Math.min(nextAtMs - this.#ports.nowMs(), pageMs(plan, pageRuns(plan)));
  }

  /** The page under way, or the next one, which is kept before the first of its runs is met. */
  async #beginPage(work: Work): Promise<BegunPage | null> {
    const { plan, progress } = work.job;
    if (progress.begun !== undefined) return { work, page: progress.begun };
    const { items, cursor } = await listJobPage(this.#ports.store, plan, progress.cursor, pageRuns(plan));
    const page = { items: items.map(({ runId, state }) => ({ runId, state })), cursor };
    if (plan.isDryRun || items.length === 0) return { work, page };
    const saved = await this.#update(work, { plan, progress: { ...progress, begun: page } }, work.state);
    return saved === null ? null : { work: saved, page };
  }

  /** A job that was stopped while its process died: of the page under way those runs count that it was applied to. */
  async #countBegun({ actionId, job }: Work): Promise<Job> {
    const { plan, progress } = job;
    if (progress.begun === undefined) return job;
    const { items } = await readReadable(
      progress.begun.items.map(({ runId }) => runId),
      (runIds) => this.#ports.store.getRuns(runIds),
    );
    const results: JobExample[] = [];
    for (const run of items) if (await this.#hasTaken(run, actionId)) results.push(taken(run));
    return { plan, progress: addResults(progress, results, progress.cursor) };
  }

  /** Null when somebody else works on the job. An operator's wish to stop is no such thing. */
  async #save(work: Work, job: Job, state: "running" | "stopped" | "done"): Promise<Work | null> {
    const saved = await this.#update(work, job, state);
    if (saved !== null) return saved;
    const stored = await this.#read(work.actionId);
    const isWish = stored?.state === "stopping" && stored.job.progress.cursor === work.job.progress.cursor;
    return stored !== null && isWish
      ? this.#update(stored, job, state === "done" ? "done" : "stopped")
      : null;
  }

  /** What became of the runs; not whole when it was stopped before all had answered. */
  async #doAll(
    work: Work,
    runs: readonly JobRun[],
    stop: AbortSignal,
  ): Promise<{ readonly results: readonly JobExample[]; readonly isWhole: boolean }> {
    const results: JobExample[] = [];
    let answered = 0;
    const waiting = [...runs];
    const meetWaiting = async (): Promise<void> => {
      for (let run = waiting.shift(); run !== undefined && !stop.aborted; run = waiting.shift()) {
        const result = await this.#doOne(work, run, stop);
        if (result === null) return;
        answered++;
        if (result !== "stale") results.push(result);
      }
    };
    await Promise.all(Array.from({ length: Math.min(CONCURRENT_MAX, runs.length) }, meetWaiting));
    return { results, isWhole: answered === runs.length };
  }

  /** Null when it was stopped before the run has answered; stale when the run does not fit the filter any more. */
  async #doOne(work: Work, run: JobRun, stop: AbortSignal): Promise<JobExample | "stale" | null> {
    for (let failures = 0; !stop.aborted; failures++) {
      try {
        const answer = await this.#operate(work, run);
        if (answer.outcome === "stale") return "stale";
        // Durable in the lane's inbox only. Where engines cannot reach each other its owner would never tell, so the run itself is asked.
        const result =
          answer.outcome === "accepted" ? await this.#lookAt(work, run) : toResult(run, answer, null);
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
  async #lookAt({ actionId, job }: Work, met: JobRun): Promise<JobExample | "stale" | null> {
    const { plan } = job;
    const { store, preview } = this.#ports;
    const { items, faults } = await readReadable([met.runId], (runIds) => store.getRuns(runIds));
    const [run] = items;
    if (run === undefined) return unfoundRun(met, faults.get(met.runId));
    if (await this.#hasTaken(run, actionId)) return taken(met);
    const condition = conditionOf(plan);
    if (condition !== null && !fitsCondition(run, condition)) return "stale";
    const { answer } = await preview(run, plan.operation);
    return answer.outcome === "rejected" ? toResult(met, answer, null) : null;
  }

  async #hasTaken({ runId, version }: Run, actionId: string): Promise<boolean> {
    const { store } = this.#ports;
    for (let afterVersion = 0; afterVersion < version;) {
      const { items, cursor } = await store.listHistory({
        runId,
        afterVersion,
        limit: HISTORY_READ_MAX,
        bytesMax: HISTORY_BYTES_MAX,
      });
      if (items.some(({ eventId }) => eventId === actionId)) return true;
      if (cursor === null) return false;
      afterVersion = items.at(-1)?.version ?? version;
    }
    return false;
  }

  #operate({ actionId, by, reason, job }: Work, { runId }: JobRun): Promise<Answer> {
    const { operation } = job.plan;
    const where = conditionOf(job.plan);
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
function isOfOneRun({ kind }: OpenJob): boolean {
  return kind.startsWith("run.");
}

function taken({ runId, state }: JobRun): JobExample {
  return { runId, from: state, to: null, code: null, message: null };
}

function pageRuns({ runsPerSecond }: JobPlan): number {
  if (runsPerSecond === null) return PAGE_RUNS_MAX;
  return Math.min(PAGE_RUNS_MAX, Math.max(1, Math.floor(runsPerSecond / PAGES_PER_SECOND)));
}

/** How long so many runs take at the job's rate. */
function pageMs({ runsPerSecond }: JobPlan, runs: number): number {
  return runsPerSecond === null ? 0 : (runs * 1_000) / runsPerSecond;
}
