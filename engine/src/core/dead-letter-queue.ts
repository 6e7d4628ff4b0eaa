/**
 * Messages of a broker that could not be taken in, by a service or by the engine, behind one port: topics and queues alike.
 * Dead letters of runs are another thing: they stand in the store, and park their run.
 */

/** Why a message is a dead letter, in groups that call for the same. */
export const DEAD_MESSAGE_CATEGORIES = [
  /** No message of ours; a repeat is as bad. */
  "unreadable",
  /** The engine can never take it in, as things stand. */
  "refused",
  /** Carried out, and the queue for its answer is missing. */
  "unanswerable",
  /** Whoever read it died or let go of it, too often. */
  "exhausted",
  /** A service's own reason. */
  "other",
] as const;

export type DeadMessageCategory = (typeof DEAD_MESSAGE_CATEGORIES)[number];

export interface DeadMessage {
  /** Names it within its queue, as long as it is there. */
  readonly id: string;
  readonly category: DeadMessageCategory;
  /** Of a closed set: a fault of reading (`not-json`), a code of the engine, `no-reply-queue`, `deliveries-exhausted`; a service may have its own. */
  readonly reason: string;
  /** For people; null where nobody gave one. */
  readonly error: string | null;
  /** The queue or topic it was read from, and goes back to; null when that is not known, and it cannot go back. */
  readonly origin: string | null;
  /** ISO 8601, as whoever buried it wrote it; null where nobody did. */
  readonly diedAt: string | null;
  readonly runId: string | null;
  readonly commandId: string | null;
  /** Of the command, or of the event. */
  readonly type: string | null;
  /** As it came, without what was added when it died. */
  readonly headers: Readonly<Record<string, string>>;
  /** As UTF-8, the first DEAD_BODY_BYTES_SHOWN of it. */
  readonly body: string;
  readonly bodyBytes: number;
}

export const DEAD_BODY_BYTES_SHOWN = 16_384;

/** Which messages; those that fit all that is given. */
export interface DeadMessageFilter {
  readonly ids?: readonly string[];
  readonly category?: DeadMessageCategory;
  readonly reason?: string;
  readonly runId?: string;
  /** The most that are shown, redriven or discarded, the oldest first; at most DEAD_MESSAGES_MAX. @default 100 */
  readonly limit?: number;
}

export const DEAD_MESSAGES_DEFAULT = 100;
export const DEAD_MESSAGES_MAX = 1_000;

export interface DeadMessageList {
  readonly items: readonly DeadMessage[];
  /** Messages in the queue, that fit or not. */
  readonly total: number;
  /** Of those looked at and fitting, by category and reason. */
  readonly counts: readonly {
    readonly category: DeadMessageCategory;
    readonly reason: string;
    readonly count: number;
  }[];
  /** Whether all were looked at: a look is bounded, since a queue has no index. */
  readonly isWhole: boolean;
}

export interface SettledMessages {
  /** Ids of those that went back, or were discarded. */
  readonly done: readonly string[];
  /** Those that could not, and why; they are still there. */
  readonly failed: readonly { readonly id: string; readonly error: string }[];
}

/**
 * The dead letters of one queue or topic.
 * Each function connects, is bounded in time, and throws FLOW_BROKER_UNAVAILABLE (unavailable), FLOW_BROKER_REFUSED (forbidden),
 * FLOW_BROKER_MISMATCH (conflict) or FLOW_BAD_QUERY (invalid). One that throws may be repeated.
 */
export interface DeadLetterQueue {
  /** Of the queue or topic, as the broker knows it. */
  readonly name: string;
  /** Which broker, for people, without credentials: two queues of one name are the same when this is the same too. */
  readonly broker: string;
  /** Messages in it. */
  count(): Promise<number>;
  /** Changes nothing. */
  list(filter?: DeadMessageFilter): Promise<DeadMessageList>;
  /**
   * Sends them back to where they were read, the oldest first, under the ids they had, so that a repeat is harmless; who reads there judges
   * them anew. Where one of a run cannot go back, those behind it of that run stay as well.
   */
  redrive(filter: DeadMessageFilter): Promise<SettledMessages>;
  /** Forgets them for good. */
  discard(filter: DeadMessageFilter): Promise<SettledMessages>;
}
