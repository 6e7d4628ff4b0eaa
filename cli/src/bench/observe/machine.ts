/** The machine: what it is, and how much of it others take while we measure. */
import { availableParallelism, cpus } from "node:os";

export interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly platform: string;
  readonly node: string;
}

export function describeMachine(): Machine {
  return {
    cores: availableParallelism(),
    model: cpus()[0]?.model.trim() ?? "unknown",
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
  };
}

/** Seconds in which some core worked, of all processes together, since the machine began. */
export function busySeconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1_000;
}
