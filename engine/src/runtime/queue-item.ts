import type { Answer } from "../core/decision.ts";
import type { LaneInput } from "../core/inputs.ts";
import type { DueCommand } from "./batch-work.ts";

/** Something that waits for a batch. */
export interface QueueItem {
  readonly lane: number;
  /** Absent for a transactional command that comes from the outbox. */
  readonly input: LaneInput | null;
  readonly runId: string;
  /** Outbox row that this item settles. */
  readonly position?: number;
  readonly call?: { readonly commandId: string; readonly attempt: number };
  /** Durable inbox row that this item came from. */
  readonly inboxId?: string;
  /** How large the input is, about; absent for what is small. */
  readonly bytes?: number;
  /** True while nobody can have stored this run: the id was made for this start. */
  isNew?: boolean;
  /** True once the item was part of a commit whose outcome is unknown. */
  isTried?: boolean;
  /** True once another engine may have the input as well. */
  isElsewhere?: boolean;
  answer?: (answer: Answer) => void;
  fail?: (error: Error) => void;
}

/** A command on its way to a participant outside the batch. */
export interface OutboxItem {
  readonly lane: number;
  readonly epoch: number;
  readonly position: number;
  readonly due: DueCommand;
}
