/**
 * Makes node_modules match package-lock.json.
 * N1  The stamp is removed before the first change and written after the last check: whoever finds it may trust what it names,
 *     whenever an install was interrupted.
 * N2  Only the holder of the install lock changes node_modules.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binFolder, exitCodeOf, runChild } from "./child.mjs";
import { withInstallLock } from "./install-lock.mjs";
import { npmCommand } from "./npm.mjs";
import { provideBinaries } from "./binaries.mjs";
import { Refusal } from "./refusal.mjs";

/**
 * @param {string} root the repository
 * @param {NodeJS.ProcessEnv} env
 * @param {(line: string) => void} say
 * @returns {Promise<string>} the Node 24 to run everything with
 * @throws {Refusal} when npm fails, or a binary of the install does not run on this machine
 */
export async function ensureInstall(root, env, say) {
  const node = join(binFolder(root), "node");
  const wanted = stampOf(root);
  if (!isInstalled(root, wanted, node)) {
    await withInstallLock(
      root,
      async (holder) => {
        // Another bootstrap may have done it while this one waited.
        if (!isInstalled(root, wanted, node)) await install(root, env, wanted, holder, say);
      },
      say,
    );
  }
  return node;
}

async function install(root, env, stamp, holder, say) {
  const startMs = performance.now();
  say(
    "installing the exact versions of package-lock.json into node_modules (about 400 MB, usually under a minute) …",
  );
  rmSync(stampFile(root), { force: true });
  // `dev` and `optional` by name: NODE_ENV=production or a setting of the user would leave out Node 24 and Postgres.
  await runNpm(root, env, ["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund"], holder);
  await provideBinaries(root, (args) => runNpm(root, env, args, holder), say);
  mkdirSync(join(root, "node_modules"), { recursive: true });
  writeFileSync(stampFile(root), stamp);
  say(`installed in ${((performance.now() - startMs) / 1_000).toFixed(1)} s`);
}

/** npm's own lines go to standard error: standard output belongs to the command that is run afterwards. */
async function runNpm(root, env, args, holder) {
  const npm = npmCommand(root, env);
  const { exitCode, signal } = await runChild(npm.command, [...npm.args, ...args, "--loglevel=error"], {
    cwd: root,
    env: npm.env,
    stdio: ["ignore", 2, 2],
    onSpawn: holder.alsoWriting,
  });
  if (signal !== undefined) {
    throw new Refusal("the install was interrupted; the next start begins it anew.", exitCodeOf(signal));
  }
  if (exitCode !== 0) {
    throw new Refusal(
      `"npm ${args[0]}" ended with exit code ${exitCode}, for the reason above. Expected: a registry that answers, room on the disk and` +
        ` a folder that this user may write. Put that right and run the same command again; nothing needs to be cleaned up first.`,
    );
  }
}

function isInstalled(root, stamp, node) {
  return readOrNull(stampFile(root)) === stamp && existsSync(node);
}

/** What is installed belongs to one lock file and one kind of machine: a folder shared with another kind is installed anew. */
function stampOf(root) {
  const lock = readOrNull(join(root, "package-lock.json"));
  if (lock === null)
    throw new Refusal(
      `there is no readable package-lock.json in ${root}. It says what to install: restore it from git.`,
    );
  return `${createHash("sha256").update(lock).digest("hex")} ${process.platform}-${process.arch}\n`;
}

function stampFile(root) {
  return join(root, "node_modules", ".sluice-install");
}

function readOrNull(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
