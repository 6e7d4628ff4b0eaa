/**
 * Commands and replies as messages of a broker: a key, headers that are text, and a body of JSON. Pure: a broker's client sends and
 * receives them.
 *
 * | header | of a command | of a reply |
 * | --- | --- | --- |
 * | `sluice-run-id` | the run, also the key | the same |
 * | `sluice-command-id` | the same for each attempt | the command that is answered; absent for an event told by itself |
 * | `sluice-type` | type of the command | type of the event, or `sluice.attempt-failed` |
 * | `sluice-attempt` | counted from 1 | the attempt that is answered |
 * | `sluice-event-id` | | makes a repeat harmless: `<commandId>:<type>` of an answer, `<commandId>:<attempt>:failed` of a failure |
 * | `content-type` | `application/json`, or `application/cloudevents+json` | the same |
 * | `traceparent`, `tracestate` | W3C Trace Context, when there is one | the same |
 *
 * The body of a command is its `CommandMessage`; of a reply `{ type, data }`, or `{ failed: { code, kind, message, retryAfterMs? } }`. As a
 * CloudEvent 1.0 in structured mode the body says everything, in attributes and in `data`.
 * @see docs/decisions/0021-brokers.md; CloudEvents 1.0.2; W3C Trace Context
 */
import {
  ATTEMPT_FAILED,
  BROKER_HEADERS,
  CLOUD_EVENTS_CONTENT_TYPE,
  PLAIN_CONTENT_TYPE,
} from "./broker-format.ts";
import type {
  BrokerMessage,
  EncodeOptions,
  Envelope,
  Fault,
  MessageFault,
  ReceivedMessage,
  ToldReply,
} from "./broker-format.ts";
import { readCloudCommand, readCloudReply, writeCloudCommand, writeCloudReply } from "./cloud-event.ts";
import { findCommandFault, isJsonObject } from "./envelope.ts";
import type { CommandMessage, FailureMessage, Json, JsonObject, ReplyMessage } from "./envelope.ts";
import { isErrorKind } from "./problem.ts";
import { readTraceContext } from "./trace-context.ts";
import type { TraceContext } from "./trace-context.ts";

export { ATTEMPT_FAILED, BROKER_HEADERS } from "./broker-format.ts";
export type {
  BrokerMessage,
  EncodeOptions,
  Envelope,
  Fault,
  MessageFault,
  ReceivedMessage,
} from "./broker-format.ts";
export { readTraceContext, traceIdOf } from "./trace-context.ts";
export type { TraceContext } from "./trace-context.ts";

export interface DecodedCommand {
  readonly command: CommandMessage;
  readonly trace: TraceContext | undefined;
  /** How it came, so that it can be answered alike. */
  readonly envelope: Envelope;
}

export interface DecodedReply {
  readonly reply: ReplyMessage;
  readonly trace: TraceContext | undefined;
}

export interface DecodeOptions {
  /** Largest body that is read, in bytes. @default BODY_BYTES_DEFAULT */
  readonly bodyBytesMax?: number;
}

/** An event may carry 1 MiB; the rest is for what is around it. */
export const BODY_BYTES_DEFAULT = 1_114_112;
/** A command as a message; the same command and options give the same message. */
export function encodeCommand(command: CommandMessage, options: EncodeOptions = {}): BrokerMessage {
  const { runId, commandId, type, attempt } = command;
  const body = isCloud(options) ? writeCloudCommand(command, options) : command;
  return {
    key: runId,
    headers: {
      [BROKER_HEADERS.runId]: runId,
      [BROKER_HEADERS.commandId]: commandId,
      [BROKER_HEADERS.type]: type,
      [BROKER_HEADERS.attempt]: String(attempt),
      ...commonHeaders(options),
    },
    body: JSON.stringify(body),
  };
}

/** A reply as a message; the same reply and options give the same message, so that a repeat is known as one. */
export function encodeReply(reply: ReplyMessage, options: EncodeOptions = {}): BrokerMessage {
  const { runId } = reply;
  const body = isCloud(options) ? writeCloudReply(reply, idOfReply(reply), options) : plainBody(reply);
  return {
    key: runId,
    headers: {
      [BROKER_HEADERS.runId]: runId,
      [BROKER_HEADERS.eventId]: idOfReply(reply),
      [BROKER_HEADERS.type]: reply.kind === "failure" ? ATTEMPT_FAILED : reply.event.type,
      ...(reply.kind === "event"
        ? {}
        : {
            [BROKER_HEADERS.commandId]: reply.commandId,
            [BROKER_HEADERS.attempt]: String(reply.attempt),
          }),
      ...commonHeaders(options),
    },
    body: JSON.stringify(body),
  };
}

