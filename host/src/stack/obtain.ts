/** A server's programs: those that are here, or, where that is allowed, those that an install brings. */
import { join } from "node:path";
import { hostError } from "../errors.ts";
import { ADAPTERS } from "./adapters.ts";
import { withInstallLock } from "./install/install-lock.ts";
import type {
  Finding,
  InstalledServer,
  Machine,
  Missing,
  Progress,
  ServerAdapter,
  ServerName,
} from "./server-adapter.ts";
import { serverUserOf } from "./server-user.ts";

export interface ObtainOptions {
  readonly machine: Machine;
  readonly mayInstall: boolean;
  readonly progress: Progress;
}

/**
 * Finds a server's programs, or installs them first.
 * @throws HOST_SERVER_MISSING (unavailable) when they cannot be had, HOST_SERVER_INSTALL_FAILED (unavailable) with the installer's last lines
 */
export async function obtainServer(
  adapter: ServerAdapter,
  { machine, mayInstall, progress }: ObtainOptions,
): Promise<InstalledServer> {
  const first = await findPrograms(adapter, machine);
  if ("installed" in first) return first.installed;
  if (!mayInstall) throw missingError(adapter, first.missing);
  return withInstallLock(machine, progress, async () => {
    // Whoever held the lock before us may have installed it.
    const second = await findPrograms(adapter, machine);
    if ("missing" in second) await adapter.install(machine, progress);
    const third = await findPrograms(adapter, machine);
    if ("installed" in third) return third.installed;
    throw missingError(adapter, third.missing);
  });
}

/**
 * Brings everything that a server needs or is faster with; quick where it is all here.
 * @throws HOST_SERVER_MISSING (unavailable) when it cannot be had, HOST_SERVER_INSTALL_FAILED (unavailable)
 */
export async function installServer(
  name: ServerName,
  { machine, progress }: Pick<ObtainOptions, "machine" | "progress">,
): Promise<void> {
  const adapter = ADAPTERS[name];
  await withInstallLock(machine, progress, () => adapter.install(machine, progress));
  const finding = await findPrograms(adapter, machine);
  if ("missing" in finding) throw missingError(adapter, finding.missing);
}

/** Looks for a server's programs, and changes nothing. */
export function findPrograms(adapter: ServerAdapter, machine: Machine): Promise<Finding> {
  // The user of a folder that does not exist yet.
  return adapter.find(machine, serverUserOf(adapter.users, join(machine.cacheDirectory, "no-folder")));
}

/** HOST_SERVER_MISSING (unavailable), with what to do. */
export function missingError({ name }: ServerAdapter, { found, remedy }: Missing): Error {
  return hostError("HOST_SERVER_MISSING", `${name}: ${found}; ${remedy}`, { fields: { server: name } });
}
