/** Looks for capacity, then offers more of it: the engine with the limits it ships with, behind its HTTP API. */
import type { BenchParts } from "../bench-run.ts";
import { renewSchemas } from "../database/bench-database.ts";
import { auditCase } from "../measure-case.ts";
import { whole } from "../numbers.ts";
import { openFilesMax } from "../observe/open-files.ts";
import { costBetween, takeSnapshot } from "../observe/snapshot.ts";
import type { Snapshot } from "../observe/snapshot.ts";
import type { BenchCase } from "../plan.ts";
import { startSubject } from "../subject/start-subject.ts";
import type { SubjectProcess } from "../subject/start-subject.ts";
import { USUAL_SEARCH, findCapacity } from "./find-capacity.ts";
import { trendOf, watchMemory } from "./memory-trend.ts";
import type { Offered, OfferedLoad } from "./offered.ts";
import type { OverloadResult, OverloadRow } from "./result.ts";
import { startCallers } from "./start-callers.ts";
import type { Callers } from "./start-callers.ts";

export const ENGINE_PROCESS = new URL("../subject/engine.process.ts", import.meta.url);

/** Three steps in the batch's transaction: what is left beside them is the engine and its door. */
export const OVERLOAD_CASE: BenchCase = {
  flow: 3,
  participants: "transactional",
  door: "http",
  inFlight: 1,
  arrivalsPerSecond: null,
};

/** Files that a process has open beside its connections. */
const FILES_BESIDE = 200;

/** How far capacity is exceeded. The first two may be long, to see memory; the last one shows what is got done. */
const TIMES_CAPACITY = [1, 2, 3];
const TIMES_LONG_MAX = 2;

const WARM_UP_PER_SECOND = 500;

export interface OverloadPlan {
  readonly connectionsMax: number;
  /** Before anything is looked at, so that code is compiled and statements are prepared. */
  readonly warmUpSeconds: number;
  /** A rate is on for so long before it is looked at, so that what waits has become what it will be. */
  readonly settleSeconds: number;
  /** How long each rate of the search is looked at. */
  readonly searchSeconds: number;
  /** How long capacity and more of it are looked at. */
  readonly seconds: number;
  /** The same for capacity and twice of it, where that is to be long. */
  readonly longSeconds: number | null;
}

export const USUAL_PLAN: OverloadPlan = {
  // More than the engine admits (4,096 requests), so that it is the engine that refuses, and not the callers that wait.
  connectionsMax: 8_000,
  warmUpSeconds: 5,
  settleSeconds: 3,
  searchSeconds: 3,
  seconds: 8,
  longSeconds: null,
};

export type OverloadFound = Pick<
  OverloadResult,
  "capacityPerSecond" | "steps" | "rows" | "skipped" | "auditedRuns" | "findings"
>;

export async function measureOverload(parts: BenchParts, plan: OverloadPlan): Promise<OverloadFound> {
  const nothing: OverloadFound = {
    capacityPerSecond: null,
    steps: [],
    rows: [],
    skipped: [],
    auditedRuns: 0,
    findings: [],
  };
  const reason = hindrance(plan);
  if (reason !== null) return { ...nothing, skipped: [{ case: "overload", reason }] };
  await renewSchemas(parts.database.sql);
  const { target } = parts.database;
  const engine = await startSubject(ENGINE_PROCESS, {
    ...OVERLOAD_CASE,
    target,
    reach: null,
    inFlight: null,
  });
  try {
    const { url } = engine;
    if (url === null) throw new Error("the engine has no door");
    const callers = startCallers(url, OVERLOAD_CASE.flow);
    try {
      const found = await offerAll({ ...parts, engine, callers }, plan);
      if (parts.signal.aborted) return { ...nothing, ...found };
      parts.progress("audit");
      const { faults, runs } = await auditCase({ ...parts, case: OVERLOAD_CASE });
      return { ...nothing, ...found, findings: faults, auditedRuns: runs };
    } finally {
      await callers.close();
    }
  } finally {
    await engine.close();
  }
}

