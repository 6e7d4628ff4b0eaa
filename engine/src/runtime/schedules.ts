/**
 * Starts runs by the clock.
 * C1  A run of a schedule has the due time in its key, so that it is started once, whoever starts it and how often.
 * C2  The owner of a flow's schedule lane serves it. What is started is saved as served only afterwards: a crash between the two
 *     starts the same run again, which changes nothing.
 * C3  Time is the store's. A schedule that is seen for the first time begins then; it makes up for nothing before.
 */
import type { JsonObject } from "@sluice/contracts/envelope";
import type { CompiledFlow } from "../core/compile-flow.ts";
import { hasCode } from "../core/errors.ts";
import type { ListDueTimes } from "../core/flow.ts";
import { laneOf } from "../core/lane.ts";
import type { LogPort, Store } from "../core/ports.ts";

/** Times that passed while no engine ran, at most so many, are made up for by `catchUp: "all"`; the oldest are dropped. */
export const CATCH_UP_MAX = 100;
/** A time this long ago has not been missed, it is only served a little late. */
const ON_TIME_MS = 60_000;

interface SchedulePorts {
  readonly store: Pick<Store, "listSchedules" | "saveSchedule">;
  readonly log: LogPort;
  readonly lanes: number;
  readonly listDueTimes: ListDueTimes;
  flows(): Iterable<CompiledFlow>;
  isPaused(flow: string): boolean;
  nowMs(): number;
  start: StartRun;
}

/** Starts a run as a caller would. */
export type StartRun = (
  flow: string,
  run: { readonly key: string; readonly idempotencyKey: string; readonly data: JsonObject },
) => Promise<{ readonly runId: string; readonly isRepeat: boolean }>;

export class Schedules {
  readonly #ports: SchedulePorts;
  #serving: Promise<void> | null = null;
  #isStopping = false;

  constructor(ports: SchedulePorts) {
    this.#ports = ports;
  }

  /** Serves what is due on these lanes. One call at a time does something; the others find it busy and leave. */
  async serve(heldLanes: readonly number[]): Promise<void> {
    const flows = [...this.#ports.flows()].filter(
      ({ name, schedule }) => schedule !== null && heldLanes.includes(scheduleLane(name, this.#ports.lanes)),
    );
    if (flows.length === 0 || this.#serving !== null || this.#isStopping) return;
    this.#serving = this.#serveAll(flows).catch((error: unknown) =>
      this.#ports.log.warn({ err: error }, "schedules could not be served and are looked at again"),
    );
    await this.#serving;
    this.#serving = null;
  }

  /** Ends after the start that is under way; what is left is due for the next owner. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#serving;
  }

  async #serveAll(flows: readonly CompiledFlow[]): Promise<void> {
    const rows = await this.#ports.store.listSchedules();
    const served = new Map(rows.map((row) => [row.flow, row.lastDueAtMs]));
    for (const flow of flows) await this.#serveFlow(flow, served.get(flow.name) ?? null);
  }

  async #serveFlow(flow: CompiledFlow, lastDueAtMs: number | null): Promise<void> {
    const { store, nowMs, isPaused, listDueTimes } = this.#ports;
    if (flow.schedule === null || isPaused(flow.name) || this.#isStopping) return;
    if (lastDueAtMs === null) return store.saveSchedule({ flow: flow.name, lastDueAtMs: nowMs() });
    const untilMs = nowMs();
    const due = listDueTimes(flow.schedule, { afterMs: lastDueAtMs, untilMs, max: CATCH_UP_MAX });
    for (const dueAtMs of chooseDue(flow.schedule.catchUp, due, untilMs)) {
      if (this.#isStopping) return;
      await this.#startRun(flow, dueAtMs);
    }
    const newest = due.at(-1);
    if (newest !== undefined) await store.saveSchedule({ flow: flow.name, lastDueAtMs: newest });
  }

  async #startRun(flow: CompiledFlow, dueAtMs: number): Promise<void> {
    const dueAt = new Date(dueAtMs).toISOString();
    const { data = {}, dueField } = flow.schedule ?? {};
    try {
      const { runId, isRepeat } = await this.#ports.start(flow.name, {
        key: `schedule:${dueAt}`,
        idempotencyKey: `schedule:${dueAt}`,
        data: dueField === undefined ? data : { ...data, [dueField]: dueAt },
      });
      if (!isRepeat) this.#ports.log.info({ flow: flow.name, runId, dueAt }, "a scheduled run was started");
    } catch (error) {
      // Taken already by somebody's own start, or never possible: the next due time is not held up by it.
      if (!hasCode(error, "FLOW_RUN_EXISTS") && !hasCode(error, "FLOW_BAD_DATA")) throw error;
      this.#ports.log.error({ flow: flow.name, dueAt, err: error }, "a scheduled run could not be started");
    }
  }
}

/** The lane whose owner serves a flow's schedule. */
export function scheduleLane(flow: string, lanes: number): number {
  return laneOf(`schedule:${flow}`, lanes);
}

/** Which of the due times get a run. */
export function chooseDue(
  catchUp: "none" | "last" | "all",
  due: readonly number[],
  nowMs: number,
): readonly number[] {
  if (catchUp === "all") return due;
  const onTime = due.filter((at) => at > nowMs - ON_TIME_MS);
  return catchUp === "none" || onTime.length > 0 ? onTime : due.slice(-1);
}
