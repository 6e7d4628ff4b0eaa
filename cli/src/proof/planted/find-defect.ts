/** Whether the proof finds a defect: `sluice proof` as the source would be with it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Env } from "@sluice/host/options";
import { EXIT } from "../../exit-codes.ts";
import type { ProofResult } from "../proof-result.ts";
import type { Defect } from "./defect.ts";
import { makePlantedCopy } from "./planted-copy.ts";

interface Stage {
  readonly env: Env;
  /** Ctrl-C: the proof ends in order. */
  readonly signal: AbortSignal;
  /** Told what the proof is doing. */
  progress(what: string): void;
}

export interface Search {
  /** A promise was found broken, and it was the right one for the right reason. */
  readonly isFound: boolean;
  /** What was found, a line each. */
  readonly breaches: readonly string[];
  readonly tookMs: number;
}

/** Characters of what a proof without a result has said last. */
const SAID_MAX = 2_000;

/** @throws when the proof has no result to show */
export async function findDefect(defect: Defect, stage: Stage): Promise<Search> {
  const copy = await makePlantedCopy(defect.edits);
  try {
    const { exitCode, result } = await runProof(copy, defect.args, stage);
    const breaches = result.breaches.filter(
      ({ promise, message }) => promise === defect.promise && defect.words.test(message),
    );
    // It is of a source that nobody has.
    if (result.evidence !== null) await rm(result.evidence, { recursive: true, force: true });
    return {
      isFound: exitCode === EXIT.failed && breaches.length > 0,
      breaches: result.breaches.map(({ act, promise, message }) => `${promise} ${act}: ${message}`),
      tookMs: result.tookMs,
    };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function runProof(
  copy: string,
  args: readonly string[],
  { env, signal, progress }: Stage,
): Promise<{ readonly exitCode: number | null; readonly result: ProofResult }> {
  const main = join(copy, "cli/src/main.ts");
  const child = spawn(process.execPath, [main, "proof", ...args, "--json"], {
    cwd: copy,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const interrupt = (): void => void child.kill("SIGINT");
  signal.addEventListener("abort", interrupt);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (what: string) => {
    said = (said + what).slice(-SAID_MAX);
    progress(what);
  });
  const [stdout, [exitCode]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  signal.removeEventListener("abort", interrupt);
  if (stdout === "") throw new Error(`the proof ended with ${exitCode} and no result: ${said}`);
  return { exitCode: exitCode as number | null, result: JSON.parse(stdout) as ProofResult };
}