function hindrance({ connectionsMax }: OverloadPlan): string | null {
  const filesMax = openFilesMax();
  return connectionsMax + FILES_BESIDE <= filesMax
    ? null
    : `${whole(connectionsMax)} connections are needed, and a process may open ${filesMax} files here; raise the limit (ulimit -n)`;
}

interface OfferParts extends BenchParts {
  readonly engine: SubjectProcess;
  readonly callers: Callers;
}

async function offerAll(
  parts: OfferParts,
  plan: OverloadPlan,
): Promise<Pick<OverloadFound, "capacityPerSecond" | "steps" | "rows">> {
  const { callers, signal } = parts;
  const unwatched = { signal, opened: () => {}, closed: () => {} };
  const { connectionsMax, settleSeconds } = plan;
  const load = (arrivalsPerSecond: number, seconds: number): OfferedLoad => ({
    arrivalsPerSecond,
    seconds,
    settleSeconds,
    connectionsMax,
  });
  parts.progress(`warm-up: ${whole(WARM_UP_PER_SECOND)} runs/s`);
  await callers.offer(load(WARM_UP_PER_SECOND, plan.warmUpSeconds), unwatched);
  const offer = (arrivalsPerSecond: number): Promise<Offered> => {
    parts.progress(`capacity: ${whole(arrivalsPerSecond)} runs/s asked for`);
    return callers.offer(load(arrivalsPerSecond, plan.searchSeconds), unwatched);
  };
  const { capacityPerSecond, steps } = await findCapacity(offer, USUAL_SEARCH, signal);
  const rows: OverloadRow[] = [];
  for (const timesCapacity of TIMES_CAPACITY) {
    if (signal.aborted) break;
    const seconds = timesCapacity <= TIMES_LONG_MAX ? (plan.longSeconds ?? plan.seconds) : plan.seconds;
    const rate = Math.round(timesCapacity * capacityPerSecond);
    parts.progress(`${timesCapacity}× capacity: ${whole(rate)} runs/s asked for, ${whole(seconds)} s`);
    const row = await measureLoad(parts, load(rate, seconds), timesCapacity);
    if (!signal.aborted) rows.push(row);
  }
  return { capacityPerSecond: steps.length === 0 ? null : capacityPerSecond, steps, rows };
}

/** One load, with what it costs whom and what it does to memory. */
async function measureLoad(
  { engine, callers, signal, database }: OfferParts,
  load: OfferedLoad,
  timesCapacity: number,
): Promise<OverloadRow> {
  const { sql, postmasterPid } = database;
  const look = (): Promise<Snapshot> =>
    takeSnapshot({ sql, postmasterPid, participantsPid: callers.pid, brokerPid: null }, engine.usage());
  const looks: Promise<Snapshot>[] = [];
  let memory = (): ReturnType<ReturnType<typeof watchMemory>> => [];
  let samples: ReturnType<typeof memory> = [];
  const watch = (): void => {
    const taken = look();
    // Whoever waits for the snapshots hears of a failure.
    taken.catch(() => {});
    looks.push(taken);
  };
  try {
    const offered = await callers.offer(load, {
      signal,
      opened: () => {
        watch();
        memory = watchMemory(engine.pid);
      },
      closed: () => {
        samples = memory();
        watch();
      },
    });
    const [before, after] = await Promise.all(looks);
    if (before === undefined || after === undefined) throw new Error("the window of the load never opened");
    const cost = costBetween(before, after);
    const cores = (cpuSeconds: number): number => cpuSeconds / load.seconds;
    return {
      timesCapacity,
      ...offered,
      engineCores: cores(cost.subjectCpuSeconds),
      postgresCores: cost.postgresCpuSeconds === null ? null : cores(cost.postgresCpuSeconds),
      othersCores: cost.othersCores,
      memory: trendOf(samples),
    };
  } finally {
    memory();
  }
}
