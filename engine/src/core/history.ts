import type { Json } from "@sluice/contracts/envelope";
import type { PlainError } from "./errors.ts";

/**
 * What one entry of a run's history tells:
 * `started` · `event` taken, from outside or as an answer · `unexpected` event that changed nothing · `timer` fired ·
 * `refused` what was acknowledged before it could be judged, and changed nothing ·
 * `command-attempted` failed and waits · `command-delivered`, the answer comes later · `polled` without news · `parked` · `queued` behind a parked run ·
 * `undone` a step was taken back · `canceled` `retried` `redriven` `skipped` `forced` `migrated` by an operator.
 */
export type HistoryKind =
  | "started"
  | "event"
  | "unexpected"
  | "refused"
  | "timer"
  | "command-attempted"
  | "command-delivered"
  | "polled"
  | "parked"
  | "queued"
  | "undone"
  | "canceled"
  | "retried"
  | "redriven"
  | "skipped"
  | "forced"
  | "migrated";

/** One version of a run. Entries have no gap and no repeat (I1); each explains what made its version. */
export interface HistoryEntry {
  readonly version: number;
  readonly atMs: number;
  readonly kind: HistoryKind;
  /** The state after this entry. */
  readonly state: string;
  /** Event type, timer kind or command type. */
  readonly type?: string;
  /** Id of the event or the operation, by which a repeat is known; of a refused start its idempotency key. */
  readonly eventId?: string;
  /** Tells a repeat from another message under the same id. */
  readonly digest?: number;
  readonly data?: Json;
  /** Commands issued by this entry. */
  readonly commands?: readonly { readonly id: string; readonly type: string }[];
  readonly commandId?: string;
  readonly attempt?: number;
  readonly nextAtMs?: number;
  /** The child run that the command has started. */
  readonly child?: string;
  readonly error?: PlainError;
  /** The dead letter that was taken in again, by the version at which it became one. */
  readonly letter?: number;
  /** Who operated, and why. */
  readonly by?: string;
  readonly reason?: string;
}
