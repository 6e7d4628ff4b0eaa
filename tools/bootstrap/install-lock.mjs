/**
 * The right to change node_modules, for one bootstrap at a time. Owns: `.sluice/install.lock`, outside of node_modules
 * because `npm ci` empties that; the folder goes again when nothing else is in it, so that an install by root does not
 * leave a data folder which an ordinary user cannot write.
 * K1  The lock file appears whole and to one taker only: it is written aside and then linked to its name.
 * K2  It names every process that may be writing: the bootstrap and its npm, which outlives a bootstrap killed with SIGKILL.
 *     It is stale when all of them are gone. A process is its id and its start time, so a reused id does not keep it.
 * K3  A stale lock is removed by one only: by who creates the claim named after its token, and only while it still is that lock.
 */
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Refusal } from "./refusal.mjs";

/** A slow registry and a slow disk may take minutes; past this somebody should look. */
const WAIT_MS_MAX = 10 * 60_000;
const LOOK_EVERY_MS = 200;

/**
 * Waits for the lock, does the work and gives the lock back, whatever comes of the work.
 * @template T
 * @param {string} root
 * @param {(holder: { alsoWriting: (pid: number) => void }) => Promise<T>} work `alsoWriting` adds a process to K2.
 * @param {(line: string) => void} say
 * @returns {Promise<T>}
 * @throws {Refusal} when another install does not end, or the folder cannot be written
 */
export async function withInstallLock(root, work, say) {
  const file = join(root, ".sluice", "install.lock");
  const token = randomUUID();
  const processes = [identify(process.pid)];
  await take(file, { token, processes }, say);
  try {
    return await work({
      alsoWriting(pid) {
        processes.push(identify(pid));
        const aside = `${file}.${token}`;
        writeFileSync(aside, JSON.stringify({ token, processes }));
        renameSync(aside, file);
      },
    });
  } finally {
    if (read(file)?.token === token) rmSync(file);
    removeIfEmpty(dirname(file));
  }
}

async function take(file, lock, say) {
  const waitUntilMs = performance.now() + WAIT_MS_MAX;
  let told = false;
  for (;;) {
    if (create(file, lock)) return;
    const holder = read(file);
    if (holder === undefined) continue;
    if (!holder.processes.some(isAlive)) {
      removeStale(file, holder);
      continue;
    }
    const pids = holder.processes.map(({ pid }) => pid).join(", ");
    if (performance.now() > waitUntilMs) {
      throw new Refusal(
        `another install (process ${pids}) still holds ${file} after ${WAIT_MS_MAX / 60_000} minutes. End it, or remove that file if it is no install, and run the same command again.`,
      );
    }
    if (!told) say(`another install is under way (process ${pids}); waiting for it …`);
    told = true;
    await delay(LOOK_EVERY_MS);
  }
}

function create(file, lock) {
  const aside = `${file}.${lock.token}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(aside, JSON.stringify(lock));
    linkSync(aside, file);
    return true;
  } catch (cause) {
    // ENOENT: a holder removed the folder in between.
    if (cause.code === "EEXIST" || cause.code === "ENOENT") return false;
    throw new Refusal(
      `the install needs to write in ${dirname(dirname(file))}, and ${file} cannot be written (${cause.code}).` +
        ` Run this as the owner of that folder, or give it room and write permission.`,
    );
  } finally {
    rmSync(aside, { force: true });
  }
}

function removeIfEmpty(folder) {
  try {
    rmdirSync(folder);
  } catch {
    // It holds data, or another bootstrap's lock.
  }
}

/** `undefined`: there is none any more, its holder gave it back. */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    if (cause.code === "ENOENT") return undefined;
    throw new Refusal(
      `the lock ${file} cannot be read (${cause.message}). Remove that file and run the same command again.`,
    );
  }
}

function removeStale(file, holder) {
  const claim = `${file}.stale.${holder.token}`;
  try {
    writeFileSync(claim, "", { flag: "wx" });
  } catch (cause) {
    if (cause.code === "EEXIST") return;
    throw cause;
  }
  try {
    if (read(file)?.token === holder.token) rmSync(file);
  } finally {
    rmSync(claim);
  }
}

function identify(pid) {
  return { pid, startedAt: startedAt(pid) };
}

function isAlive({ pid, startedAt: expected }) {
  try {
    process.kill(pid, 0);
  } catch (cause) {
    return cause.code === "EPERM";
  }
  return startedAt(pid) === expected;
}

/** In clock ticks since boot, from Linux; elsewhere `null`, and only the id tells. */
function startedAt(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}
