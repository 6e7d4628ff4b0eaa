/**
 * Keeps the search projection: what lists and counts read. It follows the commits with a bounded lag, in transactions of its own,
 * so that a run that passes five states in a moment costs one row there, and no index is touched by a transition.
 * P1  Rows only move forward: the store takes a row when its version is newer.
 * P2  A lane's `projectedAtMs` moves only when every commit of that lane up to then is projected, so a new owner knows where to begin.
 */
import type { Clock, LaneStep, LogPort, RunRow, Store } from "../core/ports.ts";
import { toRunRow } from "../core/run-row.ts";
import type { Run } from "../core/run.ts";

/** Between two flushes lies at least this many times what the last one took: under load many transitions of a run are one row. */
const REST_FACTOR = 4;
/** Most rows in one statement: one that is too large for the store would be so again, and hold the batches back for ever. */
const ROWS_PER_WRITE_MAX = 2_000;
/** The longest such rest: one slow flush must not leave lists and counts behind for long. */
const REST_MS_MAX = 2_000;

interface ProjectorPorts {
  readonly store: Pick<Store, "project">;
  readonly clock: Clock;
  readonly log: LogPort;
  readonly intervalMs: number;
  readonly pendingMax: number;
}

export class Projector {
  readonly #ports: ProjectorPorts;
  #rows = new Map<string, RunRow>();
  #complete = new Map<number, { laneId: number; epoch: number; untilMs: number }>();
  #flushing: Promise<void> | null = null;
  #cancel: (() => void) | null = null;
  #waitingForRoom: (() => void)[] = [];
  #isStopped = false;
  #flushMs = 0;

  constructor(ports: ProjectorPorts) {
    this.#ports = ports;
  }

  get lag(): number {
    return this.#rows.size;
  }

  /** Resolves at once, or when the projection has caught up enough: this is how its lag holds the batches back. */
  async room(): Promise<void> {
    while (!this.#isStopped && this.#rows.size >= this.#ports.pendingMax) {
      this.#hurry();
      await new Promise<void>((resolve) => this.#waitingForRoom.push(resolve));
    }
  }

  /** Runs of a committed batch. */
  add(runs: readonly Run[], lanes: readonly Pick<LaneStep, "laneId" | "epoch">[], atMs: number): void {
    for (const run of runs) this.#rows.set(run.runId, toRunRow(run));
    for (const { laneId, epoch } of lanes) this.#complete.set(laneId, { laneId, epoch, untilMs: atMs });
    if (this.#rows.size > 0 || this.#complete.size > 0) this.#schedule();
  }

  /** Rows that a former owner may have left undone. */
  addRows(rows: readonly RunRow[]): void {
    keepNewest(this.#rows, rows);
    if (rows.length > 0) this.#schedule();
  }

  forgetLane(laneId: number): void {
    this.#complete.delete(laneId);
  }

  /** Projects everything there is now. Does not throw: a failed flush is tried again, or left to the next owner. */
  async flush(): Promise<void> {
    while (this.#flushing !== null) await this.#flushing;
    if (this.#rows.size === 0 && this.#complete.size === 0) return;
    this.#flushing = this.#write();
    await this.#flushing;
    this.#flushing = null;
  }

  /** Batches wait, so the next flush does not rest; a failed one does, and is tried again after it. */
  #hurry(): void {
    if (this.#cancel === null) return;
    this.#cancel();
    this.#cancel = null;
    void this.flush();
  }

  #schedule(): void {
    if (this.#cancel !== null) return;
    const restMs = Math.max(this.#ports.intervalMs, Math.min(REST_MS_MAX, REST_FACTOR * this.#flushMs));
    this.#cancel = this.#ports.clock.schedule(restMs, () => {
      this.#cancel = null;
      void this.flush();
    });
  }

  async #write(): Promise<void> {
    const rows = this.#rows;
    const complete = this.#complete;
    this.#rows = new Map();
    this.#complete = new Map();
    const startedMs = this.#ports.clock.monotonicMs();
    try {
      await this.#writePortions(rows, [...complete.values()]);
      this.#flushMs = this.#ports.clock.monotonicMs() - startedMs;
    } catch (error) {
      this.#ports.log.warn(
        { runs: rows.size, err: error },
        "the search projection could not be written and is tried again",
      );
      keepNewest(rows, this.#rows.values());
      for (const [laneId, lane] of this.#complete) complete.set(laneId, lane);
      this.#rows = rows;
      this.#complete = complete;
      this.#schedule();
      // Who wakes without room would have it tried again at once.
      if (this.#rows.size >= this.#ports.pendingMax) return;
    }
    for (const wake of this.#waitingForRoom.splice(0)) wake();
  }

  /** Takes out of `rows` what is written. The lanes are complete with the last portion (P2). */
  async #writePortions(rows: Map<string, RunRow>, complete: Parameters<Store["project"]>[1]): Promise<void> {
    do {
      const portion = rows.values().take(ROWS_PER_WRITE_MAX).toArray();
      await this.#ports.store.project(portion, portion.length === rows.size ? complete : []);
      for (const { runId } of portion) rows.delete(runId);
    } while (rows.size > 0);
  }

  /** Nothing is projected any more, and nobody waits for it: what is left the next owner does. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
    this.#cancel = null;
    for (const wake of this.#waitingForRoom.splice(0)) wake();
  }
}

function keepNewest(kept: Map<string, RunRow>, rows: Iterable<RunRow>): void {
  for (const row of rows) if ((kept.get(row.runId)?.version ?? 0) < row.version) kept.set(row.runId, row);
}
