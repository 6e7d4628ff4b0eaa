/**
 * Commands over HTTP: one POST each, with the command's id as `Idempotency-Key`.
 * P1  Every attempt ends within `attemptMs`, and settles its command; none throws.
 * P2  "Nothing happened" is said only when it is certain. What may have been received is a timeout, and is asked again with the same id.
 * P3  Nothing secret goes into a message: neither headers nor the credentials or query of the address.
 */
import type { TraceContext } from "@sluice/contracts/broker-message";
import type { CommandMessage } from "@sluice/contracts/envelope";
import { Pool } from "undici";
import type { Settlement } from "../../core/inputs.ts";
import { engineError } from "../../core/errors.ts";
import type { Transport } from "../../core/ports.ts";
import { CONNECT_MS_MAX, codeOf, isNeverReached, startAttempt } from "./attempt.ts";
import type { Attempt } from "./attempt.ts";
import { settlementOf } from "./settlement.ts";
import type { Addressed, HttpAnswer } from "./settlement.ts";

export interface HttpTransportOptions {
  readonly channel: string;
  /** Where each command is posted to; `http` or `https`, without credentials. */
  readonly url: string;
  /** How long one attempt may take from its first byte to the last of the answer, in ms. @default 10000 */
  readonly attemptMs?: number;
  /** Most commands under way at once, each on a connection of its own: while one waits, others go out. @default 256 */
  readonly sendsMax?: number;
  /** Largest answer that is read, in bytes. @default 1114112 */
  readonly answerBytesMax?: number;
  /** Sent with each command: credentials, for instance. They are never logged. @default none */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ResolvedHttpTransportOptions {
  readonly channel: string;
  readonly url: URL;
  readonly attemptMs: number;
  readonly sendsMax: number;
  readonly answerBytesMax: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A transport to a participant that takes commands over HTTP; `receiveCommand` is the other side of it.
 * @throws FLOW_BAD_OPTION (invalid)
 * @see draft-ietf-httpapi-idempotency-key-header
 */
export function httpTransport(options: HttpTransportOptions): Transport {
  const resolved = resolveHttpTransportOptions(options);
  let pool: Pool | null = null;
  return {
    channel: resolved.channel,
    commandsPerSendMax: 1,
    sendsMax: resolved.sendsMax,
    span: postSpan(resolved.url),
    send(commands, signal, traces) {
      const open = (pool ??= openPool(resolved));
      return Promise.all(
        commands.map((command, at) => sendOne(open, resolved, command, signal, traces?.[at])),
      );
    },
    /** Waits for what is under way, which P1 bounds. */
    async stop() {
      const open = pool;
      pool = null;
      await open?.close();
    },
  };
}

/** OpenTelemetry's semantic conventions for HTTP clients. */
function postSpan({ protocol, hostname, port, origin, pathname }: URL): NonNullable<Transport["span"]> {
  return {
    name: "POST",
    kind: "client",
    attributes: {
      "http.request.method": "POST",
      // The query may hold what is secret.
      "url.full": `${origin}${pathname}`,
      "server.address": hostname,
      "server.port": Number(port || (protocol === "https:" ? 443 : 80)),
    },
  };
}

function openPool({ url, attemptMs, sendsMax, answerBytesMax }: ResolvedHttpTransportOptions): Pool {
  return new Pool(url.origin, {
    connections: sendsMax,
    pipelining: 1,
    connect: { timeout: Math.min(CONNECT_MS_MAX, attemptMs) },
    // One bound holds for the whole attempt; undici's own are coarse, and would be a second answer to the same question.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: answerBytesMax,
  });
}

async function sendOne(
  pool: Pool,
  options: ResolvedHttpTransportOptions,
  command: CommandMessage,
  signal: AbortSignal,
  trace: TraceContext | undefined,
): Promise<Settlement> {
  const to = { type: command.type, url: `${options.url.origin}${options.url.pathname}` };
  const attempt = startAttempt(options.attemptMs, signal);
  try {
    return settlementOf(await post(pool, options, command, attempt.signal, trace), to, Date.now());
  } catch (error) {
    return failedWithout(error, to, attempt, options.attemptMs);
  } finally {
    attempt.end();
  }
}

async function post(
  pool: Pool,
  { url, headers }: ResolvedHttpTransportOptions,
  command: CommandMessage,
  signal: AbortSignal,
  trace: TraceContext | undefined,
): Promise<HttpAnswer> {
  const {
    statusCode,
    headers: answered,
    body,
  } = await pool.request({
    method: "POST",
    path: `${url.pathname}${url.search}`,
    headers: {
      ...headers,
      "content-type": "application/json",
      accept: "application/json, application/problem+json",
      "idempotency-key": command.commandId,
      ...trace,
    },
    body: JSON.stringify(command),
    signal,
  });
  const retryAfter = answered["retry-after"];
  return {
    status: statusCode,
    text: await body.text().catch(nullWhenTooLarge),
    retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
  };
}

function nullWhenTooLarge(error: unknown): null {
  if (codeOf(error) === "UND_ERR_RES_EXCEEDED_MAX_SIZE") return null;
  throw error;
}

/** The attempt ended without an answer. */
function failedWithout(error: unknown, to: Addressed, attempt: Attempt, attemptMs: number): Settlement {
  const why = attempt.isExpired
    ? `did not answer ${to.type} within ${attemptMs} ms (attemptMs)`
    : attempt.signal.aborted
      ? `was not waited for any more while it answered ${to.type}`
      : null;
  if (why !== null) return failed("FLOW_COMMAND_TIMEOUT", "timeout", `${to.url} ${why}`);
  const code = codeOf(error);
  if (isNeverReached(error)) {
    return failed(
      "FLOW_COMMAND_UNREACHABLE",
      "unavailable",
      `${to.url} cannot be reached for ${to.type}: ${code}`,
    );
  }
  return failed(
    "FLOW_COMMAND_TIMEOUT",
    "timeout",
    `${to.url} broke off while it answered ${to.type}: ${code}`,
  );
}

function failed(
  code: "FLOW_COMMAND_TIMEOUT" | "FLOW_COMMAND_UNREACHABLE",
  kind: "timeout" | "unavailable",
  message: string,
): Settlement {
  return { type: "failed", error: { code, kind, message } };
}

const ATTEMPT_MS_MAX = 600_000;
const SENDS_MAX = 10_000;
/** An event may carry 1 MiB; the rest is for what is around it. */
const ANSWER_BYTES_DEFAULT = 1_114_112;
const ANSWER_BYTES_MAX = 67_108_864;
/** What the transport itself says of a command. */
const OWN_HEADERS = new Set([
  "content-type",
  "content-length",
  "accept",
  "idempotency-key",
  "host",
  "connection",
  "traceparent",
  "tracestate",
]);

/** @throws FLOW_BAD_OPTION (invalid) naming the option, what was found and what was expected */
export function resolveHttpTransportOptions(options: HttpTransportOptions): ResolvedHttpTransportOptions {
  const { channel } = options;
  const whole = (
    name: "attemptMs" | "sendsMax" | "answerBytesMax",
    fallback: number,
    max: number,
  ): number => {
    const value = options[name] ?? fallback;
    if (Number.isInteger(value) && value >= 1 && value <= max) return value;
    throw badOption(channel, `${name} is ${value}, expected a whole number from 1 to ${max}`);
  };
  return Object.freeze({
    channel,
    url: resolveUrl(channel, options.url),
    attemptMs: whole("attemptMs", 10_000, ATTEMPT_MS_MAX),
    sendsMax: whole("sendsMax", 256, SENDS_MAX),
    answerBytesMax: whole("answerBytesMax", ANSWER_BYTES_DEFAULT, ANSWER_BYTES_MAX),
    headers: resolveHeaders(channel, options.headers ?? {}),
  });
}

function resolveHeaders(
  channel: string,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers)) {
    if (OWN_HEADERS.has(name.toLowerCase()))
      throw badOption(channel, `headers sets ${name}, which the transport sets itself; leave it out`);
    // The value may be a secret, so the message names the header alone.
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value))
      throw badOption(channel, `header ${JSON.stringify(name)} has a name or value that HTTP cannot carry`);
  }
  return { ...headers };
}

/** RFC 9110 sections 5.1 and 5.5, without the obsolete bytes beyond ASCII. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

function resolveUrl(channel: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw badOption(
      channel,
      "url is no http or https address, expected one such as http://127.0.0.1:8080/commands",
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw badOption(channel, "url has credentials in it, expected none; put them into headers");
  }
  return url;
}

function badOption(channel: string, message: string): Error {
  return engineError("FLOW_BAD_OPTION", `http transport of channel ${channel}: ${message}`);
}
