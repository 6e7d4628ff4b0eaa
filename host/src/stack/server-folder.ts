/** The folder of a server before anything is started in it. */
import { chmod, chown, mkdir, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { exists, prepareFolder, toUnusable } from "../data-folder.ts";
import type { OsUser } from "../postgres/os-user.ts";
import type { Launch, ServerAdapter } from "./server-adapter.ts";
import type { ServerLayout } from "./server-layout.ts";

export const FOLDER_REMEDY = "name another one with --data-dir (SLUICE_STACK_DATA_DIRECTORY)";

/** What a first start that was killed may have left, and what a folder that nobody uses yet may hold. */
const BEFORE_US =
  /^(?:\.probe|log|run|secret.*|server\.(?:pid|json).*|sluice\.lock.*|lost\+found|\.gitkeep|\.gitignore)$/;

/** @throws HOST_DATA_DIRECTORY_UNUSABLE (invalid) with the folder, what was found and what to do */
export async function prepareServerFolder(
  { title }: ServerAdapter,
  { root, home, lockFile, logFile }: ServerLayout,
  { user, freeBytesMin }: { readonly user: OsUser | undefined; readonly freeBytesMin: number },
): Promise<void> {
  await prepareFolder(root, {
    user,
    server: title,
    freeBytesMin,
    isExpected: (name) => BEFORE_US.test(name) || name.startsWith(basename(home)),
    isMade: async () => (await exists(lockFile)) || (await exists(logFile)),
    remedy: FOLDER_REMEDY,
  });
  try {
    await mkdir(dirname(logFile), { recursive: true, mode: 0o755 });
  } catch (error) {
    throw toUnusable(root, error, FOLDER_REMEDY);
  }
}

/** Makes the part that belongs to the server's process, which nobody else may enter. */
export async function makeHome(home: string, user: OsUser | undefined): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  if (user !== undefined) await chown(home, user.uid, user.gid);
  await chmod(home, 0o700);
}

/** Writes the files that the server reads at its start; each is whole at any time. */
export async function writeFiles(
  home: string,
  files: Launch["files"],
  user: OsUser | undefined,
): Promise<void> {
  for (const { name, text } of files) {
    const path = join(home, name);
    if (dirname(path) !== home) await makeHome(dirname(path), user);
    const draft = `${path}.draft`;
    await writeFile(draft, text, { mode: 0o600 });
    if (user !== undefined) await chown(draft, user.uid, user.gid);
    await rename(draft, path);
  }
}
