/** Programs of this machine. */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";

/** The first of the folders' programs of this name; `undefined`: there is none. */
export async function findProgram(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
