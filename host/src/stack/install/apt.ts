/**
 * Debian packages. Owns for the time of an install: the policy that keeps the packages' own services from starting.
 * We want the programs; a second Redis on its usual port, as root's service, nobody has asked for.
 */
import { chmod, rm, writeFile } from "node:fs/promises";
import { hostError } from "../../errors.ts";
import { findProgram } from "./programs.ts";
import type { Machine, Progress } from "../server-adapter.ts";
import { runProgram } from "./run-program.ts";
import type { Ran } from "./run-program.ts";

/** What a program comes in, by package manager. */
export interface SystemPackage {
  readonly debian: string;
  readonly homebrew: string;
}

/** How a user gets it without us. */
export function packageRemedy({ debian, homebrew }: SystemPackage): string {
  return `install it (Debian and Ubuntu: apt-get install ${debian}; macOS: brew install ${homebrew}), or, as root on Debian, let \`sluice stack install\` do it`;
}

/** A slow mirror and a slow disk together. */
const INSTALL_MS = 900_000;
/** Another apt-get of this machine, such as its nightly one, is waited for so long. */
const LOCK_SECONDS = 300;

/**
 * Installs packages with apt-get, as root. Their services are not started.
 * @throws HOST_SERVER_MISSING (unavailable) where that cannot be done, HOST_SERVER_INSTALL_FAILED (unavailable) with apt-get's last lines
 */
export async function aptInstall(
  packages: readonly SystemPackage[],
  { programFolders }: Machine,
  progress: Progress,
): Promise<void> {
  const aptGet = await findProgram("apt-get", programFolders);
  if (aptGet === undefined || process.getuid?.() !== 0) throw cannotInstall(packages, aptGet);
  const names = packages.map(({ debian }) => debian);
  progress.say(`installing ${names.join(" and ")} with apt-get`);
  const policy = await denyServices();
  try {
    await installPackages(aptGet, names, progress);
  } finally {
    await policy?.remove();
  }
}

/** The lists of packages may be old, or missing: then they are fetched, and the rest is tried once more. */
async function installPackages(aptGet: string, names: readonly string[], progress: Progress): Promise<void> {
  const install = ["install", "--yes", "--no-install-recommends", ...names];
  const first = await runApt(aptGet, install, progress);
  if (first.exitCode === 0) return;
  // A broken list of somebody else's packages makes this fail, and need not hinder ours.
  await runApt(aptGet, ["update"], progress);
  const { exitCode, lastLines } = await runApt(aptGet, install, progress);
  if (exitCode === 0) return;
  throw hostError(
    "HOST_SERVER_INSTALL_FAILED",
    `apt-get install ${names.join(" ")} ended with ${exitCode ?? "a signal"}, expected 0; its last lines:\n${lastLines.join("\n")}`,
  );
}

function cannotInstall(packages: readonly SystemPackage[], aptGet: string | undefined): Error {
  const why = aptGet === undefined ? "there is no apt-get" : "only root may install packages";
  const lines = packages.map((each) => `${each.debian} is missing and ${why}; ${packageRemedy(each)}`);
  return hostError("HOST_SERVER_MISSING", lines.join("\n"));
}

function runApt(aptGet: string, args: readonly string[], progress: Progress): Promise<Ran> {
  return runProgram({
    program: "/usr/bin/env",
    args: [
      "DEBIAN_FRONTEND=noninteractive",
      aptGet,
      "--quiet=1",
      `--option=DPkg::Lock::Timeout=${LOCK_SECONDS}`,
      "--option=Dpkg::Use-Pty=0",
      ...args,
    ],
    waitMs: INSTALL_MS,
    signal: progress.signal,
    onLine: (line) => progress.show(line),
  });
}

/** @see invoke-rc.d(8), README.policy-rc.d of Debian's init-system-helpers */
const POLICY_FILE = "/usr/sbin/policy-rc.d";
const NOT_ALLOWED = 101;

/** `undefined`: this machine has a policy of its own. One that a kill of ours leaves behind denies nothing once we are gone. */
async function denyServices(): Promise<{ remove(): Promise<void> } | undefined> {
  const text = `#!/bin/sh\n# Of sluice, for the time of an install.\nkill -0 ${process.pid} 2>/dev/null && exit ${NOT_ALLOWED}\nexit 0\n`;
  try {
    await writeFile(POLICY_FILE, text, { flag: "wx" });
  } catch (error) {
    if (Object(error).code === "EEXIST") return undefined;
    throw error;
  }
  await chmod(POLICY_FILE, 0o755);
  return { remove: () => rm(POLICY_FILE, { force: true }) };
}
