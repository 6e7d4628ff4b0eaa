import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Env } from "@sluice/host/options";
import { until } from "../until.ts";

/** Recovery after a crash included, on a machine that does other things as well. */
const READY_MS = 120_000;
/** What is kept of the process's own words, for the case that it fails. */
const OUTPUT_CHARS_MAX = 20_000;

export interface ServerProcessOptions {
  /** The module that Node runs, and its arguments; one of them says that it is to listen on `port`. */
  readonly args: readonly string[];
  readonly port: number;
  /** All of its environment. */
  readonly env: Env;
}

/** A server as a process that can be killed and started again, at the same port. */
export class ServerProcess {
  readonly #options: ServerProcessOptions;
  #child: ChildProcess | undefined;
  #output = "";

  constructor(options: ServerProcessOptions) {
    this.#options = options;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#options.port}`;
  }

  /** The last words of the process. */
  get output(): string {
    return this.#output;
  }

  /** Starts it where it does not run, and resolves when it is ready. */
  async start(): Promise<void> {
    if (!this.#isAlive()) this.#spawn();
    await until(`${this.url} is ready`, () => this.#isReady(), READY_MS).catch((cause: unknown) => {
      throw new Error(`the process of ${this.url} is not ready\n${this.#output}`, { cause });
    });
  }

  /** Resolves when it is dead. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Stops it in good order; resolves with its exit code. */
  async stop(): Promise<number | null> {
    await this.#end("SIGTERM");
    return this.#child?.exitCode ?? null;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.#isAlive()) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  #isAlive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  #spawn(): void {
    const { args, env } = this.#options;
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-OUTPUT_CHARS_MAX);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    this.#child = child;
  }

  async #isReady(): Promise<boolean> {
    if (!this.#isAlive())
      throw new Error(`it ended with ${this.#child?.exitCode ?? this.#child?.signalCode}`);
    return fetch(`${this.url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}
