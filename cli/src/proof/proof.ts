/** What `sluice proof` does: plays its acts one after the other, and says whether every promise was kept. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { printJson, styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { formatDuration } from "../durations.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { Act, Budget, Stage, Verdict } from "./act.ts";
import { noJournal, openJournal } from "./journal.ts";
import { resolveProofOptions } from "./options.ts";
import type { ProofOptions, ResolvedProofOptions } from "./options.ts";
import { toProofResult, verdictText } from "./proof-result.ts";
import type { ProofResult } from "./proof-result.ts";
import { sourceId } from "./source-id.ts";

/** Others may enter it: the server of the database runs as another user where we are root. */
const DIRECTORY_MODE = 0o755;

export async function proof(cli: Cli, flags: ProofOptions): Promise<ExitCode> {
  const { journal, ...options } = await withJournal(resolveProofOptions(flags), flags);
  const directory = await mkdtemp(join(tmpdir(), `sluice-proof-${options.seed}-`));
  await chmod(directory, DIRECTORY_MODE);
  const stop = cli.interruption();
  const startedMs = performance.now();
  const progress = (what: string): void => {
    const passed = formatDuration(performance.now() - startedMs);
    cli.stderr.write(`${passed.padStart(7)}  ${what}\n`);
  };
  progress(`seed ${options.seed}, engines: ${options.engines}, files in ${directory}`);
  // A process that starts again and again need not compile the same again and again.
  const compiled = join(directory, "compiled");
  const env = { ...cli.env, NODE_COMPILE_CACHE: compiled };
  const verdicts = await playAll(options, { directory, env, stop, journal, progress });
  const result = toProofResult(verdicts, {
    seed: options.seed,
    engines: options.engines,
    tookMs: performance.now() - startedMs,
    isInterrupted: stop.aborted,
    evidence: directory,
  });
  await rm(compiled, { recursive: true, force: true });
  const isEvidence = result.breaches.length > 0 || options.isKept;
  if (isEvidence) await writeFile(join(directory, "verdict.json"), JSON.stringify(result, null, 2));
  else await rm(directory, { recursive: true, force: true });
  print(cli, flags, isEvidence ? result : { ...result, evidence: null });
  if (result.breaches.length > 0) return EXIT.failed;
  if (result.isInterrupted) return EXIT.interrupted;
  return result.isProved ? EXIT.ok : EXIT.unreachable;
}

/** A proof that goes on keeps its seed. */
async function withJournal(options: ResolvedProofOptions, { seed: given }: ProofOptions) {
  const { journal: file, seed, engines, callers, outageMs } = options;
  if (file === null) return { ...options, journal: noJournal(seed) };
  const kinds = options.kinds === null ? null : [...options.kinds];
  const setting = { source: await sourceId(), engines, callers, outageMs, kinds };
  const journal = await openJournal(file, setting, { seed, isSeedGiven: given !== undefined });
  return { ...options, seed: journal.seed, journal };
}

type Theatre = Pick<Stage, "directory" | "env" | "stop" | "journal" | "progress">;

type Settled = Omit<ResolvedProofOptions, "journal">;

async function playAll(options: Settled, theatre: Theatre): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  const untilMs = performance.now() + options.seconds * 1_000;
  for (const [nth, act] of options.acts.entries()) {
    if (theatre.stop.aborted) break;
    const budget = budgetOf(options, untilMs, options.acts.slice(nth));
    verdicts.push(await playAct(act, budget, { options, theatre }));
  }
  return verdicts;
}

/** The acts that are left share the time that is left; one that needs less leaves the rest to the others. */
function budgetOf(
  { faults, effects }: Pick<ResolvedProofOptions, "faults" | "effects">,
  untilMs: number,
  [next, ...others]: readonly Act[],
): Budget {
  const nowMs = performance.now();
  const weight = next?.weight ?? 1;
  const share = weight / others.reduce((sum, act) => sum + act.weight, weight);
  return { untilMs: nowMs + (untilMs - nowMs) * share, faults, effects };
}

async function playAct(
  act: Act,
  budget: Budget,
  { options, theatre }: { readonly options: Settled; readonly theatre: Theatre },
): Promise<Verdict> {
  const directory = join(theatre.directory, act.name);
  await mkdir(directory);
  return act.play({
    seed: options.seed,
    engines: options.engines,
    callers: options.callers,
    budget,
    atOnce: options.atOnce,
    journal: theatre.journal,
    kinds: options.kinds,
    outageMs: options.outageMs,
    directory,
    isKept: options.isKept,
    env: theatre.env,
    stop: theatre.stop,
    progress: (what) => theatre.progress(`${act.name}: ${what}`),
  });
}

function print(cli: Cli, flags: ProofOptions, result: ProofResult): void {
  if (flags.json === true) printJson(cli, result);
  else cli.stdout.write(verdictText(result, styleOf(cli)));
}