/** Reads a command; never throws. */
export function decodeCommand(message: ReceivedMessage, options: DecodeOptions = {}): DecodedCommand | Fault {
  const read = readBody(message, options);
  if ("fault" in read) return read;
  const { body, envelope } = read;
  const found = envelope === "plain" ? body : readCloudCommand(body);
  if (typeof found === "string") return badShape(found);
  const fault = findCommandFault(found);
  if (fault !== null) return badShape(fault);
  const command = found as unknown as CommandMessage;
  const contradiction =
    contradicts("the key", message.key, "runId", command.runId) ??
    contradicts(BROKER_HEADERS.runId, message.headers[BROKER_HEADERS.runId], "runId", command.runId) ??
    contradicts(
      BROKER_HEADERS.commandId,
      message.headers[BROKER_HEADERS.commandId],
      "commandId",
      command.commandId,
    );
  return contradiction ?? { command, trace: traceOf(message, body), envelope };
}

/** Reads a reply; never throws. */
export function decodeReply(message: ReceivedMessage, options: DecodeOptions = {}): DecodedReply | Fault {
  const read = readBody(message, options);
  if ("fault" in read) return read;
  const { body, envelope } = read;
  const told = envelope === "plain" ? readPlainReply(message, body) : readCloudReply(body);
  if (typeof told === "string") return badShape(told);
  const reply = toReply(message, told);
  return "fault" in reply ? reply : { reply, trace: traceOf(message, body) };
}

// ---------------------------------------------------------------- writing

function isCloud({ envelope = "plain" }: EncodeOptions): boolean {
  return envelope === "cloudevents";
}

function commonHeaders(options: EncodeOptions): Record<string, string> {
  const { trace } = options;
  return {
    [BROKER_HEADERS.contentType]: isCloud(options) ? CLOUD_EVENTS_CONTENT_TYPE : PLAIN_CONTENT_TYPE,
    ...(trace === undefined ? {} : { [BROKER_HEADERS.traceparent]: trace.traceparent }),
    ...(trace?.tracestate === undefined ? {} : { [BROKER_HEADERS.tracestate]: trace.tracestate }),
  };
}

function plainBody(reply: ReplyMessage): JsonObject {
  if (reply.kind === "failure") return { failed: { ...reply.error } };
  return { type: reply.event.type, data: reply.event.data };
}

function idOfReply(reply: ReplyMessage): string {
  if (reply.kind === "event") return reply.event.id;
  return reply.kind === "answer"
    ? `${reply.commandId}:${reply.event.type}`
    : `${reply.commandId}:${reply.attempt}:failed`;
}

// ---------------------------------------------------------------- reading

const UTF_8 = new TextDecoder("utf-8", { fatal: true });

function readBody(
  { headers, body }: ReceivedMessage,
  { bodyBytesMax = BODY_BYTES_DEFAULT }: DecodeOptions,
): { readonly body: JsonObject; readonly envelope: Envelope } | Fault {
  const contentType = headers[BROKER_HEADERS.contentType] ?? PLAIN_CONTENT_TYPE;
  const envelope = ENVELOPES[contentType.split(";")[0]?.trim().toLowerCase() ?? ""];
  if (envelope === undefined) {
    const expected = `${PLAIN_CONTENT_TYPE} or ${CLOUD_EVENTS_CONTENT_TYPE}`;
    return fault("unknown-content-type", `the content type is ${shown(contentType)}, expected ${expected}`);
  }
  if (body.byteLength > bodyBytesMax)
    return fault("too-large", `the body has ${body.byteLength} bytes, expected at most ${bodyBytesMax}`);
  let json: unknown;
  try {
    json = JSON.parse(UTF_8.decode(body));
  } catch {
    return fault("not-json", "the body is no JSON text in UTF-8");
  }
  return isJsonObject(json) ? { body: json, envelope } : badShape("the body is no JSON object");
}

const ENVELOPES: Readonly<Record<string, Envelope | undefined>> = {
  [PLAIN_CONTENT_TYPE]: "plain",
  [CLOUD_EVENTS_CONTENT_TYPE]: "cloudevents",
};

function readPlainReply({ headers }: ReceivedMessage, body: JsonObject): ToldReply {
  return {
    runId: headers[BROKER_HEADERS.runId],
    eventId: headers[BROKER_HEADERS.eventId],
    commandId: headers[BROKER_HEADERS.commandId],
    attempt: numberOf(headers[BROKER_HEADERS.attempt]),
    type: body["type"],
    data: body["data"],
    failed: body["failed"],
  };
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : text.trim() === "" ? Number.NaN : Number(text);
}

