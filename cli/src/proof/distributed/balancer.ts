/**
 * What callers reach instead of a replica, as a load balancer in front of them would be.
 * B1  Each replica is asked again and again whether it is ready. A request goes to the next of those that said so last; while none does, to any.
 * B2  Where that one refuses the connection, or answers 503 with Retry-After, it goes once to the one after it; both say that nothing was begun.
 * B3  It does so too where the connection breaks before the head of an answer has come, if saying it again changes nothing: a GET, a request
 *     with an Idempotency-Key, an event with an id. Others go over a connection of their own, which nobody closes for being idle.
 * B4  Everything else is passed on as it came: a connection that breaks as 502. A status of 500 and above, and 429, is an error that a caller
 *     has seen.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request as ask } from "undici";
import { messageOf } from "../../arguments.ts";
import { HOST, urlOf } from "../storm/start-processes.ts";

export interface BalancerPorts {
  /** Addresses of the replicas, without a slash at the end. */
  readonly urls: readonly string[];
  /** How often each is asked whether it is ready. @default 250 */
  readonly checkMs?: number;
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
  /**
   * Why another replica could be asked. It refused the connection, or is away (503 with Retry-After), and nothing was begun; or the connection
   * broke before the head of an answer had come, and something may have been.
   */
  readonly why: "refused" | "away" | "broken" | null;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

const BAD_GATEWAY = 502;
const UNAVAILABLE = 503;
const TOO_MANY = 429;
const CONNECTIONS_MAX = 128;
const CHECK_MS = 250;
/** How long a replica has to say that it is ready. */
const CHECK_MS_MAX = 1_000;
/** Errors that are told one by one; there may be thousands of the same. */
const ERRORS_MAX = 25;
const EVENTS_PATH = /^\/v1\/runs\/[^/]+\/events$/;
const CUT_CODES: ReadonlySet<unknown> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

export class Balancer {
  readonly #ports: BalancerPorts;
  readonly #server: Server;
  readonly #kept = new Agent({ connections: CONNECTIONS_MAX, pipelining: 1 });
  /** Without keep-alive. */
  readonly #fresh = new Agent({ connections: CONNECTIONS_MAX, pipelining: 0 });
  readonly #unready = new Set<string>();
  readonly #closing = new AbortController();
  readonly #errors: string[] = [];
  #checking: Promise<unknown> = Promise.resolve();
  readonly #retried = { refused: 0, away: 0, broken: 0 };
  #requests = 0;
  #failed = 0;

  private constructor(ports: BalancerPorts) {
    this.#ports = ports;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async open(ports: BalancerPorts): Promise<Balancer> {
    const balancer = new Balancer(ports);
    balancer.#server.listen(0, HOST);
    await once(balancer.#server, "listening");
    balancer.#checking = Promise.all(ports.urls.map((url) => balancer.#check(url)));
    return balancer;
  }

  get url(): string {
    return urlOf((this.#server.address() as AddressInfo).port);
  }

  get requests(): number {
    return this.#requests;
  }

  /** Requests that a second replica was asked for, by what the first one did. */
  get retried(): Readonly<Record<"refused" | "away" | "broken", number>> {
    return this.#retried;
  }

  /** Requests that ended in an error. */
  get failed(): number {
    return this.#failed;
  }

  /** What callers have seen: the first errors, with the time of each. */
  get errors(): readonly string[] {
    return this.#errors;
  }

  /** Whether requests go there. */
  isReady(url: string): boolean {
    return !this.#unready.has(url);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#checking;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await Promise.all([this.#kept.destroy(), this.#fresh.destroy()]);
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const urls = this.#awake();
    const { method = "GET", url: path = "/", headers } = request;
    const body = await buffer(request).catch(() => null);
    // The caller has left.
    if (body === null) return;
    const at = this.#requests++;
    const [first, second] = [urls[at % urls.length] ?? "", urls[(at + 1) % urls.length] ?? ""];
    const asked: Asked = { method, path, headers, body };
    const isRepeatable = mayRepeat(asked);
    const agent = isRepeatable ? this.#kept : this.#fresh;
    let answer = await forward(agent, first, asked);
    const { why } = answer;
    if (why !== null && (why !== "broken" || isRepeatable)) {
      this.#retried[why]++;
      answer = await forward(agent, second, asked);
    }
    const { status } = answer;
    if ((status >= 500 || status === TOO_MANY) && !response.destroyed)
      this.#note(`${method} ${path} was answered ${status} ${answer.body.toString()}`);
    response.writeHead(status, { "content-type": "application/json" }).end(answer.body);
  }

  #awake(): readonly string[] {
    const ready = this.#ports.urls.filter((url) => this.isReady(url));
    return ready.length === 0 ? this.#ports.urls : ready;
  }

  #note(error: string): void {
    this.#failed++;
    if (this.#errors.length < ERRORS_MAX) this.#errors.push(`${new Date().toISOString()} ${error}`);
  }

  async #check(url: string): Promise<void> {
    const { checkMs = CHECK_MS } = this.#ports;
    const { signal } = this.#closing;
    for (;;) {
      await sleep(checkMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      if (await saysReady(url, signal)) this.#unready.delete(url);
      else this.#unready.add(url);
    }
  }
}

async function saysReady(url: string, closing: AbortSignal): Promise<boolean> {
  try {
    const signal = AbortSignal.any([closing, AbortSignal.timeout(CHECK_MS_MAX)]);
    const answer = await ask(`${url}/readyz`, { signal });
    await answer.body.dump();
    return answer.statusCode === 200;
  } catch {
    return false;
  }
}

async function forward(agent: Agent, url: string, { method, path, headers, body }: Asked): Promise<Answer> {
  let hasHead = false;
  try {
    const answer = await ask(url + path, {
      dispatcher: agent,
      method: method as "GET" | "POST",
      headers: kept(headers),
      ...(body.length === 0 ? {} : { body }),
    });
    hasHead = true;
    const isAway = answer.statusCode === UNAVAILABLE && answer.headers["retry-after"] !== undefined;
    const said = Buffer.from(await answer.body.bytes());
    return { status: answer.statusCode, body: said, why: isAway ? "away" : null };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    return {
      status: BAD_GATEWAY,
      body: Buffer.from(messageOf(error)),
      why: code === "ECONNREFUSED" ? "refused" : !hasHead && CUT_CODES.has(code) ? "broken" : null,
    };
  }
}

/** Whether an engine that hears it twice does no more than one that hears it once. */
function mayRepeat({ method, path, headers, body }: Asked): boolean {
  return method === "GET" || headers["idempotency-key"] !== undefined || isEventWithId(path, body);
}

function isEventWithId(path: string, body: Buffer): boolean {
  if (!EVENTS_PATH.test(path)) return false;
  try {
    const event: unknown = JSON.parse(body.toString());
    return typeof event === "object" && event !== null && "id" in event && typeof event.id === "string";
  } catch {
    return false;
  }
}

/** What an engine reads of a caller's words. */
function kept(headers: IncomingMessage["headers"]): Record<string, string> {
  const names = ["content-type", "idempotency-key"] as const;
  return Object.fromEntries(
    names.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
  );
}
