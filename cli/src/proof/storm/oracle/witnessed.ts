/** Everything that is left of a round when all is over: what is stored, and what witnesses have written down beside it. */
import type { DeadLetterRow, StoredHistory } from "@sluice/engine/random-flows";

export interface Witnessed {
  readonly histories: readonly StoredHistory[];
  /** The dead letters that are stored now. */
  readonly letters: readonly DeadLetterRow[];
  /** What participants did, in their order. */
  readonly effects: readonly Effect[];
  /** The sums in the one row that all transactional participants write. */
  readonly tally: { readonly effects: number; readonly undos: number };
  /** Each move of a lane, in order. */
  readonly laneSteps: readonly LaneStep[];
  /** What a transaction has written without moving the lane it belongs to. */
  readonly strays: readonly Stray[];
  /** Answers that came later. */
  readonly owed: readonly Owed[];
}

export interface Effect {
  readonly nth: number;
  readonly commandId: string;
  readonly runId: string;
  readonly type: string;
  readonly channel: string;
  readonly undoes: string | null;
  /** It took effect before the batch that issued it was committed. */
  readonly isEarly: boolean;
}

export interface LaneStep {
  readonly laneId: number;
  readonly ownerId: string | null;
  readonly formerEpoch: number;
  readonly epoch: number;
  readonly formerBatchNumber: number;
  readonly batchNumber: number;
  /** The name of the session that did it. */
  readonly session: string;
}

export interface Stray {
  readonly what: "history" | "effect";
  /** Of the run, or of the command. */
  readonly id: string;
}

export interface Owed {
  readonly commandId: string;
  readonly runId: string;
  /** What an engine answered at last; null when none did. */
  readonly told: string | null;
}
