/** CPU time of processes that are not ours to ask, from Linux' /proc. Elsewhere nobody knows: `null`. */
import { readFileSync, readdirSync } from "node:fs";

/** Ticks of a second in /proc/<pid>/stat: USER_HZ, 100 wherever Node runs. @see proc(5), time(7) */
const TICKS_PER_SECOND = 100;

export interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  /** Its own. */
  readonly cpuSeconds: number;
  /** Of children that have ended and were waited for. */
  readonly endedChildrenSeconds: number;
}

/** @see proc(5) */
export function parseStat(pid: number, line: string): ProcessStat {
  // The name stands in brackets and may hold anything, brackets and spaces included; numbers follow the last one.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const ticks = (at: number): number => Number(fields[at] ?? 0);
  return {
    pid,
    parentPid: ticks(1),
    cpuSeconds: (ticks(11) + ticks(12)) / TICKS_PER_SECOND,
    endedChildrenSeconds: (ticks(13) + ticks(14)) / TICKS_PER_SECOND,
  };
}

export function readStat(pid: number): ProcessStat | null {
  if (process.platform !== "linux") return null;
  try {
    return parseStat(pid, readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    // It has just ended.
    return null;
  }
}

/** A process and its children, those of a Postgres server say. */
export function readFamily(parentPid: number): readonly ProcessStat[] {
  const parent = readStat(parentPid);
  if (parent === null) return [];
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((stat) => stat !== null && stat.parentPid === parentPid);
  return [parent, ...(children as ProcessStat[])];
}

/** CPU seconds of a process and all its children so far, those that have ended included; `null` where nobody knows. */
export function familyCpuSeconds(parentPid: number | null): number | null {
  if (parentPid === null) return null;
  const family = readFamily(parentPid);
  if (family.length === 0) return null;
  const own = family.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  return own + (family[0]?.endedChildrenSeconds ?? 0);
}
