/**
 * What callers reach instead of a replica, as a load balancer in front of them would be.
 * B1  A request goes to the next replica of the list. Where that one refuses the connection, or answers 503 with Retry-After, it goes once to
 *     the one after it; both say that nothing was begun.
 * B2  It does so too where the connection breaks before the head of an answer has come, if saying it again changes nothing: a GET, a request
 *     with an Idempotency-Key, an event with an id. Others go over a connection of their own, which nobody closes for being idle.
 * B3  Everything else is passed on as it came: a connection that breaks as 502. A status of 500 and above, and 429, is an error that a caller
 *     has seen.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { Agent, request as ask } from "undici";
import { messageOf } from "../../arguments.ts";
import { HOST, urlOf } from "../storm/start-processes.ts";

export interface BalancerPorts {
  /** Addresses of the replicas, without a slash at the end. */
  readonly urls: readonly string[];
  /** Told of each error that a caller has seen. */
  readonly onError: (message: string) => void;
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
  /** Nothing was begun, and another replica may be asked. */
  readonly isAway: boolean;
  /** The connection broke before the head of an answer had come. */
  readonly isCut: boolean;
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
const EVENTS_PATH = /^\/v1\/runs\/[^/]+\/events$/;
const CUT_CODES: ReadonlySet<unknown> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

export class Balancer {
  readonly #ports: BalancerPorts;
  readonly #server: Server;
  readonly #kept = new Agent({ connections: CONNECTIONS_MAX, pipelining: 1 });
  /** Without keep-alive. */
  readonly #fresh = new Agent({ connections: CONNECTIONS_MAX, pipelining: 0 });
  #requests = 0;
  #retried = 0;

  private constructor(ports: BalancerPorts) {
    this.#ports = ports;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async open(ports: BalancerPorts): Promise<Balancer> {
    const balancer = new Balancer(ports);
    balancer.#server.listen(0, HOST);
    await once(balancer.#server, "listening");
    return balancer;
  }

  get url(): string {
    return urlOf((this.#server.address() as AddressInfo).port);
  }

  get requests(): number {
    return this.#requests;
  }

  /** Requests that a second replica was asked for. */
  get retried(): number {
    return this.#retried;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await Promise.all([this.#kept.destroy(), this.#fresh.destroy()]);
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { urls, onError } = this.#ports;
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
    if (answer.isAway || (answer.isCut && isRepeatable)) {
      this.#retried++;
      answer = await forward(agent, second, asked);
    }
    const { status } = answer;
    if ((status >= 500 || status === TOO_MANY) && !response.destroyed)
      onError(`${method} ${path} was answered ${status} ${answer.body.toString()}`);
    response.writeHead(status, { "content-type": "application/json" }).end(answer.body);
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
    return { status: answer.statusCode, body: Buffer.from(await answer.body.bytes()), isAway, isCut: false };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    return {
      status: BAD_GATEWAY,
      body: Buffer.from(messageOf(error)),
      isAway: code === "ECONNREFUSED",
      isCut: !hasHead && CUT_CODES.has(code),
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
