/** What the API v1 answers, as far as the commands read it. Points in time are ISO 8601. */

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Opens the next page; null on the last. */
  readonly cursor: string | null;
  /** What is stored and nobody can read; absent where all is well. */
  readonly unreadable?: readonly { readonly id: string; readonly fault: string }[];
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
    readonly data: unknown;
    readonly childRunId?: string;
  }[];
  readonly timers: readonly { readonly kind: string; readonly dueAt: string }[];
  readonly steps?: readonly Step[];
  readonly compensation?: { readonly target: string; readonly steps: readonly Step[] };
  readonly parent?: { readonly runId: string; readonly commandId: string };
  /** What holds it back. */
  readonly pauses?: readonly Pause[];
}

/** What was done and can be taken back. */
export interface Step {
  readonly state: string;
  readonly command: string;
  readonly undo: string;
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
  readonly error?: WireError;
  readonly letter?: number;
  readonly by?: string;
  readonly reason?: string;
}

export interface WireError {
  readonly code: string;
  readonly kind: string;
  readonly message: string;
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
  /** What of it stands still. */
  readonly pauses?: readonly Pause[];
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
  readonly pauses?: readonly Pause[];
}

export interface Operated {
  readonly actionId: string;
  readonly version: number | null;
  readonly isRepeat: boolean;
}

export interface RunCounts {
  readonly seen: number;
  readonly applied: number;
  readonly refused: Readonly<Record<string, number>>;
}

/** Why a job would be refused as a whole. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** So many runs would become the same. */
export interface Fate extends Pick<JobResult, "from" | "to" | "code"> {
  readonly runs: number;
}

export interface Preview extends Page<JobResult> {
  readonly refusal?: Refusal;
}

/** What was or would be done to one run. */
export interface JobResult {
  readonly runId: string;
  readonly from: string;
  readonly to: string | null;
  readonly code: string | null;
  readonly message: string | null;
}

export interface Job extends RunCounts {
  readonly jobId: string;
  readonly operation: { readonly type: string };
  readonly filter: Readonly<Record<string, unknown>>;
  readonly dryRun: boolean;
  readonly runsPerSecond: number | null;
  readonly state: string;
  readonly examples: readonly JobResult[];
  /** Of a dry run. */
  readonly fates?: readonly Fate[];
  readonly refusal?: Refusal;
  readonly by: string;
  readonly reason: string | null;
  readonly askedAt: string;
  readonly endedAt: string | null;
}

export interface DeadLetter {
  readonly runId: string;
  readonly version: number;
  readonly flow: string | null;
  readonly key: string | null;
  readonly state: string;
  readonly place: "head" | "behind";
  readonly reason: string | null;
  readonly input: {
    readonly kind: string;
    readonly type?: string;
    readonly command?: string;
    readonly commandData?: unknown;
    readonly data?: unknown;
  };
  readonly error: WireError | null;
  readonly at: string;
}

export interface DeadLetterWithStack extends DeadLetter {
  readonly stack: string | null;
}

export interface DeadLetterQueue {
  readonly name: string;
  readonly broker: string;
  readonly messages: number | null;
  readonly away: string | null;
}

export interface DeadMessages {
  readonly items: readonly {
    readonly id: string;
    readonly reason: string;
    readonly error: string | null;
    readonly diedAt: string | null;
    readonly runId: string | null;
    readonly type: string | null;
    readonly body: string;
    readonly bodyBytes: number;
  }[];
  readonly total: number;
  readonly isWhole: boolean;
}

export interface SettledMessages {
  readonly matched: number;
  readonly done: readonly string[];
  readonly failed: readonly { readonly id: string; readonly error: string }[];
}

export interface Pause {
  readonly flow: string;
  readonly state: string | null;
  readonly command: string | null;
  readonly by: string;
  readonly reason: string | null;
  readonly at: string;
}

export interface AuditEntry {
  readonly actionId: string;
  readonly kind: string;
  readonly by: string;
  readonly reason: string | null;
  readonly subject: Readonly<Record<string, unknown>>;
  readonly state: string;
  readonly runs: RunCounts | null;
  readonly askedAt: string;
  readonly endedAt: string | null;
}
