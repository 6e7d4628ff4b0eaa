/** A copy of this repository's source with something else in some places, that runs as the original does. */
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve, sep } from "node:path";
import type { Edit } from "./defect.ts";

const ROOT = resolve(import.meta.dirname, "../../../..");
/** The rooms that the command `sluice` is made of. */
const ROOMS = ["contracts", "engine", "host", "cli"];
const SCOPE = "@sluice";
/** Others may enter it: the server of a database runs as another user where we are root. */
const DIRECTORY_MODE = 0o755;

/** Answers its folder, which the caller removes. @throws when the source has moved on, and an edit finds its place no more */
export async function makePlantedCopy(edits: readonly Edit[]): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), "sluice-planted-"));
  try {
    await chmod(copy, DIRECTORY_MODE);
    for (const room of ROOMS)
      await cp(join(ROOT, room), join(copy, room), { recursive: true, filter: isSource });
    for (const file of ["package.json", "tsconfig.json"]) await cp(join(ROOT, file), join(copy, file));
    await linkPackages(copy);
    for (const edit of edits) await plant(copy, edit);
    return copy;
  } catch (error) {
    await rm(copy, { recursive: true, force: true });
    throw error;
  }
}

function isSource(path: string): boolean {
  return !path.endsWith(".test.ts") && !path.split(sep).includes("node_modules");
}

/** Everybody else's packages are those of the original; our own are those of the copy. */
async function linkPackages(copy: string): Promise<void> {
  const [from, to] = [join(ROOT, "node_modules"), join(copy, "node_modules")];
  await mkdir(join(to, SCOPE), { recursive: true });
  for (const name of await readdir(from))
    if (name !== SCOPE && !name.startsWith(".")) await symlink(join(from, name), join(to, name));
  for (const room of ROOMS) await symlink(join(copy, room), join(to, SCOPE, room));
}

async function plant(copy: string, { file, found, planted }: Edit): Promise<void> {
  const path = join(copy, file);
  const text = await readFile(path, "utf8");
  const times = text.split(found).length - 1;
  if (times !== 1)
    throw new Error(
      `${file} holds ${JSON.stringify(found)} ${times} times, expected once: the source has moved on, and the defect has to follow`,
    );
  await writeFile(
    path,
    text.replace(found, () => planted),
  );
}
