/** Who a process id is: a number alone is reused, a number with its start time is one process for ever. */
import { execFile } from "node:child_process";
import { readFile, readlink } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const HAS_PROC = process.platform === "linux";

/** Whether a process of this id exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** When a process began, as a text that differs for every process that ever had this id; `undefined`: it is gone. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  if (!HAS_PROC) return ps(pid, "lstart=");
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return undefined;
  // The name of the program, in parentheses, may itself hold spaces and parentheses; field 3 follows the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const isZombie = fields[0] === "Z";
  return isZombie ? undefined : `${await bootId()}:${fields[19] ?? ""}`;
}

/** The command line of a process with spaces between its words; `undefined`: it is gone, or not ours to see. */
export async function commandOf(pid: number): Promise<string | undefined> {
  if (!HAS_PROC) return ps(pid, "command=");
  const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return line === "" ? undefined : line.replaceAll("\0", " ").trim();
}

const SHOWN_CHARACTERS_MAX = 100;

/** A process for a message: its id and the beginning of its command line. */
export async function describeProcess(pid: number): Promise<string> {
  const command = (await commandOf(pid))?.replace(/\s+/g, " ") ?? "unknown";
  const shown =
    command.length > SHOWN_CHARACTERS_MAX ? `${command.slice(0, SHOWN_CHARACTERS_MAX)}…` : command;
  return `process ${pid} (${shown})`;
}

/** The working directory of a process, where the system tells it. */
export async function workingDirectoryOf(pid: number): Promise<string | undefined> {
  return HAS_PROC ? readlink(`/proc/${pid}/cwd`).catch(() => undefined) : undefined;
}

async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "")).trim();
}

async function ps(pid: number, column: string): Promise<string | undefined> {
  const { stdout } = await run("ps", ["-o", column, "-p", String(pid)]).catch(() => ({ stdout: "" }));
  return stdout.trim() === "" ? undefined : stdout.trim();
}
