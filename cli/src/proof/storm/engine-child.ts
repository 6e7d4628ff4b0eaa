/** A process with an engine, as the proof holds it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Sql } from "@sluice/host/postgres";
import { Child } from "../child.ts";
import type { ChildOptions } from "../child.ts";
import { patiently } from "../patiently.ts";
import type { EngineConfig, FromEngine, ToEngine } from "./process-messages.ts";
import { holdEngine } from "./witness/store/hold-engine.ts";
import { listLanesOf } from "./witness/store/list-lanes-of.ts";

type Ready = Extract<FromEngine, { readonly type: "ready" }>;

export class EngineChild {
  readonly #child: Child<Ready>;
  readonly #sql: Sql;
  /** What its next start serves. */
  serves: EngineConfig["serves"] = "first";
  /** What its last start serves. */
  served: EngineConfig["serves"] = "first";
  /** Without a slash at the end. */
  readonly url: string;
  #isFrozen = false;

  constructor(
    config: Omit<EngineConfig, "serves">,
    { sql, ...options }: Pick<ChildOptions, "file" | "env" | "logFile" | "onEnd"> & { readonly sql: Sql },
  ) {
    this.#sql = sql;
    this.url = config.url;
    this.#child = new Child({
      name: config.name,
      ...options,
      config: (): EngineConfig => {
        this.served = this.serves;
        return { ...config, serves: this.serves };
      },
    });
  }

  get name(): string {
    return this.#child.name;
  }

  /** Ready, and not frozen: somebody who is asked will answer. */
  get isAwake(): boolean {
    return this.#child.ready !== null && !this.#isFrozen;
  }

  start(signal: AbortSignal): Promise<void> {
    this.#isFrozen = false;
    return this.#child.start(signal);
  }

  kill(): Promise<void> {
    return this.#child.kill();
  }

  /** @throws when it does not end well or in time */
  stop(): Promise<void> {
    return this.#child.stop();
  }

  freeze(): void {
    this.#isFrozen = true;
    this.#child.freeze();
  }

  /** Resolves when it has stopped itself in the middle of a batch's transaction. */
  async freezeInTransaction(): Promise<void> {
    const freezing = this.#child.hear("freezing");
    const message: ToEngine = { type: "freeze-in-transaction" };
    this.#child.tell(message);
    await freezing;
    this.#isFrozen = true;
  }

  /** Has it send commands of before once more, where they go over a broker; how many it did, within that time. */
  async repeatMessages(withinMs: number): Promise<number> {
    const repeated = this.#child.hear("repeated") as Promise<Extract<FromEngine, { type: "repeated" }>>;
    const message: ToEngine = { type: "repeat" };
    this.#child.tell(message);
    // One that dies meanwhile says nothing.
    const late = sleep(withinMs, { messages: 0 }, { ref: false });
    return (await Promise.race([repeated, late])).messages;
  }

  thaw(): void {
    this.#isFrozen = false;
    this.#child.thaw();
  }

  /** Its heartbeat comes nowhere until what is answered is called; nothing else of it is held up. */
  async holdHeartbeat(): Promise<() => Promise<void>> {
    const { ready } = this.#child;
    return ready === null ? async () => {} : patiently(() => holdEngine(this.#sql, ready.engineId));
  }

  /** The lanes it owns. */
  async lanes(): Promise<readonly number[]> {
    const { ready } = this.#child;
    return ready === null ? [] : patiently(() => listLanesOf(this.#sql, ready.engineId));
  }
}
