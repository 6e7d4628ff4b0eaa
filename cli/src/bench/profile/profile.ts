/** The profile of one case: where each microsecond of a transition goes, in the engine's process and in Postgres. */
import { NOTHING_FOUND, toRow } from "../bench-run.ts";
import type { BenchParts, Found } from "../bench-run.ts";
import { caseText } from "../case-text.ts";
import { renewSchemas } from "../database/bench-database.ts";
import { auditCase, measureCase } from "../measure-case.ts";
import type { Measured } from "../measure-case.ts";
import type { BenchCase } from "../plan.ts";
import { CPU_PARTS, cpuParts, heaviestFunctions } from "./cpu-parts.ts";
import type { CpuPart } from "./cpu-parts.ts";
import type { CpuProfile } from "./cpu-profile.ts";
import { openPostgresWindow } from "./postgres-window.ts";
import type { PostgresWindow } from "./postgres-window.ts";

/** The busiest case: what is profiled when nobody asked for another. */
export const PROFILED_CASE: BenchCase = {
  flow: "purchase",
  participants: "transactional",
  door: "library",
  inFlight: 1_000,
  arrivalsPerSecond: null,
};

/** Of one process. The profiler sees the main thread; "other threads" is what the process used beyond that. */
export interface ProcessProfile {
  readonly cpuUs: number;
  /** Share of the time in which the main thread had nothing to do. */
  readonly idleShare: number;
  readonly parts: readonly { readonly part: CpuPart | "other threads"; readonly us: number }[];
  readonly functions: readonly { readonly name: string; readonly part: CpuPart; readonly us: number }[];
}

/** Microseconds are for one transition. */
export interface Profile {
  readonly case: BenchCase;
  readonly transitionsPerSecond: number;
  readonly engine: ProcessProfile;
  /** `null` where they have no process of their own. */
  readonly participants: ProcessProfile | null;
  readonly postgres: {
    readonly cpuUs: number;
    readonly groups: readonly { readonly group: string; readonly us: number }[];
    readonly statements: readonly {
      readonly what: string;
      readonly calls: number;
      readonly planUs: number;
      readonly executeUs: number;
    }[];
    readonly wal: {
      readonly writeUs: number;
      readonly fsyncUs: number;
      readonly transitionsPerFsync: number;
    };
    /** What the writers' sessions are in, by share of the looks. */
    readonly waits: readonly { readonly what: string; readonly share: number }[];
  };
}

export async function measureProfile(parts: BenchParts, of: BenchCase): Promise<Found> {
  parts.progress(caseText(of));
  const { sql, postmasterPid } = parts.database;
  if (postmasterPid === null) throw new Error("a profile needs a Postgres whose processes can be seen");
  await renewSchemas(sql);
  await sql`create extension if not exists pg_stat_statements`;
  let opening: ReturnType<typeof openPostgresWindow> | null = null;
  let seen: PostgresWindow | null = null;
  const measured = await measureCase({
    ...parts,
    case: of,
    isProfiled: true,
    onWindow: async (window) => {
      if (window === "opened") await (opening = openPostgresWindow(sql, postmasterPid));
      else if (opening !== null) seen = await (await opening)();
    },
  });
  if (parts.signal.aborted) return NOTHING_FOUND;
  if (seen === null || measured.profile === null) throw new Error("the measurement gave no profile");
  const { faults, runs } = await auditCase({ ...parts, case: of });
  return {
    ...NOTHING_FOUND,
    rows: [toRow(of, measured, { subject: "sluice", storedRuns: 0 })],
    profile: toProfile(of, measured, measured.profile, seen),
    auditedRuns: runs,
    findings: faults,
  };
}

export function toProfile(
  of: BenchCase,
  {
    transitions,
    seconds,
    cost,
    participantsProfile,
  }: Pick<Measured, "transitions" | "seconds" | "cost" | "participantsProfile">,
  cpuProfile: CpuProfile,
  { cpuSeconds, statements, wal, waits }: PostgresWindow,
): Profile {
  const perTransition = (ms: number): number => (1_000 * ms) / transitions;
  const groups = Object.entries(cpuSeconds).map(([group, cpu]) => ({
    group,
    us: perTransition(1_000 * cpu),
  }));
  const looks = Object.values(waits).reduce((sum, count) => sum + count, 0);
  return {
    case: of,
    transitionsPerSecond: transitions / seconds,
    engine: processProfile(cpuProfile, cost.subjectCpuSeconds, perTransition),
    participants:
      participantsProfile === null
        ? null
        : processProfile(participantsProfile, cost.participantsCpuSeconds ?? 0, perTransition),
    postgres: {
      cpuUs: groups.reduce((sum, { us }) => sum + us, 0),
      groups,
      statements: statements
        .map(({ what, calls, planMs, executeMs }) => ({
          what,
          calls,
          planUs: perTransition(planMs),
          executeUs: perTransition(executeMs),
        }))
        .toSorted((a, b) => b.executeUs - a.executeUs),
      wal: {
        writeUs: perTransition(wal.writeMs),
        fsyncUs: perTransition(wal.fsyncMs),
        transitionsPerFsync: transitions / wal.fsyncs,
      },
      waits: Object.entries(waits)
        .map(([what, count]) => ({ what, share: count / looks }))
        .toSorted((a, b) => b.share - a.share),
    },
  };
}

/**
 * A profiled thread that has to wait for a core seems busy to its profiler. So the parts are shares, and the whole is the CPU time that the system
 * has counted: of what the process used beyond its busy main thread nobody can say more than that.
 */
function processProfile(
  cpuProfile: CpuProfile,
  cpuSeconds: number,
  perTransition: (ms: number) => number,
): ProcessProfile {
  const cpuMs = 1_000 * cpuSeconds;
  const seconds = cpuParts(cpuProfile);
  const parts = CPU_PARTS.filter((part) => part !== "idle").map((part) => ({ part, seconds: seconds[part] }));
  const busyMs = 1_000 * parts.reduce((sum, each) => sum + each.seconds, 0);
  const scale = Math.min(1, cpuMs / busyMs);
  const us = (each: { readonly seconds: number }): number => perTransition(1_000 * each.seconds * scale);
  return {
    cpuUs: perTransition(cpuMs),
    idleShare: seconds.idle / (seconds.idle + busyMs / 1_000),
    parts: [
      ...parts.map((each) => ({ part: each.part, us: us(each) })),
      { part: "other threads" as const, us: perTransition(Math.max(0, cpuMs - busyMs)) },
    ].toSorted((a, b) => b.us - a.us),
    functions: heaviestFunctions(cpuProfile, FUNCTIONS_MAX).map((each) => ({
      name: each.file === "" ? each.name : `${each.name} ${each.file}`,
      part: each.part,
      us: us(each),
    })),
  };
}

/** How many of the heaviest functions are named. */
const FUNCTIONS_MAX = 12;
