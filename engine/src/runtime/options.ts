import { engineError } from "../core/errors.ts";
import type { Limits } from "../core/decision.ts";
import { LANES_DEFAULT, LANES_MAX } from "../core/lane.ts";
import { INBOX_ROWS_MAX } from "../core/ports.ts";

/** What may be set on an engine. Everything has a default that suits one machine. */
export interface EngineOptions {
  /** Lanes of a new deployment; they are fixed when it is made. @default what the deployment has, 16 for a new one */
  readonly lanes?: number | null;
  /** Connections that commit batches, each serving a part of the lanes. While one waits for the database the other decides. @default 2 */
  readonly writers?: number;
  /** Most inputs in one batch. @default 500 */
  readonly batchInputsMax?: number;
  /** Largest batch, in bytes of the runs it touches, about; what does not fit waits for the next. @default 8388608 */
  readonly batchBytesMax?: number;
  /** Most rounds of calls to transactional participants within one batch. @default 16 */
  readonly roundsMax?: number;
  /** Most timers that fire in one batch, so that an outage's backlog does not stampede. @default 200 */
  readonly timersPerBatchMax?: number;
  /** Most timers that are read from the store at once; those of what is paused take no place among them. @default 10000 */
  readonly timersReadMax?: number;
  /** Most inputs that wait in one writer's queue; beyond it callers get FLOW_INBOX_FULL. @default 10000 */
  readonly queueMax?: number;
  /** Most bytes of inputs that wait in one writer's queue, about; beyond it callers get FLOW_INBOX_FULL. @default 67108864 */
  readonly queueBytesMax?: number;
  /** Most inputs kept in the durable inbox of one lane while it has no owner; beyond it callers get FLOW_NO_OWNER. @default 10000 */
  readonly inboxRowsMax?: number;
  /** Most jobs over many runs that are under way in the deployment; beyond it callers get FLOW_JOBS_FULL. @default 100 */
  readonly jobsOpenMax?: number;
  /** Most bytes of run data kept in memory, about, shared by the writers. @default 134217728 */
  readonly cachedBytesMax?: number;
  /** Most runs that one writer keeps in memory. @default 25000 */
  readonly cachedRunsMax?: number;
  /** Most callers that wait for a final run at once. @default 10000 */
  readonly waitersMax?: number;
  /** Most runs whose search projection may lag; beyond it batches wait. @default 20000 */
  readonly projectionPendingMax?: number;
  /** How often the search projection is brought up to date, in ms. @default 200 */
  readonly projectionMs?: number;
  /** How long a lane stays with an owner that is not heard of, in ms. @default 1500 */
  readonly leaseMs?: number;
  /** How long a caller waits for the commit of its input, in ms; after it the outcome is unknown. @default 10000 */
  readonly submitMs?: number;
  /** How long a graceful stop may take, in ms. @default 10000 */
  readonly stopMs?: number;
  /** Largest data of one run, in bytes of JSON. @default 1048576 */
  readonly dataBytesMax?: number;
  /** Most history entries of one run. @default 50000 */
  readonly entriesMax?: number;
  /**
   * How many days a run is kept after it has ended, at least; it goes with all runs that began in the same stretch of the calendar. Null: for
   * ever. The same for all engines of a deployment. @default null
   */
  readonly retentionDays?: number | null;
  /** Where other engines of the deployment reach this one; null: they leave inputs in the durable inbox. @default null */
  readonly address?: string | null;
}

/** Less, and a period might go while an input for one of its runs is still on its way. */
const RETENTION_DAYS_MIN = 1;

export interface ResolvedEngineOptions extends Limits {
  readonly lanes: number | null;
  readonly writers: number;
  readonly batchInputsMax: number;
  readonly batchBytesMax: number;
  readonly queueBytesMax: number;
  readonly cachedBytesMax: number;
  readonly roundsMax: number;
  readonly timersPerBatchMax: number;
  readonly timersReadMax: number;
  readonly queueMax: number;
  readonly inboxRowsMax: number;
  readonly jobsOpenMax: number;
  readonly cachedRunsMax: number;
  readonly waitersMax: number;
  readonly projectionPendingMax: number;
  readonly projectionMs: number;
  readonly leaseMs: number;
  readonly submitMs: number;
  readonly stopMs: number;
  readonly retentionDays: number | null;
  readonly address: string | null;
}

/**
 * Options made complete and checked.
 * @throws FLOW_BAD_OPTION (invalid) naming the option, what was found and what was expected
 */
export function resolveEngineOptions(options: EngineOptions): ResolvedEngineOptions {
  const whole = (name: keyof EngineOptions, fallback: number, min: number, max: number): number => {
    const value = options[name] ?? fallback;
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      throw engineError(
        "FLOW_BAD_OPTION",
        `engine: ${name} is ${String(value)}, expected a whole number from ${min} to ${max}`,
      );
    }
    return value;
  };
  return Object.freeze({
    lanes: options.lanes == null ? null : whole("lanes", LANES_DEFAULT, 1, LANES_MAX),
    writers: whole("writers", 2, 1, 16),
    batchInputsMax: whole("batchInputsMax", 500, 1, 5_000),
    batchBytesMax: whole("batchBytesMax", 8_388_608, 65_536, 134_217_728),
    queueBytesMax: whole("queueBytesMax", 67_108_864, 1_048_576, 4_294_967_296),
    cachedBytesMax: whole("cachedBytesMax", 134_217_728, 0, 68_719_476_736),
    roundsMax: whole("roundsMax", 16, 1, 100),
    timersPerBatchMax: whole("timersPerBatchMax", 200, 1, 5_000),
    timersReadMax: whole("timersReadMax", 10_000, 1, 100_000),
    queueMax: whole("queueMax", 10_000, 1, 1_000_000),
    inboxRowsMax: whole("inboxRowsMax", INBOX_ROWS_MAX, 1, 1_000_000),
    jobsOpenMax: whole("jobsOpenMax", 100, 1, 1_000),
    cachedRunsMax: whole("cachedRunsMax", 25_000, 0, 10_000_000),
    waitersMax: whole("waitersMax", 10_000, 1, 1_000_000),
    projectionPendingMax: whole("projectionPendingMax", 20_000, 1, 1_000_000),
    projectionMs: whole("projectionMs", 200, 1, 60_000),
    leaseMs: whole("leaseMs", 1_500, 300, 600_000),
    submitMs: whole("submitMs", 10_000, 10, 600_000),
    stopMs: whole("stopMs", 10_000, 0, 600_000),
    dataBytesMax: whole("dataBytesMax", 1_048_576, 1_024, 67_108_864),
    entriesMax: whole("entriesMax", 50_000, 10, 1_000_000),
    retentionDays:
      options.retentionDays == null
        ? null
        : whole("retentionDays", RETENTION_DAYS_MIN, RETENTION_DAYS_MIN, 36_500),
    address: options.address ?? null,
  });
}
