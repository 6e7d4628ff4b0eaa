import type { JsonObject } from "@sluice/contracts/envelope";

/** A start as its caller remembers it. */
export interface StartRecord {
  readonly flow: string;
  readonly key: string | null;
  readonly idempotencyKey: string | null;
  /** Carries a tag that no other start has, unless it is meant to be the same. */
  readonly data: JsonObject;
  /** Runs that were acknowledged. */
  runId: string | null;
  isDecided: boolean;
  refusal: string | null;
  /** An attempt may have taken effect without the caller's knowledge. */
  isMaybe: boolean;
}

/** An event as its caller remembers it, with every answer it got. */
export interface EventRecord {
  readonly runId: string;
  readonly id: string;
  readonly type: string;
  readonly data: JsonObject;
  /** What an answer said was stored; a version is null while the event is only accepted. */
  readonly answers: { readonly outcome: string; readonly version: number | null }[];
  refusal: string | null;
  isMaybe: boolean;
}

/** What callers know at the end; the checks hold the database to it. */
export class CallerLedger {
  readonly starts: StartRecord[] = [];
  readonly events: EventRecord[] = [];
  /** Pairs of events of one run of which the second was sent after the first was answered. */
  readonly inOrder: (readonly [EventRecord, EventRecord])[] = [];
}
