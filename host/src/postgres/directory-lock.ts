/**
 * One Sluice per data directory. Owns: the file `sluice.lock`, which names its holder by process id and start time.
 * K1  The lock file always holds one whole claim: it is made by `link` and replaced by `rename`, never written in place.
 * K2  A dead holder's lock has one successor: the one who made `<lock>.after-<nonce of the dead one>`, which `link` gives once.
 * K3  A successor removes that file only after its own claim is the lock file, and one who made it late, because it had
 *     read the old lock, looks again and finds the new one.
 */
import { randomUUID } from "node:crypto";
import { link, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hostError } from "../errors.ts";
import { describeProcess, startTimeOf } from "../process-identity.ts";

export interface DirectoryLock {
  release(): Promise<void>;
}

/** What a refusal says beside the holder. */
interface Refusal {
  readonly directory: string;
  readonly remedy: string;
}

interface Claim {
  readonly pid: number;
  readonly startTime: string;
  readonly nonce: string;
}

/** Each round of a lost race finds another holder; more than a few means that something is broken. */
const ROUNDS_MAX = 100;

const REMEDY =
  "stop that process, name another one with the option dataDirectory (--data-dir), or share a server with SLUICE_DATABASE_URL";

/**
 * Takes the lock. `remedy` is what the message tells whoever finds it taken.
 * @throws HOST_DATA_DIRECTORY_IN_USE (conflict) that names the living holder
 */
export async function lockDirectory(
  directory: string,
  lockFile: string,
  remedy = REMEDY,
): Promise<DirectoryLock> {
  const nonce = randomUUID();
  const claim: Claim = { pid: process.pid, startTime: (await startTimeOf(process.pid)) ?? "", nonce };
  const claimFile = `${lockFile}.claim-${nonce}`;
  await writeFile(claimFile, JSON.stringify(claim), { flag: "wx" });
  try {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      if (!(await tryLock(lockFile, claimFile, { directory, remedy }))) continue;
      await sweep(lockFile);
      return { release: () => release(lockFile, claim) };
    }
    throw new Error(`${lockFile} changed its holder ${ROUNDS_MAX} times while it was taken`);
  } finally {
    await rm(claimFile, { force: true });
  }
}

/** `false`: somebody was faster; look again. */
async function tryLock(lockFile: string, claimFile: string, refusal: Refusal): Promise<boolean> {
  if (await tryLink(claimFile, lockFile)) return true;
  const first = await readClaim(lockFile);
  if (first === "absent") return false;
  const passed: string[] = [];
  let last = first;
  for (;;) {
    const after: string = `${lockFile}.after-${last.nonce}`;
    passed.push(after);
    const successor = await readClaim(after);
    if (successor === "absent") break;
    last = successor;
  }
  if (await isHolderAlive(last)) throw await inUse(refusal, last);
  const after = `${lockFile}.after-${last.nonce}`;
  if (!(await tryLink(claimFile, after))) return false;
  const now = await readClaim(lockFile);
  if (now === "absent" || now.nonce !== first.nonce) {
    await rm(after, { force: true });
    return false;
  }
  const copy = `${claimFile}.lock`;
  await link(claimFile, copy);
  await rename(copy, lockFile);
  for (const file of passed) await rm(file, { force: true });
  return true;
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (Object(error).code === "EEXIST") return false;
    throw error;
  }
}

/** What cannot be read as a claim (an empty file after a power cut) counts as one of a process that is gone. */
async function readClaim(path: string): Promise<Claim | "absent"> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    const { pid, startTime, nonce } = Object(value) as Readonly<Record<string, unknown>>;
    if (typeof pid === "number" && typeof startTime === "string" && typeof nonce === "string") {
      return { pid, startTime, nonce };
    }
  } catch (error) {
    if (Object(error).code === "ENOENT") return "absent";
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { pid: 0, startTime: "", nonce: "unreadable" };
}

/** Removes what killed processes left. While we hold the lock no successor's file means anything (K3). */
async function sweep(lockFile: string): Promise<void> {
  const folder = dirname(lockFile);
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (path.startsWith(`${lockFile}.after-`)) await rm(path, { force: true });
    if (!path.startsWith(`${lockFile}.claim-`)) continue;
    const claim = await readClaim(path);
    if (claim !== "absent" && !(await isHolderAlive(claim))) await rm(path, { force: true });
  }
}

async function isHolderAlive({ pid, startTime }: Claim): Promise<boolean> {
  return pid > 0 && (await startTimeOf(pid)) === startTime;
}

async function inUse({ directory, remedy }: Refusal, { pid }: Claim): Promise<Error> {
  return hostError(
    "HOST_DATA_DIRECTORY_IN_USE",
    `the data directory ${directory} is in use by ${await describeProcess(pid)}, expected it free; ${remedy}`,
    { fields: { directory, holderPid: pid } },
  );
}

async function release(lockFile: string, { nonce }: Claim): Promise<void> {
  const holder = await readClaim(lockFile);
  if (holder !== "absent" && holder.nonce === nonce) await rm(lockFile, { force: true });
}
