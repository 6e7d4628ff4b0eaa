/**
 * Engines that follow one another: one serves, and another is loaded and waits for its end. Owns both processes.
 * Z1  One serves at a time, and each has an address of its own: nobody takes the word of a process that is gone for that of the next.
 * Z2  A process serves once. After its end it is loaded again, as the next to come.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { findFreePort } from "../../up/free-port.ts";
import { Child } from "../child.ts";
import type { ChildOptions } from "../child.ts";
import type { OnClose } from "../closable.ts";
import { HOST } from "../storm/start-processes.ts";
import type { FromPointEngine, PointEngineConfig, ToPointEngine } from "./process-messages.ts";
import { within } from "./within.ts";

const FILE = join(import.meta.dirname, "engine.process.ts");
/** On a machine that does other things as well. */
const SERVING_MS_MAX = 60_000;
const READY_EVERY_MS = 10;

interface Engine {
  readonly child: Child;
  /** Without a slash at the end. */
  readonly url: string;
}

export interface SuccessionOptions
  extends Pick<ChildOptions, "env" | "onEnd">, Omit<PointEngineConfig, "name" | "port" | "url"> {
  /** Of their logs. */
  readonly directory: string;
  readonly stop: AbortSignal;
}

export class Succession {
  readonly #stop: AbortSignal;
  #serving: Engine;
  #next: Engine;
  /** The next one is loaded while the other serves. */
  #loading: Promise<void>;

  private constructor(serving: Engine, next: Engine, stop: AbortSignal) {
    this.#stop = stop;
    this.#serving = serving;
    this.#next = next;
    this.#loading = this.#load();
    // Whoever waits for it hears of it.
    this.#loading.catch(() => {});
  }

  /** Resolves when the first one serves. */
  static async start(options: SuccessionOptions, onClose: OnClose): Promise<Succession> {
    const [last, first] = [await engineOf("engine-2", options), await engineOf("engine-1", options)];
    const succession = new Succession(last, first, options.stop);
    onClose(() => succession.#killAll());
    await succession.#serve();
    return succession;
  }

  /** Where the one is that serves. */
  get url(): string {
    return this.#serving.url;
  }

  /** Resolves when the engine that serves is ready for requests. */
  async ready(): Promise<void> {
    const isReady = async (): Promise<boolean> => {
      const { statusCode, body } = await request(`${this.url}/readyz`);
      await body.dump();
      return statusCode === 200;
    };
    const look = async (): Promise<void> => {
      while (!this.#stop.aborted && !(await isReady().catch(() => false))) await sleep(READY_EVERY_MS);
    };
    await within(SERVING_MS_MAX, `${this.#serving.child.name} to be ready`, look());
  }

  /** It counts its calls from zero, and dies at the n-th. Resolves when it has heard so, with what resolves when it is gone. */
  async armCall(nth: number | null): Promise<{ readonly gone: Promise<void> }> {
    const { child } = this.#serving;
    await this.#ask("armed", { type: "arm", nth });
    return { gone: nth === null ? Promise.resolve() : child.expectEnd() };
  }

  /** What it has called since it was armed. */
  async calls(): Promise<readonly string[]> {
    const { calls } = await this.#ask("calls", { type: "tell-calls" });
    return calls;
  }

  /** SIGKILL, now, for the one that serves. Resolves when it is gone. */
  kill(): Promise<void> {
    return this.#serving.child.kill();
  }

  /** The next one serves: the other is gone. */
  async succeed(): Promise<void> {
    await this.#serve();
  }

  /** In good order. @throws when it does not end so */
  async stop(): Promise<void> {
    await this.#loading;
    await this.#next.child.kill();
    await this.#serving.child.stop();
  }

  async #killAll(): Promise<void> {
    // One that is being started would be started again.
    await this.#loading.catch(() => {});
    await Promise.all([this.#next.child.kill(), this.#serving.child.kill()]);
  }

  async #serve(): Promise<void> {
    await this.#loading;
    [this.#serving, this.#next] = [this.#next, this.#serving];
    // Then there may be no process, and nobody needs one.
    if (this.#stop.aborted) return;
    await this.#ask("serving", { type: "serve" });
    this.#loading = this.#load();
    // Whoever waits for it hears of it.
    this.#loading.catch(() => {});
  }

  async #load(): Promise<void> {
    if (this.#next.child.ready === null) await this.#next.child.start(this.#stop);
  }

  async #ask<Type extends FromPointEngine["type"]>(
    type: Type,
    message: ToPointEngine,
  ): Promise<Extract<FromPointEngine, { readonly type: Type }>> {
    const { child } = this.#serving;
    this.#stop.throwIfAborted();
    const heard = child.hear(type);
    child.tell(message);
    return (await within(SERVING_MS_MAX, `${child.name} to answer ${message.type}`, heard)) as Extract<
      FromPointEngine,
      { readonly type: Type }
    >;
  }
}

async function engineOf(
  name: string,
  { directory, env, onEnd, stop: _stop, ...shared }: SuccessionOptions,
): Promise<Engine> {
  const port = await findFreePort(HOST);
  const config: PointEngineConfig = { ...shared, name, port, url: `http://${HOST}:${port}` };
  const logFile = join(directory, `${name}.log`);
  return {
    child: new Child({ name, file: FILE, config: () => config, env, logFile, onEnd }),
    url: config.url,
  };
}
