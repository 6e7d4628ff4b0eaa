/** What the API v1 answers, as far as the commands read it. Points in time are ISO 8601. */

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Opens the next page; null on the last. */
  readonly cursor: string | null;
}

export interface StartedRun {
  readonly runId: string;
  readonly flow: string;
  readonly key: string | null;
}

export interface RunRow extends StartedRun {
  readonly flowVersion: number;
  readonly version: number;
  readonly state: string;
  readonly businessState: string | null;
  readonly outcome: string | null;
  readonly parked: string | null;
  readonly createdAt: string;
  readonly enteredAt: string;
  readonly updatedAt: string;
}

export interface Run extends RunRow {
  readonly data: unknown;
  readonly commands: readonly {
    readonly commandId: string;
    readonly type: string;
    readonly channel: string;
    readonly attempt: number;
    readonly phase: string;
  }[];
  readonly timers: readonly { readonly kind: string; readonly dueAt: string }[];
}

export interface HistoryEntry {
  readonly version: number;
  readonly at: string;
  readonly kind: string;
  readonly state: string;
  readonly type?: string;
  readonly eventId?: string;
  readonly data?: unknown;
  readonly commands?: readonly { readonly commandId: string; readonly type: string }[];
  readonly commandId?: string;
  readonly attempt?: number;
  readonly nextAt?: string;
  readonly error?: { readonly code: string; readonly kind: string; readonly message: string };
}

export interface SentEvent {
  readonly eventId: string;
  readonly outcome: string;
  readonly version: number | null;
}

export interface FlowRow {
  readonly name: string;
  readonly version: number;
  readonly description: string | null;
  readonly initial: string;
  readonly states: number;
  readonly runs: number;
  readonly parked: number;
}

export interface Flow {
  readonly name: string;
  readonly version: number;
  readonly description: string | null;
  readonly definition: unknown;
  readonly counts: readonly {
    readonly flowVersion: number;
    readonly state: string;
    readonly runs: number;
    readonly parked: number;
  }[];
}
