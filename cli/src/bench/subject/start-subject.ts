/** The parent's side: the process of a subject, as an object. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { CpuProfile } from "../profile/cpu-profile.ts";
import type { LoadAnswer, LoadRequest, Message, Request, Usage } from "./subject.ts";

export interface SubjectProcess {
  readonly pid: number;
  readonly url: string | null;
  /** Puts a load on it from within its own process. */
  load(request: LoadRequest, watch: SubjectWatch): Promise<LoadAnswer>;
  usage(): Promise<Usage>;
  /** Profiles it, whoever asks it for work, until the profile is asked for. */
  startProfile(): Promise<void>;
  /** What was seen since; `null` when it was not started. */
  profile(): Promise<CpuProfile | null>;
  /** Ends it in good order; after that, or if that fails, the process is gone. */
  close(): Promise<void>;
}

/** What happens during a load, with what the process has used until then. */
export interface SubjectWatch {
  readonly signal: AbortSignal;
  opened(usage: Usage): void;
  closed(usage: Usage): void;
}

/** Starts a process from a `*.process.ts` and opens the subject in it. Rejects with what went wrong there. */
export async function startSubject(file: URL, config: unknown): Promise<SubjectProcess> {
  const channel = new Channel(
    fork(fileURLToPath(file), {
      serialization: "advanced",
      // Of packages that are not ours; their makers read them elsewhere.
      execArgv: ["--no-deprecation"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    }),
  );
  try {
    const { url } = await channel.ask<{ readonly url: string | null }>({ ask: "open", config });
    return {
      pid: channel.pid,
      url,
      load: (request, watch) => load(channel, request, watch),
      usage: () => channel.ask<Usage>({ ask: "usage" }),
      startProfile: async () => void (await channel.ask({ ask: "start-profile" })),
      profile: () => channel.ask<CpuProfile | null>({ ask: "profile" }),
      close: () => close(channel),
    };
  } catch (error) {
    await channel.end();
    throw error;
  }
}

async function load(channel: Channel, request: LoadRequest, watch: SubjectWatch): Promise<LoadAnswer> {
  const abort = (): void => void channel.ask({ ask: "abort" }).catch(() => {});
  watch.signal.addEventListener("abort", abort, { once: true });
  channel.watch = watch;
  try {
    return await channel.ask<LoadAnswer>({ ask: "load", ...request });
  } finally {
    channel.watch = null;
    watch.signal.removeEventListener("abort", abort);
  }
}

async function close(channel: Channel): Promise<void> {
  try {
    await channel.ask({ ask: "close" });
  } finally {
    await channel.end();
  }
}

/** Requests with their answers, over the channel to a child. */
class Channel {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #requests = 0;
  watch: SubjectWatch | null = null;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once("exit", () => resolve()));
    child.on("message", (message) => this.#receive(message as Message));
    child.once("exit", (code, signal) =>
      this.#failAll(new Error(`the measured process ended by itself (${signal ?? `exit code ${code}`})`)),
    );
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  ask<T>(request: Request): Promise<T> {
    const id = ++this.#requests;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#child.send({ id, request }, (error) => {
      if (error !== null) this.#settle(id, ({ reject }) => reject(error));
    });
    return waiting.promise as Promise<T>;
  }

  /** Lets go of the child, which ends then. */
  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#ended;
  }

  #receive(message: Message): void {
    if ("window" in message) this.watch?.[message.window](message.usage);
    else if ("error" in message) this.#settle(message.id, ({ reject }) => reject(revived(message.error)));
    else this.#settle(message.id, ({ resolve }) => resolve(message.value));
  }

  #settle(id: number, how: (waiting: PromiseWithResolvers<unknown>) => void): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (waiting !== undefined) how(waiting);
  }

  #failAll(error: Error): void {
    for (const id of [...this.#waiting.keys()]) this.#settle(id, ({ reject }) => reject(error));
  }
}

function revived({ message, code }: { readonly message: string; readonly code: string | null }): Error {
  return Object.assign(new Error(message), code === null ? {} : { code });
}
