/** Memory of processes that are not ours to ask, from Linux' /proc. Elsewhere nobody knows: `null`. */
import { readFileSync } from "node:fs";

/** What a process has in memory now, in bytes. @see proc_pid_status(5), VmRSS */
export function residentBytes(pid: number): number | null {
  if (process.platform !== "linux") return null;
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kibibytes === undefined ? null : Number(kibibytes) * 1_024;
  } catch {
    // It has just ended.
    return null;
  }
}
