/** A process of its own that starts an embedded Postgres and keeps it until it is killed: what tests kill, or run as another user. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { TestContext } from "node:test";
import type { EmbeddedOptions } from "./embedded-options.ts";
import type { OsUser } from "./os-user.ts";

export interface Holder {
  readonly child: ChildProcess;
  /** What it said first: the server it started, or the error it got. */
  readonly said: Promise<HolderWord>;
}

export type HolderWord =
  { readonly pid: number; readonly isAdopted: boolean } | { readonly code: string; readonly message: string };

const SCRIPT = `
const { startEmbeddedPostgres } = await import(process.argv[1]);
const { SILENT_LOG } = await import(process.argv[2]);
const options = JSON.parse(process.argv[3]);
const say = (word) => process.stdout.write(JSON.stringify(word) + "\\n");
try {
  const server = await startEmbeddedPostgres({ ...options, log: SILENT_LOG });
  process.on("SIGTERM", () => void server.stop().then(() => process.exit(0)));
  say({ pid: server.pid(), isAdopted: server.isAdopted });
  setInterval(() => {}, 60_000);
} catch (error) {
  say({ code: error.code, message: error.message });
}
`;

/** Starts a holder; it is killed after the test. */
export function startHolder(t: TestContext, options: EmbeddedOptions, user?: OsUser): Holder {
  const modules = [import.meta.resolve("./embedded.ts"), import.meta.resolve("../log.ts")];
  const child = spawn(
    process.execPath,
    ["--input-type=module", "--eval", SCRIPT, ...modules, JSON.stringify(options)],
    {
      cwd: "/",
      env: { PATH: "/usr/bin:/bin" },
      stdio: ["ignore", "pipe", "inherit"],
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    },
  );
  t.after(() => child.kill("SIGKILL"));
  return { child, said: firstLine(child) };
}

async function firstLine(child: ChildProcess): Promise<HolderWord> {
  let text = "";
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes("\n")) break;
  }
  return JSON.parse(text) as HolderWord;
}
