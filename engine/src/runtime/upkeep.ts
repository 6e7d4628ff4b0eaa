/**
 * What an engine does now and then so that its store stays in shape: it makes the periods that runs will be born in, drops those whose
 * runs are over, if runs are not kept for ever, and sees to it that a takeover finds what was written last. Every engine of a deployment does; the store sees to it that they do not collide.
 */
import type { Period } from "../core/period.ts";
import type { Clock, GaugePort, LogPort, MeterPort, Store } from "../core/ports.ts";

const INTERVAL_MS = 600_000;
/** What is written meanwhile is some hundred MB where the disk is busy with nothing else: a takeover reads it in a moment. */
const SUMMARY_INTERVAL_MS = 10_000;

interface UpkeepPorts {
  readonly store: Pick<Store, "maintain" | "summarize" | "dropPeriods">;
  readonly clock: Clock;
  readonly log: LogPort;
  readonly meter: MeterPort;
  /** Null: runs are kept for ever. */
  readonly retentionDays: number | null;
}

type Work = () => Promise<void>;

export class Upkeep {
  readonly #ports: UpkeepPorts;
  readonly #heldRuns: GaugePort;
  readonly #lag: GaugePort;
  /** The next of each work, and how it is called off. */
  readonly #next = new Map<Work, () => void>();
  #isStopped = false;

  constructor(ports: UpkeepPorts) {
    this.#ports = ports;
    const { meter } = ports;
    this.#heldRuns = meter.gauge(
      "sluice_retention_held_runs",
      "Open runs that keep periods from being dropped whose time has come.",
      [],
    );
    this.#lag = meter.gauge(
      "sluice_retention_lag_seconds",
      "For how long the oldest period could have been dropped that had to stay.",
      [],
    );
  }

  /** Resolves when everything is there that the first batch needs. */
  async start(): Promise<void> {
    const { store, retentionDays } = this.#ports;
    await store.maintain(retentionDays);
    this.#schedule(this.#maintain, INTERVAL_MS);
    // Nobody waits for what only makes room, or haste.
    void this.#drop();
    if (store.summarize !== undefined)
      void this.#summarize().finally(() => this.#schedule(this.#summarize, SUMMARY_INTERVAL_MS));
  }

  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#next.values()) cancel();
  }

  #schedule(work: Work, intervalMs: number): void {
    if (this.#isStopped) return;
    const cancel = this.#ports.clock.schedule(intervalMs, () => {
      void work().finally(() => this.#schedule(work, intervalMs));
    });
    this.#next.set(work, cancel);
  }

  readonly #maintain: Work = async () => {
    const { store, log, retentionDays } = this.#ports;
    try {
      await store.maintain(retentionDays);
    } catch (error) {
      log.warn({ err: error }, "upkeep failed and is tried again later");
    }
    await this.#drop();
  };

  readonly #summarize: Work = async () => {
    const { store, log } = this.#ports;
    try {
      await store.summarize?.();
    } catch (error) {
      // Its session ends with the store.
      if (!this.#isStopped)
        log.warn({ err: error }, "history could not be summarized, which is tried again later");
    }
  };

  async #drop(): Promise<void> {
    const { store, log, retentionDays } = this.#ports;
    if (retentionDays === null || this.#isStopped) return;
    try {
      const { sinceMs, dropped, held } = await store.dropPeriods(retentionDays);
      for (const period of dropped)
        log.info({ ...told(period), runs: period.runs }, "a period was dropped with all of its runs");
      for (const period of held.filter(({ openRuns }) => openRuns > 0))
        log.info(
          { ...told(period), openRuns: period.openRuns },
          "a period stays: not all of its runs have ended",
        );
      this.#heldRuns.set(
        {},
        held.reduce((sum, { openRuns }) => sum + openRuns, 0),
      );
      this.#lag.set({}, (sinceMs - (held[0]?.untilMs ?? sinceMs)) / 1_000);
    } catch (error) {
      if (!this.#isStopped)
        log.warn({ err: error }, "periods could not be dropped, which is tried again later");
    }
  }
}

function told({ fromMs, untilMs }: Period): { readonly from: string; readonly until: string } {
  return { from: new Date(fromMs).toISOString(), until: new Date(untilMs).toISOString() };
}
