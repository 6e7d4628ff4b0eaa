import type { LogPort } from "@sluice/engine";
import { Agent } from "undici";
import { fractionOf } from "../chance.ts";
import type { Behavior } from "./behavior.ts";
import { SIGNATURE_HEADER, signCallback } from "./callback.ts";
import type { Callback } from "./callback.ts";

/** Callbacks on their way. One that finds no room is lost, as any may be. */
const CALLBACKS_MAX = 100_000;
const ATTEMPTS_MAX = 3;
/** From the first failed attempt to the second; it doubles. */
const RETRY_MS = 250;
const ANSWER_MS = 5_000;
/** A callback that is sent twice comes again after this long. */
const DUPLICATE_MS = 100;

interface CallbacksOptions {
  readonly secret: string;
  /** Decides whose callback is lost, late or sent twice. */
  readonly seed: number;
  readonly log: LogPort;
}

/** Tells the shop what became of its charges, as badly as the behavior wants it. Nothing of it survives the process. */
export class Callbacks {
  readonly #options: CallbacksOptions;
  readonly #agent = new Agent({ connections: 16, headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS });
  readonly #timers = new Set<NodeJS.Timeout>();
  #isStopped = false;

  constructor(options: CallbacksOptions) {
    this.#options = options;
  }

  send(url: string, callback: Callback, behavior: Behavior): void {
    const isHit = (rate: number, by: string) => fractionOf(this.#options.seed, by, callback.orderId) < rate;
    if (isHit(behavior.lostRate, "lost")) return;
    const delayMs = behavior.delayMs + (isHit(behavior.lateRate, "late") ? behavior.lateMs : 0);
    this.#later(delayMs, () => this.#attempt(url, callback, 1));
    if (isHit(behavior.duplicateRate, "duplicate"))
      this.#later(delayMs + DUPLICATE_MS, () => this.#attempt(url, callback, 1));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    await this.#agent.destroy();
  }

  #later(delayMs: number, work: () => Promise<void>): void {
    if (this.#isStopped || this.#timers.size >= CALLBACKS_MAX) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void work();
    }, delayMs);
    this.#timers.add(timer);
  }

  async #attempt(url: string, callback: Callback, attempt: number): Promise<void> {
    const found = await this.#post(url, callback);
    if (found === "taken" || this.#isStopped) return;
    const { orderId, chargeId } = callback;
    this.#options.log.debug({ orderId, chargeId, attempt, found }, "a callback was not taken");
    if (attempt < ATTEMPTS_MAX)
      this.#later(RETRY_MS * 2 ** (attempt - 1), () => this.#attempt(url, callback, attempt + 1));
  }

  /** `taken`, or why not. */
  async #post(url: string, callback: Callback): Promise<string> {
    const { origin, pathname, search } = new URL(url);
    try {
      const { statusCode, body } = await this.#agent.request({
        origin,
        path: pathname + search,
        method: "POST",
        headers: {
          "content-type": "application/json",
          [SIGNATURE_HEADER]: signCallback(callback, this.#options.secret),
        },
        body: JSON.stringify(callback),
      });
      await body.dump();
      // Whatever is wrong with the callback itself will be wrong again.
      return statusCode < 429 ? "taken" : `HTTP ${statusCode}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
