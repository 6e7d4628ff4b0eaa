/**
 * The provider as a child process of the shop. Owns: that process, and its life.
 * C1  From the first start on the provider lives while the shop does: one that dies, or cannot be started, is started again and again, at
 *     the same port, so its URL never changes.
 * C2  It never outlives the shop, not even one that is killed: it watches a pipe that closes with the shop (main.ts).
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { LogPort } from "@sluice/engine";
import type { Env } from "@sluice/host/options";
import { shopError } from "../errors.ts";
import { resolveProviderOptions } from "./options.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

/** How long the process may take until it listens. Nobody waits for all of it, so this is for the slowest of machines. */
const START_MS = 60_000;
/** From a death to the next start; it doubles while starts fail. */
const RESTART_MS = 100;
const RESTART_MS_MAX = 5_000;
/** How long it may take to stop before it is killed. */
const STOP_MS = 3_000;

export interface ProviderChildOptions {
  /** The TCP port on 127.0.0.1. */
  readonly port: number;
  /** The file of the ledger. */
  readonly ledger: string;
  /** Signs callbacks. It travels in the environment, where other users do not see it as they see arguments. */
  readonly secret: string;
  /** Carries `SLUICE_PROVIDER_…`: how the provider behaves. */
  readonly env: Env;
  readonly log: LogPort;
}

export class ProviderChild {
  readonly url: string;
  readonly #options: ProviderChildOptions;
  readonly #abort = new AbortController();
  #supervising: Promise<void> | undefined;
  /** The latest start: under way, done or failed. */
  #attempt: Promise<ChildProcess> | undefined;
  #process: ChildProcess | undefined;
  /** Why it does not run. */
  #trouble = "the payment provider has not been started";

  /** @throws HOST_BAD_OPTION (invalid) when the environment holds a wrong `SLUICE_PROVIDER_…`: better now than in the child's last words */
  constructor(options: ProviderChildOptions) {
    const { port, ledger, secret, env } = options;
    resolveProviderOptions({ port, ledger, secret }, env);
    this.#options = options;
    this.url = `http://127.0.0.1:${options.port}`;
  }

  /** Its process id; undefined while it does not run. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** True while it listens; otherwise why not. */
  health(): true | string {
    return this.#process === undefined ? this.#trouble : true;
  }

  /**
   * Has it started, and resolves when it listens. Where that fails it is tried again without being asked.
   * @throws SHOP_PROVIDER_UNAVAILABLE (unavailable) when the attempt under way fails
   */
  async start(): Promise<void> {
    this.#supervising ??= this.#supervise();
    await this.#attempt;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    if (this.#process !== undefined) await end(this.#process);
    await this.#supervising;
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#abort;
    let waitMs = RESTART_MS;
    while (!signal.aborted) {
      const process = await this.#try();
      if (process !== undefined) await this.#waitForDeath(process);
      waitMs = process === undefined ? Math.min(waitMs * 2, RESTART_MS_MAX) : RESTART_MS;
      await sleep(waitMs, undefined, { signal }).catch(() => {});
    }
  }

  /** Undefined when it could not be started. */
  async #try(): Promise<ChildProcess | undefined> {
    const { signal } = this.#abort;
    this.#attempt = start(this.#options, signal);
    try {
      this.#trouble = "the payment provider is being started";
      this.#process = await this.#attempt;
    } catch (error) {
      this.#trouble = error instanceof Error ? error.message : String(error);
      if (!signal.aborted)
        this.#options.log.warn({ error }, "the payment provider could not be started; trying again");
    }
    return this.#process;
  }

  async #waitForDeath(process: ChildProcess): Promise<void> {
    // It may have begun to listen just when it was to be stopped.
    if (this.#abort.signal.aborted) await end(process);
    const code = await exited(process);
    this.#process = undefined;
    this.#trouble = `the payment provider ended with ${code}`;
    if (!this.#abort.signal.aborted)
      this.#options.log.warn({ code }, "the payment provider died; starting it again");
  }
}

/** Starts the process; resolves when it listens. */
async function start(
  { port, ledger, secret, env }: ProviderChildOptions,
  stop: AbortSignal,
): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN, "--attached", "--port", String(port), "--ledger", ledger], {
    env: { ...env, SLUICE_PROVIDER_SECRET: secret },
    stdio: ["pipe", "pipe", "inherit"],
    // Ctrl-C is meant for the shop, which still needs the provider while it drains.
    detached: true,
  });
  try {
    await waitForLine(child, stop);
    return child;
  } catch (cause) {
    await end(child);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw shopError("SHOP_PROVIDER_UNAVAILABLE", `the payment provider did not start: ${reason}`, { cause });
  }
}

/** The provider says by its first line that it listens. */
async function waitForLine(child: ChildProcess, stop: AbortSignal): Promise<void> {
  if (child.stdout === null) throw new Error("it has no stdout");
  const signal = AbortSignal.any([stop, AbortSignal.timeout(START_MS), signalOfExit(child)]);
  const line = once(createInterface(child.stdout), "line", { signal });
  await line.catch((error: unknown) => {
    throw signal.aborted ? signal.reason : error;
  });
}

function signalOfExit(child: ChildProcess): AbortSignal {
  const abort = new AbortController();
  child.once("exit", (code, signal) => abort.abort(new Error(`the provider ended with ${code ?? signal}`)));
  child.once("error", (error) => abort.abort(error));
  return abort.signal;
}

/** SIGTERM, and after STOP_MS SIGKILL. Resolves when the process is gone. */
async function end(child: ChildProcess): Promise<void> {
  const gone = exited(child);
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await gone;
  clearTimeout(timer);
}

async function exited(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  // A process that could not be started has no id and never exits.
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
    await once(child, "exit");
  return child.exitCode ?? child.signalCode;
}