/** Ids and names are short; a longer one is a mistake of its sender. */
const NAME_CHARS_MAX = 512;
const PLAIN_NAME = `at most ${NAME_CHARS_MAX} characters, no control characters and no halves of characters`;
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Names are stored, compared and shown: Postgres refuses NUL and would change half a character. */
function isPlainName(name: string): boolean {
  return name.length <= NAME_CHARS_MAX && !CONTROL.test(name) && name.isWellFormed();
}

function toReply({ key }: ReceivedMessage, told: ToldReply): ReplyMessage | Fault {
  const runId = key ?? told.runId;
  if (runId === undefined || runId === "")
    return fault("no-key", `neither the key nor ${BROKER_HEADERS.runId} names a run`);
  const contradiction = contradicts("the key", key, BROKER_HEADERS.runId, told.runId ?? runId);
  if (contradiction !== null) return contradiction;
  for (const name of [runId, told.eventId, told.commandId, told.type])
    if (typeof name === "string" && !isPlainName(name))
      return badShape(`an id or a type is ${shown(name)}, expected ${PLAIN_NAME}`);
  return told.commandId === undefined ? toEvent(runId, told) : toAnswer(runId, told.commandId, told);
}

function toEvent(runId: string, { eventId, type, data, failed }: ToldReply): ReplyMessage | Fault {
  if (failed !== undefined) return badShape(`it tells of a failure and names no command`);
  if (!isName(type) || data === undefined) return badShape(NO_EVENT);
  if (!isName(eventId))
    return fault("no-id", `an event needs an id (${BROKER_HEADERS.eventId}), so that a repeat is known`);
  return { kind: "event", runId, event: { id: eventId, type, data } };
}

const NO_EVENT = "the body is no event, expected { type, data }";

function toAnswer(
  runId: string,
  commandId: string,
  { type, data, failed, attempt = 1 }: ToldReply,
): ReplyMessage | Fault {
  if (!commandId.startsWith(`${runId}:`))
    return badShape(`it names command ${commandId}, expected one of run ${runId}`);
  if (!isAttempt(attempt)) return badShape("its attempt is no whole number of at least 1");
  if (failed !== undefined) {
    const error = toFailure(failed);
    return error === null ? badShape(NO_FAILURE) : { kind: "failure", runId, commandId, attempt, error };
  }
  if (!isName(type) || data === undefined) return badShape(NO_EVENT);
  return { kind: "answer", runId, commandId, attempt, event: { type, data } };
}

const NO_FAILURE = "the failure is none, expected { code, kind, message } with one of our kinds";

/** A failure stands in the history of its run: it is not to be a novel, nor to put off the next attempt for ever. */
const FAILURE_CHARS_MAX = 1_000;
const RETRY_AFTER_MS_MAX = 86_400_000;

function toFailure(failed: Json): FailureMessage | null {
  if (!isJsonObject(failed)) return null;
  const { code, kind, message, retryAfterMs } = failed;
  if (!isName(code) || !isErrorKind(kind) || typeof message !== "string") return null;
  const waitMs = typeof retryAfterMs === "number" && retryAfterMs > 0 ? Math.ceil(retryAfterMs) : null;
  return {
    code: code.slice(0, NAME_CHARS_MAX),
    kind,
    message: message.slice(0, FAILURE_CHARS_MAX),
    ...(waitMs === null ? {} : { retryAfterMs: Math.min(waitMs, RETRY_AFTER_MS_MAX) }),
  };
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isAttempt(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

/** The headers say it, or else the attributes of a CloudEvent's extension for distributed tracing. */
function traceOf({ headers }: ReceivedMessage, body: JsonObject): TraceContext | undefined {
  const attribute = (name: string): string | undefined =>
    headers[name] ?? (typeof body[name] === "string" ? body[name] : undefined);
  return readTraceContext(attribute(BROKER_HEADERS.traceparent), attribute(BROKER_HEADERS.tracestate));
}

function contradicts(
  outside: string,
  found: string | null | undefined,
  inside: string,
  expected: string,
): Fault | null {
  if (found === null || found === undefined || found === expected) return null;
  return badShape(`${outside} is ${shown(found)} and ${inside} ${shown(expected)}, expected the same`);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, NAME_CHARS_MAX));
}

function badShape(message: string): Fault {
  return fault("bad-shape", message);
}

function fault(code: MessageFault, message: string): Fault {
  return { fault: code, message };
}
