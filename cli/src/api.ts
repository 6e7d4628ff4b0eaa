/** The server's API as the commands use it: one request at a time, its problem bodies as errors. */
import type { IncomingMessage } from "node:http";
import { CodedError, isErrorKind } from "@sluice/contracts/problem";
import { messageOf } from "./arguments.ts";
import { interrupted } from "./cli.ts";
import { cliError } from "./errors.ts";
import { callHttp, readText, SilenceError } from "./http-call.ts";
import { parseEvents } from "./server-events.ts";
import type { ServerEvent } from "./server-events.ts";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ApiOptions {
  /** Without a slash at the end. */
  readonly url: string;
  /** Shows who asks, where the server wants to know. */
  readonly key?: string | undefined;
  /** Ends the request under way, as CLI_INTERRUPTED. */
  readonly signal?: AbortSignal | undefined;
}

export interface Posted<Body> {
  /** The HTTP status, which tells a repeat from a start and a final run from one under way. */
  readonly status: number;
  readonly body: Body;
}

/**
 * Every method throws what the server answered as an error of its code and kind; besides, CLI_NO_SERVER (unavailable) when
 * nobody answers, and CLI_BAD_ANSWER (bug) when what answers is not a Sluice.
 */
export interface Api {
  get<Body>(path: string, query?: Query): Promise<Body>;
  getText(path: string, query?: Query): Promise<string>;
  post<Body>(path: string, body: unknown, options?: PostOptions): Promise<Posted<Body>>;
  /** The events of a stream as they come, from behind the last one that is known; null when there is nothing more to come. */
  events(path: string, lastEventId: number): Promise<AsyncIterable<ServerEvent> | null>;
  /** The server's time, in whole seconds. */
  serverNowMs(): Promise<number>;
}

export interface PostOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Added to the bound of a request, for an answer that is waited for on purpose. */
  readonly waitMs?: number;
}

/** A server that takes a connection and then says nothing for so long counts as away. */
const REQUEST_MS = 30_000;
/** A stream that says nothing for so long, not even a beat, is broken. */
const SILENCE_MS = 60_000;

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

interface Call extends PostOptions {
  readonly method?: "GET" | "POST";
  readonly body?: string;
}

export function createApi(server: ApiOptions): Api {
  const { url } = server;
  const call = (path: string, options?: Call): Promise<Answer> => send(`${url}${path}`, server, options);
  return {
    get: async (path, query) => parseJson(await call(path + queryText(query)), url),
    getText: async (path, query) => (await call(path + queryText(query))).text,
    async post(path, body, { headers = {}, waitMs = 0 } = {}) {
      const answer = await call(path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
        waitMs,
      });
      return { status: answer.status, body: parseJson(answer, url) };
    },
    events: (path, lastEventId) => openEvents(`${url}${path}`, server, lastEventId),
    async serverNowMs() {
      const { headers } = await call("/livez");
      const ms = Date.parse(String(headers["date"]));
      return Number.isNaN(ms) ? Date.now() : ms;
    },
  };
}

async function send(address: string, server: ApiOptions, options: Call = {}): Promise<Answer> {
  const { url, signal } = server;
  const { method = "GET", headers = {}, body, waitMs = 0 } = options;
  const bound = AbortSignal.timeout(REQUEST_MS + waitMs);
  let answer: Answer;
  try {
    const response = await callHttp(address, {
      method,
      headers: { ...credentials(server), ...headers },
      body,
      signal: signal === undefined ? bound : AbortSignal.any([signal, bound]),
    });
    answer = { status: statusOf(response), headers: response.headers, text: await readText(response) };
  } catch (error) {
    throw toCallError(error, url, signal, bound.aborted);
  }
  if (answer.status < 200 || answer.status > 299) throw problemOf(answer, server);
  return answer;
}

function statusOf({ statusCode = 0 }: IncomingMessage): number {
  return statusCode;
}

