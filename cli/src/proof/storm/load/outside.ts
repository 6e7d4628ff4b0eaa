/**
 * Somebody outside who wants something done and knows several engines: asks one of them, asks again, perhaps another, and takes every
 * answer at its word. Which of them is dead or frozen nobody outside knows.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "@sluice/engine/random-flows";
import { Agent, request } from "undici";

/** How somebody outside came to the end of something they wanted. */
export type Ending =
  | { readonly type: "done"; readonly status: number; readonly body: unknown }
  /** `isMaybe`: one of the former attempts may have taken effect. */
  | { readonly type: "refused"; readonly code: string; readonly isMaybe: boolean }
  /** Tried often enough, or told to stop. */
  | { readonly type: "gave-up"; readonly isMaybe: boolean };

export interface Wish {
  readonly path: string;
  /** Absent: it is read. */
  readonly body?: object;
  readonly idempotencyKey?: string;
}

export interface Patience {
  readonly attemptsMax: number;
  /** Nobody asks any more. */
  readonly signal: AbortSignal;
  /** Longest wait between two attempts. @default 1000 */
  readonly againMsMax?: number;
  /** Without a slash at the end. @default any of those that may be asked */
  readonly url?: string;
}

interface OutsidePorts {
  /** Addresses of engines that may be asked, without a slash at the end. */
  readonly urls: () => readonly string[];
  /** Told what no engine may ever answer. */
  readonly complain: (message: string) => void;
}

/** A caller hangs up before a frozen engine comes back, and asks another one. */
const REQUEST_MS_MAX = 5_000;
/** The wait doubles with each attempt: many callers who ask an engine that has no time leave it none. */
const AGAIN_MS_MIN = 25;
const AGAIN_MS_MAX = 1_000;
/** To each engine. */
const CONNECTIONS_MAX = 128;

export class Outside {
  readonly #ports: OutsidePorts;
  readonly #agent = new Agent({
    connections: CONNECTIONS_MAX,
    pipelining: 1,
    connect: { timeout: REQUEST_MS_MAX },
  });

  constructor(ports: OutsidePorts) {
    this.#ports = ports;
  }

  /** Asks until there is an answer that no repetition would change. `random` decides whom, and when again. */
  async persist(wish: Wish, random: Random, patience: Patience): Promise<Ending> {
    const { attemptsMax, signal, againMsMax = AGAIN_MS_MAX, url } = patience;
    let isMaybe = false;
    for (let attempt = 1; ; attempt++) {
      const heard = await this.#ask(url ?? random.pick(this.#ports.urls()), wish, signal);
      if (heard.type === "done") return heard;
      if (heard.type === "refused") return { ...heard, isMaybe };
      isMaybe ||= heard.type === "maybe";
      if (attempt >= attemptsMax || signal.aborted) return { type: "gave-up", isMaybe };
      const againMs = Math.min(againMsMax, AGAIN_MS_MIN * 2 ** attempt);
      await sleep(random.between(againMs / 2, againMs), undefined, { signal }).catch(() => {});
    }
  }

  /** Cuts what is under way. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #ask(url: string, { path, body, idempotencyKey }: Wish, signal: AbortSignal): Promise<Heard> {
    try {
      const answer = await request(url + path, {
        dispatcher: this.#agent,
        signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS_MAX)]),
        ...(body === undefined
          ? {}
          : { method: "POST", body: JSON.stringify(body), headers: headersOf(idempotencyKey) }),
      });
      const text = await answer.body.text();
      return this.#read(answer.statusCode, text, path);
    } catch (error) {
      return { type: codeOf(error) === "ECONNREFUSED" ? "nothing happened" : "maybe" };
    }
  }

  /** What an answer tells the one who asked. */
  #read(status: number, text: string, path: string): Heard {
    const body = parse(text);
    const code = codeOf(body);
    if (status < 300) return { type: "done", status, body };
    if (status === 503 || status === 429) return { type: "nothing happened" };
    if (status === 504) return { type: "maybe" };
    if (!REFUSALS.has(code)) this.#ports.complain(`${path} was answered ${status} ${text}`);
    return { type: "refused", code };
  }
}

/** Refusals that callers here can deserve. Others speak of what is not their business, such as who owns a lane, or of a mistake of ours. */
const REFUSALS: ReadonlySet<string> = new Set([
  "FLOW_RUN_EXISTS",
  "FLOW_IDEMPOTENCY_CONFLICT",
  "FLOW_BAD_DATA",
  "FLOW_UNKNOWN_RUN",
  "FLOW_UNKNOWN_EVENT",
  "FLOW_BAD_EVENT",
  "FLOW_UNEXPECTED_EVENT",
  "FLOW_RUN_FINAL",
]);

/** Refusals of an event that its run's history has recorded: the event is durable. */
export const RECORDED: ReadonlySet<string> = new Set(["FLOW_UNEXPECTED_EVENT", "FLOW_RUN_FINAL"]);

type Heard =
  | Extract<Ending, { readonly type: "done" }>
  | { readonly type: "refused"; readonly code: string }
  | { readonly type: "nothing happened" | "maybe" };

function headersOf(idempotencyKey: string | undefined): Record<string, string> {
  const key = idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey };
  return { "content-type": "application/json", ...key };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function codeOf(value: unknown): string {
  return typeof value === "object" && value !== null && "code" in value ? String(value.code) : "";
}
