/**
 * A process of the proof that is killed, frozen and started again. Owns: the process, from its start to its end.
 * C1  It ends by our hand only: one that ends by itself once it was ready is a breach.
 * C2  One that does not get ready, as when the database is away, is started again, for a bounded time.
 * C3  It gets its own process group, so that a Ctrl-C for us does not reach it before we are done with it, and it hears when we are gone.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Env } from "@sluice/host/options";
import { lastError } from "./last-error.ts";

export interface ChildOptions {
  readonly name: string;
  /** What Node runs. */
  readonly file: string;
  /** Its only argument, made anew for each start. */
  readonly config: () => object;
  readonly env: Env;
  /** What it says is added there. */
  readonly logFile: string;
  /** Told of a process that ended by itself. */
  readonly onEnd: (message: string) => void;
}

/** What every process of the proof says when it is ready, and perhaps more. */
interface Message {
  readonly type: string;
}

/** On a machine that does other things as well, with a database that recovers. */
const START_MS_MAX = 90_000;
const AGAIN_MS = 200;
const STOP_MS_MAX = 40_000;

export class Child<Ready extends Message = Message> {
  readonly #options: ChildOptions;
  #process: ChildProcess | null = null;
  #ready: Ready | null = null;
  #isEnding = false;

  constructor(options: ChildOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** What it said when it got ready; null while it is not. */
  get ready(): Ready | null {
    return this.#ready;
  }

  /** Resolves when it is ready, or not at all wanted any more. @throws when it does not get ready */
  async start(signal: AbortSignal): Promise<void> {
    const untilMs = performance.now() + START_MS_MAX;
    while (!signal.aborted) {
      if (await this.#startOnce()) return;
      if (performance.now() > untilMs)
        throw new Error(`${this.name} does not get ready: ${await this.#lastWords()}`);
      await sleep(AGAIN_MS);
    }
  }

  /** The last word of its log, too: the folder may be gone when somebody reads this. */
  async #lastWords(): Promise<string> {
    const { logFile } = this.#options;
    const log = await readFile(logFile, "utf8").catch(() => "");
    return `${lastError(log) ?? "its log is empty"}; see ${logFile}`;
  }

  async #startOnce(): Promise<boolean> {
    const { file, config, env, logFile } = this.#options;
    const log = await open(logFile, "a");
    const child = spawn(process.execPath, [file, JSON.stringify(config())], {
      detached: true,
      env,
      stdio: ["ignore", log.fd, log.fd, "ipc"],
    });
    await log.close();
    this.#process = child;
    this.#isEnding = false;
    const ended = endOf(child);
    void ended.then((how) => this.#ended(child, how));
    const ready = this.hear("ready");
    const isReady = await Promise.race([ready, ended.then(() => null)]);
    this.#ready = isReady as Ready | null;
    return isReady !== null;
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#process !== child) return;
    const wasReady = this.#ready !== null;
    this.#ready = null;
    this.#process = null;
    if (wasReady && !this.#isEnding) void this.#complain(how);
  }

  async #complain(how: string): Promise<void> {
    this.#options.onEnd(`${this.name} ended by itself: ${how}: ${await this.#lastWords()}`);
  }

  /** The next message of this type. Never resolves when the process ends before. */
  hear(type: string): Promise<Message> {
    const child = this.#process;
    return new Promise((resolve) => {
      const onMessage = (message: unknown): void => {
        if ((message as Message).type !== type) return;
        child?.off("message", onMessage);
        resolve(message as Message);
      };
      child?.on("message", onMessage);
    });
  }

  tell(message: Message): void {
    // Who is gone hears nothing; its end is told elsewhere.
    this.#process?.send(message, () => {});
  }

  /** Something else will end it, and that is no breach; resolves when it is gone. */
  async expectEnd(): Promise<void> {
    await this.#end(null);
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  /** Ends it in good order. @throws when it does not end so, or not in time */
  async stop(): Promise<void> {
    const bound = new AbortController();
    const late = sleep(STOP_MS_MAX, "late", { signal: bound.signal }).catch(() => "late");
    const how = await Promise.race([this.#end("SIGTERM"), late]);
    bound.abort();
    if (how === "exit code 0" || how === null) return;
    await this.kill();
    throw new Error(
      how === "late"
        ? `${this.name} did not stop within ${STOP_MS_MAX} ms`
        : `${this.name} was to stop, and ended with ${how}`,
    );
  }

  async #end(signal: NodeJS.Signals | null): Promise<string | null> {
    const child = this.#process;
    if (child === null) return null;
    this.#isEnding = true;
    const ended = endOf(child);
    if (signal !== null) child.kill(signal);
    return ended;
  }
}

async function endOf(child: ChildProcess): Promise<string> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.signalCode === null ? `exit code ${child.exitCode}` : `signal ${child.signalCode}`;
}
