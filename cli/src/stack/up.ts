/** `sluice stack up`: starts the servers, says where they are, and keeps them until a signal. */
import { keepRunning, startStack } from "@sluice/host/stack";
import type { Server, ServerName, Stack } from "@sluice/host/stack";
import { createStopper } from "@sluice/host/stop";
import type { Stopper } from "@sluice/host/stop";
import { printJson, styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { cliError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { renderPairs } from "../table.ts";
import { stackOptionsOf } from "./flags.ts";
import type { UpFlags } from "./flags.ts";
import { createVoice } from "./voice.ts";
import type { Voice } from "./voice.ts";

/** With `--detach` it returns; else only when something went wrong: after a signal the stopper ends the process. */
export async function stackUp(cli: Cli, names: readonly ServerName[], flags: UpFlags): Promise<ExitCode> {
  const startedAtMs = performance.now();
  const options = stackOptionsOf(flags, cli);
  const isJson = flags.json === true;
  const isDetached = flags.detach === true;
  const stopping = new AbortController();
  const voice = createVoice(cli, isJson, stopping.signal);
  const stopper = createStopper({ log: voice.log });
  stopper.attach();

  const starting = startStack({ ...options, ...voice, names, skipsMissing: flags.skipMissing === true });
  const stopMs = (options.stopMs + STOP_MARGIN_MS) * names.length;
  stopper.add("servers", () => stopServers(starting, stopping), { stopMs });
  try {
    const stack = await starting;
    sayWhatIsSkipped(stack, voice);
    if (stack.servers.length === 0) throw nothingStarted(stack);
    announce(cli, stack, { isJson, isDetached, tookMs: performance.now() - startedAtMs });
    if (!isDetached) return await keepAll(stack, voice, stopping.signal);
    await stack.leave();
    return EXIT.ok;
  } catch (error) {
    return endAfterFailure(stopper, error);
  }
}

/** Beyond what each server has to end well: for the harder signals, and what it left outside. */
const STOP_MARGIN_MS = 15_000;

async function stopServers(starting: Promise<Stack>, stopping: AbortController): Promise<void> {
  stopping.abort();
  // One that fails to start has told so, and leaves nothing running.
  const stack = await starting.catch(() => undefined);
  await stack?.stop();
}

/** A signal has begun to stop us: then its handler ends the process when everything has stopped. */
async function endAfterFailure(stopper: Stopper, error: unknown): Promise<ExitCode> {
  const isStopping = stopper.signal.aborted;
  const isClean = await stopper.stop("a failure");
  if (!isStopping) throw error;
  return isClean ? EXIT.ok : EXIT.failed;
}

/** Resolves only when one of them could not be started again. */
async function keepAll(stack: Stack, { log }: Voice, signal: AbortSignal): Promise<never> {
  const onRestart = (): Promise<void> => stack.record();
  await Promise.all(stack.servers.map((server) => keepRunning(server, { log, signal, onRestart })));
  // They end when we are stopping; then the stopper has the last word.
  return new Promise<never>(() => {});
}

function sayWhatIsSkipped({ skipped }: Stack, { progress }: Voice): void {
  for (const { name, reason } of skipped) progress.say(`skipped ${name}: ${reason.replaceAll("\n", "; ")}`);
}

function nothingStarted({ skipped }: Stack): Error {
  return cliError(
    "CLI_NO_SERVER",
    `none of ${skipped.map(({ name }) => name).join(", ")} can be had on this machine`,
  );
}

interface Announcement {
  readonly isJson: boolean;
  readonly isDetached: boolean;
  readonly tookMs: number;
}

function announce(cli: Cli, stack: Stack, { isJson, isDetached, tookMs }: Announcement): void {
  const { directory, stackFile, servers, skipped } = stack;
  const readyMs = Math.round(tookMs);
  if (isJson) {
    const entries = Object.fromEntries(servers.map((server) => [server.name, entryOf(server)]));
    printJson(cli, { directory, stackFile, readyMs, servers: entries, skipped });
    return;
  }
  const style = styleOf(cli);
  const pairs: (readonly [string, string])[] = servers.map(({ name, address, version }) => [
    `${name} ${version}`,
    address,
  ]);
  pairs.push(["addresses, for programs", stackFile]);
  const ready = style.good(style.bold(`ready in ${readyMs} ms`));
  const end = isDetached ? "`sluice stack down` stops" : "Ctrl-C stops";
  cli.stdout.write(`\n${renderPairs(pairs, style)}\n${ready}; ${end}\n\n`);
}

/** As stack.json has it. */
function entryOf({ address, port, pid, version, logFile }: Server) {
  return { address, port, pid: pid() ?? null, version, logFile };
}
