import type { BenchRow } from "../result.ts";

export const PROCESSES = ["engine", "Postgres", "broker", "participants"] as const;
export type BenchProcess = (typeof PROCESSES)[number];

export interface HeldCores {
  readonly process: BenchProcess;
  /** How many cores it kept busy on average; `null` where nobody knows. */
  readonly cores: number | null;
}

/** Who held the machine: CPU seconds for each second of the window. */
export function coresOf(row: BenchRow): readonly HeldCores[] {
  return PROCESSES.map((process) => {
    const per1000 = cpuPer1000(process, row);
    return { process, cores: per1000 === null ? null : (per1000 * row.transitionsPerSecond) / 1_000 };
  });
}

/** CPU seconds for 1,000 transitions. */
export function cpuPer1000(process: BenchProcess, row: BenchRow): number | null {
  switch (process) {
    case "engine":
      return row.subjectCpuPer1000;
    case "Postgres":
      return row.postgresCpuPer1000;
    case "broker":
      return row.brokerCpuPer1000;
    case "participants":
      return row.participantsCpuPer1000;
  }
}
