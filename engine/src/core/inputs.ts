/** Everything that can happen to a run, as data: what callers send, what participants answer, what timers do. */
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import type { PlainError } from "./errors.ts";

/** What became of one attempt of a command. */
export type Settlement =
  | { readonly type: "answered"; readonly event: { readonly type: string; readonly data: Json } }
  /** Taken by the participant; the answer comes as an event. */
  | { readonly type: "delivered" }
  /** A query that has nothing to report yet. */
  | { readonly type: "no-news" }
  | { readonly type: "failed"; readonly error: PlainError };

export interface StartInput {
  readonly kind: "start";
  readonly runId: string;
  readonly flow: string;
  readonly flowVersion: number;
  readonly key: string | null;
  /** The caller's idempotency key. */
  readonly startId: string | null;
  readonly lane: number;
  readonly data: JsonObject;
}

export interface EventInput {
  readonly kind: "event";
  readonly runId: string;
  readonly id: string;
  readonly type: string;
  readonly data: Json;
}

export interface SettledInput {
  readonly kind: "settled";
  readonly runId: string;
  readonly commandId: string;
  readonly attempt: number;
  readonly settlement: Settlement;
}

export interface TimerInput {
  readonly kind: "timer";
  readonly runId: string;
  readonly number: number;
}

/** Everything that can happen to a run. All of it goes through the run's lane. */
export type LaneInput = StartInput | EventInput | SettledInput | TimerInput;
