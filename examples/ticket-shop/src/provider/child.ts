/**
 * The provider as a child process of the shop. Owns: that process, and its life.
 * C1  While the shop lives the provider does: one that dies is started again, at the same port, so its URL never changes.
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

/** How long the process may take until it listens. */
const START_MS = 15_000;
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
  #starting: Promise<void> | undefined;
  #supervising: Promise<void> | undefined;
  #process: ChildProcess | undefined;

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

  /** Resolves when it listens. A second call waits for the first. @throws SHOP_PROVIDER_UNAVAILABLE (unavailable) */
  start(): Promise<void> {
    return (this.#starting ??= this.#startFirst());
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#starting?.catch(() => {});
    if (this.#process !== undefined) await end(this.#process);
    await this.#supervising;
    // One that was being started again meanwhile.
    if (this.#process !== undefined) await end(this.#process);
  }

  async #startFirst(): Promise<void> {
    this.#process = await start(this.#options);
    this.#supervising = this.#supervise();
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#abort;
    let waitMs = RESTART_MS;
    while (!signal.aborted) {
      if (this.#process !== undefined) {
        await this.#waitForDeath(this.#process);
      } else {
        await sleep(waitMs, undefined, { signal }).catch(() => {});
        if (!signal.aborted)
          this.#process = await start(this.#options).catch((error: unknown) => this.#warn(error));
        waitMs = this.#process === undefined ? Math.min(waitMs * 2, RESTART_MS_MAX) : RESTART_MS;
      }
    }
  }

  async #waitForDeath(process: ChildProcess): Promise<void> {
    const code = await exited(process);
    this.#process = undefined;
    if (!this.#abort.signal.aborted)
      this.#options.log.warn({ code }, "the payment provider died; starting it again");
  }

  #warn(error: unknown): undefined {
    this.#options.log.warn({ error }, "the payment provider could not be started; trying again");
  }
}

/** Starts the process; resolves when it listens. */
async function start({ port, ledger, secret, env }: ProviderChildOptions): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN, "--attached", "--port", String(port), "--ledger", ledger], {
    env: { ...env, SLUICE_PROVIDER_SECRET: secret },
    stdio: ["pipe", "pipe", "inherit"],
    // Ctrl-C is meant for the shop, which still needs the provider while it drains.
    detached: true,
  });
  try {
    await waitForLine(child);
    return child;
  } catch (cause) {
    await end(child);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw shopError("SHOP_PROVIDER_UNAVAILABLE", `the payment provider did not start: ${reason}`, { cause });
  }
}

/** The provider says by its first line that it listens. */
async function waitForLine(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error("it has no stdout");
  const signal = AbortSignal.any([AbortSignal.timeout(START_MS), signalOfExit(child)]);
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
