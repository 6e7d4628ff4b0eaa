import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** What a test needs, told by its suffix: `lane.chaos.test.ts`. Those that need more than Postgres are not for every minute. */
const MORE_THAN_POSTGRES = /\.(kafka|rabbit|redis|chaos)\.test\.ts$/;

/**
 * The test files of the repository, as paths from its root.
 * @param {string} root
 * @param {{ upToPostgres?: boolean, filters?: readonly string[] }} [options] `upToPostgres`: leave out what needs a broker or kills
 *   processes. `filters`: keep the files whose path contains one of these.
 * @returns {readonly string[]}
 */
export function listTestFiles(root, { upToPostgres = false, filters = [] } = {}) {
  return walk(root, root)
    .filter((file) => file.endsWith(".test.ts"))
    .filter((file) => !upToPostgres || !MORE_THAN_POSTGRES.test(file))
    .filter((file) => filters.length === 0 || filters.some((part) => file.includes(part)));
}

function walk(root, folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== "node_modules" && !name.startsWith("."))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? walk(root, path) : [relative(root, path).split(sep).join("/")];
    });
}