function credentials({ key }: ApiOptions): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` };
}

async function openEvents(
  address: string,
  server: ApiOptions,
  lastEventId: number,
): Promise<AsyncIterable<ServerEvent> | null> {
  const { url, signal } = server;
  try {
    const response = await callHttp(address, {
      headers: {
        ...credentials(server),
        accept: "text/event-stream",
        ...(lastEventId === 0 ? {} : { "last-event-id": String(lastEventId) }),
      },
      silenceMs: SILENCE_MS,
      signal,
    });
    const status = statusOf(response);
    if (status === 200) return eventsOf(response, server);
    const text = await readText(response);
    if (status === 204) return null;
    throw problemOf({ status, headers: response.headers, text }, server);
  } catch (error) {
    throw error instanceof CodedError ? error : toCallError(error, url, signal);
  }
}

/** What a stream says at last when it may not go on, such as that the key has ended, is thrown as the problem that it is. */
async function* eventsOf(body: AsyncIterable<Buffer>, server: ApiOptions): AsyncGenerator<ServerEvent> {
  const { url, signal } = server;
  try {
    for await (const event of parseEvents(body)) {
      if (event.type === "refused") throw problemOf({ status: 200, headers: {}, text: event.data }, server);
      yield event;
    }
  } catch (error) {
    throw error instanceof CodedError ? error : toCallError(error, url, signal);
  }
}

function queryText(query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? "" : `?${search.toString()}`;
}

function parseJson<Body>({ status, text }: Answer, url: string): Body {
  try {
    return JSON.parse(text) as Body;
  } catch (error) {
    throw notSluice(url, `answered ${status} with something that is not JSON`, error);
  }
}

/** The problem body as the error it was. A body without code and kind is not of ours. */
function problemOf({ status, headers, text }: Answer, { url, key }: ApiOptions): Error {
  const problem = parseProblem(text);
  if (problem === undefined) return notSluice(url, `answered ${status} without a problem body`);
  const retryAfterMs = Number(headers["retry-after"] ?? "") * 1_000;
  const { code, kind, fields } = problem;
  const detail = code === "FLOW_UNAUTHENTICATED" ? keyText(url, key) : problem.detail;
  return new CodedError(code, kind, detail, {
    fields,
    ...(retryAfterMs > 0 ? { retryAfterMs } : {}),
  });
}

/** The server speaks of a header, which nobody types here. */
function keyText(url: string, key: string | undefined): string {
  const found =
    key === undefined
      ? "SLUICE_API_KEY is not set"
      : "the key of SLUICE_API_KEY is none that is valid, or is not any more";
  return `${url} asks for an API key and ${found}, expected one of \`sluice keys create\`, which works where the database is`;
}

function parseProblem(text: string) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { code, kind, detail, ...fields } = Object(value) as Readonly<Record<string, unknown>>;
  if (typeof code !== "string" || !isErrorKind(kind) || typeof detail !== "string") return undefined;
  return { code, kind, detail, fields };
}

function notSluice(url: string, found: string, cause?: unknown): Error {
  return cliError("CLI_BAD_ANSWER", `${url} ${found}, expected the API of a running sluice; check --url`, {
    ...(cause === undefined ? {} : { cause }),
  });
}

const REMEDY = "start one with `sluice up`, or name another with --url or SLUICE_URL";

function toCallError(error: unknown, url: string, signal: AbortSignal | undefined, isLate = false): Error {
  if (signal?.aborted === true) return interrupted();
  const reason = isLate || error instanceof SilenceError ? "no answer in time" : reasonOf(error);
  return cliError(
    "CLI_NO_SERVER",
    `nobody answers at ${url} (${reason}), expected a running server; ${REMEDY}`,
    { cause: error },
  );
}

function reasonOf(error: unknown): string {
  const isCoded = typeof error === "object" && error !== null && "code" in error;
  return isCoded ? String(error.code) : messageOf(error);
}
