/** What a message of a broker consists of: its parts, the names of its headers, and what can be wrong with one. */
import type { Json } from "./envelope.ts";
import type { TraceContext } from "./trace-context.ts";

/** A message to be sent. */
export interface BrokerMessage {
  /** The run: what keeps its messages in order. */
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

/** A message as it came; nothing in it is trusted. Header names are in lower case, values decoded from UTF-8. */
export interface ReceivedMessage {
  /** Null for one without a key; the header `sluice-run-id` stands in for it. */
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** `plain`: headers, and the message as JSON. `cloudevents`: a CloudEvent 1.0 in structured mode. */
export type Envelope = "plain" | "cloudevents";

export interface EncodeOptions {
  /** @default "plain" */
  readonly envelope?: Envelope;
  /** Of a CloudEvent: who sends it, as a URI reference. @default "/sluice" */
  readonly source?: string;
  /** Of a CloudEvent: its `time`, in ms since 1970. @default it has none */
  readonly nowMs?: number;
  readonly trace?: TraceContext | undefined;
}

/** Why a message cannot be read. Dead letters are counted and found by it. */
export type MessageFault =
  /** The body has more than `bodyBytesMax` bytes. */
  | "too-large"
  /** The body is no JSON text in UTF-8. */
  | "not-json"
  /** Neither key nor `sluice-run-id` nor `subject` names a run. */
  | "no-key"
  /** An event without an id: a repeat of it could not be known. */
  | "no-id"
  /** JSON, but no command, event or failure; or header and body contradict each other. */
  | "bad-shape"
  /** A content type that is neither JSON nor a structured CloudEvent. */
  | "unknown-content-type";

export interface Fault {
  readonly fault: MessageFault;
  /** What was found and what was expected. */
  readonly message: string;
}

export const PLAIN_CONTENT_TYPE = "application/json";
export const CLOUD_EVENTS_CONTENT_TYPE = "application/cloudevents+json";

/** What a reply about a failed attempt has as its type, beside the names of events. */
export const ATTEMPT_FAILED = "sluice.attempt-failed";

/** The names of our headers, for those who route or search by them. */
export const BROKER_HEADERS = {
  runId: "sluice-run-id",
  commandId: "sluice-command-id",
  type: "sluice-type",
  attempt: "sluice-attempt",
  eventId: "sluice-event-id",
  contentType: "content-type",
  traceparent: "traceparent",
  tracestate: "tracestate",
  /** Of a dead letter: its reason and the text beside it. */
  deadReason: "sluice-dead-reason",
  deadMessage: "sluice-dead-message",
} as const;

/** What a reply says, whatever its envelope; nothing of it is checked yet. */
export interface ToldReply {
  readonly runId: string | undefined;
  readonly eventId: string | undefined;
  readonly commandId: string | undefined;
  readonly attempt: unknown;
  /** Absent for an attempt that failed. */
  readonly type: unknown;
  readonly data: Json | undefined;
  /** What has failed; absent for an event. */
  readonly failed: Json | undefined;
}
