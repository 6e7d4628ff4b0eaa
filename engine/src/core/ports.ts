/**
 * What the engine needs from outside, as ports: a store, transports, a clock, and somebody who watches.
 * Each store and each transport passes one contract suite (engine/src/testing), so the runtime knows none by name.
 */
import type { TraceContext } from "@sluice/contracts/broker-message";
import type {
  CommandMessage,
  EventMessage,
  Json,
  JsonObject,
  ReplyMessage,
} from "@sluice/contracts/envelope";
import type { DeadLetterQueue } from "./dead-letter-queue.ts";
import type { Answer } from "./decision.ts";
import type { CompileSchema } from "./flow.ts";
import type { LaneInput, LetterInput, Operation, Settlement } from "./inputs.ts";
import type { PlainError } from "./errors.ts";
import type { HistoryEntry } from "./history.ts";
import type { Period } from "./period.ts";
import type { ParkReason, Run, TimerKind } from "./run.ts";

/** Time and chance as inputs. In the simulation both are virtual. */
export interface Clock {
  /** Milliseconds of a clock that never jumps; only differences mean something. */
  monotonicMs(): number;
  /** Calls back once, after at least `delayMs`; the answer cancels it. */
  schedule(delayMs: number, callback: () => void): () => void;
  random(): number;
  newId(): string;
}

// ---------------------------------------------------------------- store

/** How long after its lease an engine is still known, so that a lane can say whom it last belonged to. */
export const ENGINE_FORGOTTEN_MS = 600_000;

/** Where a lane stands. One row; the last statement of each batch moves it on, and that is dedupe and fence in one. */
export interface LanePosition {
  readonly laneId: number;
  readonly epoch: number;
  readonly batchNumber: number;
  /** Position of the newest outbox row. */
  readonly outboxPosition: number;
  /** Every outbox row up to here is settled. */
  readonly publishedPosition: number;
  /** Store time up to which the search projection has seen every commit of this lane. */
  readonly projectedAtMs: number;
}

/** A lane as anybody may see it. */
export interface LaneRow extends LanePosition {
  readonly ownerId: string | null;
  readonly ownerAddress: string | null;
  /** Milliseconds until the lease ends by the store's clock; negative when it has ended. */
  readonly leaseMs: number;
}

/** One lane's move by one batch: from `batchNumber` to the next, under `epoch`. */
export interface LaneStep {
  readonly laneId: number;
  readonly epoch: number;
  readonly batchNumber: number;
  readonly outboxPosition: number;
  readonly publishedPosition: number;
}

export interface HistoryRow {
  readonly runId: string;
  /** Of the run: history lies in the period of its birth. */
  readonly createdAtMs: number;
  readonly lane: number;
  readonly entries: readonly HistoryEntry[];
}

export interface OutboxRow {
  readonly lane: number;
  readonly position: number;
  readonly runId: string;
  readonly commandId: string;
  readonly attempt: number;
}

export interface TimerRow {
  readonly lane: number;
  readonly runId: string;
  readonly number: number;
  readonly dueAtMs: number;
  readonly kind: TimerKind;
}

/** A timer as the store lists it, with what says whether it may fire here. */
export interface StoredTimer extends TimerRow, Pick<Run, "flow" | "flowVersion" | "state"> {}

/** An input that could not be taken in, or one that waits behind such an input. Order within a run is `version`. */
export interface DeadLetterRow {
  readonly runId: string;
  readonly lane: number;
  readonly version: number;
  /** Absent for an input that only waits behind the head. */
  readonly reason: ParkReason | null;
  readonly state: string;
  readonly input: LetterInput;
  readonly error: PlainError | null;
  readonly atMs: number;
}

/** Everything one batch writes. All of it is committed, or nothing. */
export interface BatchWrites {
  readonly lanes: readonly LaneStep[];
  readonly runs: readonly Run[];
  readonly history: readonly HistoryRow[];
  readonly outbox: readonly OutboxRow[];
  readonly timersSet: readonly TimerRow[];
  readonly timersCleared: readonly TimerRow[];
  readonly deadLetters: readonly DeadLetterRow[];
  /** Dead letters of former batches that are none any more. */
  readonly deadLettersTaken: readonly Pick<DeadLetterRow, "runId" | "version">[];
  /** Durable inbox rows this batch has taken in. */
  readonly inboxTaken: readonly string[];
  /** Inputs that follow from this batch, for runs of its lanes whose version another engine serves. */
  readonly inboxAdded: readonly InboxRow[];
  /** Time of the batch, by the store's clock as the owner knows it. */
  readonly atMs: number;
}

/** What a run's history says of events already taken in, by event id. */
export interface SeenEvent {
  readonly version: number;
  readonly digest: number;
  readonly outcome: "applied" | "unexpected" | "queued" | "parked";
}

export interface LoadedRun {
  readonly run: Run;
  readonly seen: ReadonlyMap<string, SeenEvent>;
}

/**
 * One transaction of a writer. The transaction opens with the first call that needs it, so that a batch whose runs are all
 * cached and that calls no transactional participant costs one exchange with the database.
 */
export interface Batch {
  /** @throws FLOW_UNREADABLE (invalid) when there are such rows among them; `fields.unreadable` has them all, and the others can be read */
  loadRuns(runIds: readonly string[]): Promise<readonly LoadedRun[]>;
  /** All dead letters of these runs, those of a run in order. @throws FLOW_UNREADABLE (invalid), as above; ids are `<run>:<version>` */
  loadDeadLetters(runIds: readonly string[]): Promise<readonly DeadLetterRow[]>;
  /** Runs `work` with the store's transaction, undoing what it did there when it throws. */
  withTransaction<T>(work: (transaction: unknown) => Promise<T>): Promise<T>;
  /**
   * Writes and commits; lane steps last.
   * @throws FLOW_LANE_LOST (conflict) when a lane has another epoch or batch number: nothing was written; `fields.lanes` names the lost ones
   * @throws FLOW_OUTCOME_UNKNOWN (timeout) when the connection broke after the commit was sent
   * @throws FLOW_STORE_UNAVAILABLE (unavailable) when it broke before: nothing was written
   */
  commit(writes: BatchWrites): Promise<void>;
  /** Leaves nothing behind. Never throws. */
  rollback(): Promise<void>;
}

/** A connection of its own, for the batches of some lanes. One batch at a time. */
export interface StoreWriter {
  openBatch(): Batch;
  close(): Promise<void>;
}

export interface InboxRow {
  readonly inboxId: string;
  readonly lane: number;
  readonly input: LaneInput;
}

/** A row of the inbox as the store lists it. */
export interface StoredInboxRow extends InboxRow {
  /** Its place among all rows, from 1. Of two that are appended at the same time the later one may be seen first. */
  readonly arrival: number;
}

/** Most inputs that wait in a lane's inbox: some seconds of a busy lane, and no more than a new owner takes in within as many. */
export const INBOX_ROWS_MAX = 10_000;

export interface EngineRow {
  readonly engineId: string;
  readonly address: string | null;
  /** The versions of flows that it can carry on. */
  readonly serves: readonly string[];
}

/** What an engine learns at each heartbeat: the store's time, who is alive, and every lane. */
export interface Heartbeat {
  readonly nowMs: number;
  readonly engines: readonly EngineRow[];
  readonly lanes: readonly LaneRow[];
}

/** What a takeover finds: where the lane stands and what is still to be sent. */
export interface ClaimedLane extends LanePosition {
  readonly unpublished: readonly OutboxRow[];
}

export interface TimerQuery {
  readonly lanes: readonly number[];
  readonly dueBeforeMs: number;
  readonly after?: Pick<TimerRow, "dueAtMs" | "runId" | "number">;
  readonly limit: number;
}

export interface FlowVersionRow {
  readonly flow: string;
  readonly version: number;
  /** Digest of the definition; a changed definition under the same version is refused. */
  readonly hash: string;
  readonly definition: Json;
}

export interface RunQuery {
  readonly flow?: string;
  readonly state?: string;
  readonly businessState?: string;
  readonly key?: string;
  readonly outcome?: string;
  readonly parked?: boolean;
  /** Runs that are parked for this reason. */
  readonly parkReason?: ParkReason;
  /** Runs that are not final and entered their state at least this long ago. */
  readonly stuckForMs?: number;
  readonly updatedSinceMs?: number;
  readonly flowVersion?: number;
  /** Runs of older versions than this one. */
  readonly flowVersionBelow?: number;
  /** Only runs that have not ended. */
  readonly isOpen?: boolean;
  readonly cursor?: string;
  readonly limit: number;
}

/** A row of the search projection: what a list shows. It follows the run with a bounded lag. */
export interface RunRow {
  readonly runId: string;
  readonly flow: string;
  readonly flowVersion: number;
  readonly key: string | null;
  readonly lane: number;
  readonly version: number;
  readonly state: string;
  readonly businessState: string | null;
  readonly outcome: string | null;
  readonly parked: ParkReason | null;
  readonly createdAtMs: number;
  readonly enteredAtMs: number;
  readonly updatedAtMs: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Opens the next page; null on the last. */
  readonly cursor: string | null;
  /** Stored rows that belong to the page and that nobody can read, since somebody has changed them by hand. @default none */
  readonly unreadable?: readonly UnreadableRow[];
}

export interface UnreadableRow {
  /** Of a run, or of an action; of a dead letter `<run>:<version>`. */
  readonly id: string;
  /** What is wrong with it, and what to do. */
  readonly fault: string;
}

export interface StateCount {
  readonly flow: string;
  readonly flowVersion: number;
  readonly state: string;
  readonly runs: number;
  readonly parked: number;
}

/** From when on a run that does not move is counted as stuck: a quarter of an hour, longer than most steps and shorter than a shift. */
export const STUCK_MS = 900_000;

export interface StoreTotals {
  readonly outboxDepth: number;
  readonly outboxAgeMs: number;
  readonly timersDue: number;
  readonly timers: number;
  readonly inbox: number;
  readonly deadLetters: number;
  readonly parkedRuns: number;
  /** Runs that are neither final nor parked and have been in their state for STUCK_MS or longer. */
  readonly stuckRuns: number;
}

/** What is stored as one finding of an audit: which invariant, where, and what is wrong. */
export interface AuditFinding {
  readonly invariant: "I1" | "I2" | "I3" | "I4" | "I5" | "I6";
  readonly runId: string | null;
  readonly message: string;
}

export interface AuditScope {
  /** Nothing moves: what holds only then is checked too. */
  readonly quiet: boolean;
  /** Holds data to the schemas of stored definitions. Absent: data is not held to them. */
  readonly compileSchema?: CompileSchema;
  /** Makes the UUID of a text, as the engine does. Absent: ids of runs are not held to flow and key. */
  readonly nameId?: (text: string) => string;
}

export interface AuditReport {
  readonly runs: number;
  readonly entries: number;
  readonly findings: readonly AuditFinding[];
}

export interface DroppedPeriod extends Period {
  readonly runs: number;
}

/** A period whose time has come and that must stay. */
export interface HeldPeriod extends Period {
  /** Runs that have not ended. With 0, its last run ended a while ago and not long enough, or somebody is reading its tables. */
  readonly openRuns: number;
}

export interface Retention {
  /** Periods that ended by then, by the store's clock, are over. */
  readonly sinceMs: number;
  /** Those that had runs. */
  readonly dropped: readonly DroppedPeriod[];
  /** The oldest first. */
  readonly held: readonly HeldPeriod[];
}

export interface DeadLetterQuery {
  readonly runId?: string;
  /** Within a run that is the one dead letter. */
  readonly version?: number;
  /** Of the runs of this flow. */
  readonly flow?: string;
  readonly reason?: ParkReason;
  readonly state?: string;
  readonly cursor?: string;
  readonly limit: number;
}

/** Which runs a job works on: those of these ids, or all that a list with the same filters would show. */
export type RunFilter = Pick<
  RunQuery,
  | "flow"
  | "flowVersion"
  | "state"
  | "businessState"
  | "key"
  | "parked"
  | "parkReason"
  | "stuckForMs"
  | "updatedSinceMs"
> & { readonly runIds?: readonly string[] };

/** What a job does to each of its runs. */
export interface JobPlan {
  readonly operation: Operation;
  readonly filter: RunFilter;
  /** Most runs in one second; null: as fast as it goes. */
  readonly runsPerSecond: number | null;
  /** Nothing is changed; the counts say what would be. */
  readonly isDryRun: boolean;
  /** Of a dry run: why the job itself would be refused as a whole, before anything is done. */
  readonly refusal?: JobRefusal;
}

export interface JobRefusal {
  readonly code: string;
  readonly message: string;
}

/** A run as a job meets it. One that was named and does not exist is in no state: "". */
export type JobRun = Pick<RunRow, "runId" | "state">;

/** How far a job is. */
export interface JobProgress {
  /** Of a job with a rate: its next page begins no sooner, by the store's clock and whoever works on it by then. */
  readonly nextAtMs?: number;
  /** Opens the page it works on next; null at the beginning. */
  readonly cursor: string | null;
  /** The page it has begun with and not counted yet. Once they are met its runs may not be found by the filter any more. */
  readonly begun?: Page<JobRun>;
  readonly seen: number;
  readonly applied: number;
  /** Runs that were left as they are, by the code of the reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Some of the runs for each reason and, of a dry run, for each change: at most EXAMPLES_MAX. */
  readonly examples: readonly JobExample[];
  /** Of a dry run: how many runs of one state would become what. Of those that differ at most FATES_MAX. */
  readonly fates?: readonly JobFate[];
}

/** How many fates of runs a dry run tells apart: one over all flows may meet any number. */
export const FATES_MAX = 100;

/** So many runs go from one state to another, or are left there for the same reason. */
export interface JobFate extends Pick<JobExample, "from" | "to" | "code"> {
  readonly runs: number;
}

/** A page of what a job would do, and why it would be refused as a whole, where it would. */
export type JobPreview = Page<JobExample> & Pick<JobPlan, "refusal">;

export interface JobExample {
  readonly runId: string;
  readonly from: string;
  /** The state it went to, or would go to; null when it was left. */
  readonly to: string | null;
  readonly code: string | null;
  readonly message: string | null;
}

export type ActionState = "running" | "stopping" | "stopped" | "done";

/** What an operator asked for: the record of who did what and why, and of a job also how far it is. */
export interface ActionRow {
  readonly actionId: string;
  /** What was done to what: `run.cancel` to one run, `runs.cancel` by a job to many, `flow.pause`, `key.create` … */
  readonly kind: string;
  readonly by: string;
  readonly reason: string | null;
  readonly askedAtMs: number;
  readonly endedAtMs: number | null;
  readonly state: ActionState;
  /** What it was about, for whoever reads the record. */
  readonly subject: JsonObject;
  /** Null for what was done at once. */
  readonly job: { readonly plan: JobPlan; readonly progress: JobProgress } | null;
  /** What came of a pause, or of lifting one; null for everything else. */
  readonly result: PauseResult | null;
  /** The lane whose owner carries the job out. */
  readonly lane: number;
  /** Grows with every update, so that of two that update it one learns that it is late. */
  readonly revision: number;
}

/** A job as its lane's owner looks for it: without its plan, which may name thousands of runs. */
export type OpenJob = Pick<ActionRow, "actionId" | "kind" | "state">;

/** How an action goes on. What it is about never changes. */
export type ActionUpdate = Pick<ActionRow, "actionId" | "revision" | "state"> & {
  readonly progress: JobProgress;
};
export type UpdatedAction = Pick<ActionRow, "actionId" | "revision" | "state" | "endedAtMs">;

/** Most bytes of one page of actions, about; a page of large ones is shorter than it was asked for. */
export const ACTIONS_PAGE_BYTES_MAX = 4_194_304;

/** An action as it is asked for; the rest is the store's. */
export type NewAction = Omit<ActionRow, "askedAtMs" | "endedAtMs" | "revision" | "result">;

/** The entries of a run behind a version. */
export interface HistoryQuery {
  readonly runId: string;
  readonly afterVersion: number;
  readonly limit: number;
  /** Bytes of JSON, roughly: the entry that reaches it is the last of the page. @default no bound */
  readonly bytesMax?: number;
}

export interface ActionQuery {
  /** A kind, or what stands before its dot: `runs` finds `runs.cancel` and `runs.force`. */
  readonly kind?: string;
  readonly state?: ActionState;
  /** Only actions that are jobs. */
  readonly isJob?: boolean;
  readonly cursor?: string;
  readonly limit: number;
}

/** Something that stands still: all of a flow, one of its states, or one of its command types. */
export interface PauseRow {
  readonly flow: string;
  readonly scope: "flow" | "state" | "command";
  /** Name of the state or the command; empty for a whole flow. */
  readonly name: string;
  readonly by: string;
  readonly reason: string | null;
  readonly atMs: number;
}

/** What stands still, by its name. */
export type Paused = Pick<PauseRow, "flow" | "scope" | "name">;

/** What came of a pause, or of lifting one. */
export interface PauseResult {
  /** Whether anything stands still that did not, or goes on that stood still. */
  readonly hasChanged: boolean;
  /** The pause that stands, or that stood until now; null where there was none to lift. */
  readonly pause: PauseRow | null;
}

/** How far a flow's schedule has been served. */
export interface ScheduleRow {
  readonly flow: string;
  readonly lastDueAtMs: number;
}

/** An API key as it is stored: never the key itself. */
export interface ApiKeyRow {
  readonly keyId: string;
  readonly name: string;
  readonly scopes: readonly ApiScope[];
  /** SHA-256 of the secret part, as 64 hex digits; the secret is random, so that needs no salt. */
  readonly hash: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
  readonly revokedAtMs: number | null;
}
export type ApiScope = "read" | "operate" | "admin";

/**
 * Runs, history, lanes and queues. Every method throws FLOW_STORE_UNAVAILABLE (unavailable) while the store is away.
 */
export interface Store {
  /** The engine that speaks through this store; one process, one start. */
  readonly engineId: string;
  /**
   * Makes the lanes of a new deployment, or reads those of an existing one. Null takes what is there, or LANES_DEFAULT.
   * `secret` is shared by the engines of the deployment.
   * @throws FLOW_LANES_CHANGED (conflict) when `lanes` differs from the number the deployment was made with
   */
  openDeployment(lanes: number | null): Promise<{ readonly lanes: number; readonly secret: string }>;
  /** @throws FLOW_VERSION_CHANGED (conflict) when a stored version has another hash */
  saveFlowVersions(versions: readonly FlowVersionRow[]): Promise<void>;
  listFlowVersions(): Promise<readonly FlowVersionRow[]>;

  /** `serves` names the versions of flows that the engine can carry on: `purchase@2`. */
  heartbeat(engine: {
    engineId: string;
    address: string | null;
    leaseMs: number;
    serves?: readonly string[];
  }): Promise<Heartbeat>;
  /**
   * Takes lanes that nobody holds, whose lease has ended, or that the engine holds itself and wants to begin afresh: epoch + 1.
   * Ends the database sessions of a former owner first, since one frozen inside a transaction would hold the lane's row.
   * Answers those it got; a row that somebody else has locked is left for the next time.
   */
  claimLanes(claim: {
    engineId: string;
    laneIds: readonly number[];
    leaseMs: number;
  }): Promise<readonly ClaimedLane[]>;
  /** Gives lanes up; a lane under another epoch is left alone. */
  leaveLanes(engineId: string, lanes: readonly { laneId: number; epoch: number }[]): Promise<void>;
  leave(engineId: string): Promise<void>;

  openWriter(name: string): Promise<StoreWriter>;

  /** Timers of these lanes due before a time, soonest first; with `after` those behind that one. */
  listTimers(query: TimerQuery): Promise<readonly StoredTimer[]>;
  /**
   * Keeps inputs for whoever owns their lanes next; a row that is kept already is left alone. `rowsMax` bounds a lane's rows, and one engine never appends more;
   * of several that append at once each may add up to a tenth of it, at least a row, that the others do not see.
   * @throws FLOW_NO_OWNER (unavailable) when as many wait already: nothing was written
   */
  appendInbox(rows: readonly InboxRow[], rowsMax?: number): Promise<void>;
  /** In order of arrival, those behind `behindArrival`; without it from the first. */
  listInbox(
    lanes: readonly number[],
    limit: number,
    behindArrival?: number,
  ): Promise<readonly StoredInboxRow[]>;

  /** @throws FLOW_UNREADABLE (invalid) */
  getRun(runId: string): Promise<Run | null>;
  /** @throws FLOW_UNREADABLE (invalid) when there are such rows among them; `fields.unreadable` has them all, and the others can be read */
  getRuns(runIds: readonly string[]): Promise<readonly Run[]>;
  listHistory(query: HistoryQuery): Promise<Page<HistoryEntry>>;
  listRuns(query: RunQuery): Promise<Page<RunRow>>;
  countStates(flow?: string): Promise<readonly StateCount[]>;
  listLanes(): Promise<readonly LaneRow[]>;
  listDeadLetters(query: DeadLetterQuery): Promise<Page<DeadLetterRow>>;
  totals(): Promise<StoreTotals>;

  /**
   * Keeps an action; one that is kept already under its id is left alone. Its time is the store's. With `openMax`, no more than so many
   * open ones of its sort are kept (`run` and `runs` are sorts), about: those that come at the same moment do not see each other.
   * @throws FLOW_JOBS_FULL (overloaded) when there are as many: nothing was kept
   */
  addAction(action: NewAction, openMax?: number): Promise<ActionRow>;
  /** Null when the stored revision is another: somebody else has updated it. An action that ends gets its time from the store. */
  updateAction(update: ActionUpdate): Promise<UpdatedAction | null>;
  getAction(actionId: string): Promise<ActionRow | null>;
  /** Newest first; a page has at most ACTIONS_PAGE_BYTES_MAX, and one action at least. */
  listActions(query: ActionQuery): Promise<Page<ActionRow>>;
  /** Jobs of these lanes that are not at their end, oldest first. */
  listOpenJobs(lanes: readonly number[]): Promise<readonly OpenJob[]>;

  /**
   * Keeps an action, and in the same transaction the pause that it asks for, by whom and why the action says; one that stands already stays
   * as it is. An action that is kept already is answered as it is kept, and pauses nothing.
   */
  addPause(action: NewAction, what: Paused): Promise<ActionRow>;
  /** The same for an action that lifts a pause. */
  removePause(action: NewAction, what: Paused): Promise<ActionRow>;
  listPauses(): Promise<readonly PauseRow[]>;

  listSchedules(): Promise<readonly ScheduleRow[]>;
  /** Never goes back. */
  saveSchedule(schedule: ScheduleRow): Promise<void>;

  addApiKey(key: Omit<ApiKeyRow, "createdAtMs" | "revokedAtMs">): Promise<ApiKeyRow>;
  /** Ends a key now, or at `atMs` if that is sooner than its end. False when there is no such key. */
  endApiKey(keyId: string, atMs: number | null): Promise<boolean>;
  listApiKeys(): Promise<readonly ApiKeyRow[]>;

  /** Brings the search projection up to these versions and remembers, per lane, up to which time it is complete. */
  project(
    rows: readonly RunRow[],
    complete: readonly { laneId: number; epoch: number; untilMs: number }[],
  ): Promise<void>;
  /** Runs of these lanes written since a time: what a new owner must project again. */
  listWritten(lanes: readonly { laneId: number; sinceMs: number }[]): Promise<readonly RunRow[]>;

  /**
   * Work that must happen before the first batch, and now and then: making the periods that runs will be born in. `retentionDays` says
   * how long ended runs are kept; null: for ever. Any engine may call it at any time.
   */
  maintain(retentionDays: number | null): Promise<void>;
  /** Keeps `listWritten` as fast as it is among few runs. Every few seconds, by any engine. Absent: it is always. */
  summarize?(): Promise<void>;
  /**
   * Drops the periods of births that ended so many days ago and whose runs have all ended, and not changed, for as long: runs, history,
   * search rows and counts, all of a period or nothing. What comes for such a run later meets none.
   */
  dropPeriods(retentionDays: number): Promise<Retention>;
  /**
   * Checks what can be checked from stored rows alone, and ends at FINDINGS_MAX findings. With `quiet`, also what must hold when nothing
   * moves (I4). Whatever somebody has written into the rows is a finding, never an error.
   */
  audit(scope: AuditScope): Promise<AuditReport>;
  close(): Promise<void>;
}

// ---------------------------------------------------------------- participants

/**
 * Carries commands to participants that live outside the batch's transaction: a broker, HTTP, or this process.
 * At least once, with the command's id; answers come as settlements or, later, as events.
 */
export interface Transport {
  readonly channel: string;
  /** How many commands one call to `send` takes at the most. A broker likes hundreds, HTTP one. */
  readonly commandsPerSendMax: number;
  /** How many calls to `send` may be under way at once. */
  readonly sendsMax: number;
  /**
   * Whether what is delivered is usually answered within a second: then the news of the delivery waits so long for the answer, to be written
   * with it. After a crash the commands of that second are sent again.
   * @default false
   */
  readonly answersSoon?: true;
  /** What a trace tells of an attempt over this transport. @default the type of the command, within this process */
  readonly span?: Pick<NewSpan, "name" | "kind" | "attributes">;
  /**
   * One settlement per command, in order. Bounded in time by the transport itself; never throws for a single command's sake.
   * `traces` says, of each command, what to send with it so that the participant's work is part of the run's trace; absent: nothing is traced.
   */
  send(
    commands: readonly CommandMessage[],
    signal: AbortSignal,
    traces?: readonly (TraceContext | undefined)[],
  ): Promise<readonly Settlement[]>;
  /**
   * Starts taking replies in. A reply is acknowledged to its source only after `take` has resolved; those of one run are handed over one at a
   * time, in the order in which they came.
   */
  start?(take: TakeReply): Promise<void>;
  /** Takes no more replies, waits for those under way, and lets go of what it holds open. */
  stop?(): Promise<void>;
  /** Whether commands and replies pass; otherwise why not. @default true */
  health?(): true | string;
  /** Where what cannot be taken in lies, of its service and of what that says to runs. @default nowhere */
  readonly deadLetters?: readonly DeadLetterQueue[];
}

/**
 * Brings a reply into the lane of its run, wherever that is owned.
 * Resolves when the source may forget it: it is committed, or never will be. Rejects with a coded error when the source must keep it and
 * bring it again later: FLOW_STOPPING, FLOW_STORE_UNAVAILABLE, FLOW_VERSION_UNSERVED (unavailable) · FLOW_INBOX_FULL (overloaded) ·
 * FLOW_OUTCOME_UNKNOWN (timeout). `trace` is what came with the reply.
 */
export type TakeReply = (reply: ReplyMessage, trace?: TraceContext) => Promise<TakenReply>;

export type TakenReply =
  /** Committed now or before, or kept in the lane's durable inbox. */
  | { readonly outcome: "taken" }
  /** The run does not wait for it any more; nothing changed. */
  | { readonly outcome: "stale" }
  /** It can never be taken in: it is a dead letter, with this as its reason. */
  | { readonly outcome: "refused"; readonly code: string; readonly message: string };

/**
 * A participant whose tables share the store's database: it gets the batch's transaction and all commands of a type at once.
 * Its effect is committed with the transition, so it happens exactly once without an inbox.
 */
export interface TransactionalParticipant {
  readonly channel: string;
  readonly commandTypes: readonly string[];
  /** How long a call may take. A handler that takes longer is paused, and its commands are tried again later. */
  readonly handleMs: number;
  /** One event per command, in order; null where the answer comes later. */
  handle(
    type: string,
    commands: readonly CommandMessage[],
    transaction: unknown,
    signal: AbortSignal,
  ): Promise<readonly (EventMessage | null)[]>;
}

/** Other engines of the same deployment. */
export interface Peers {
  /**
   * Hands inputs to the engine that owns their lanes; one answer each, in order.
   * @throws FLOW_NO_OWNER (unavailable) when it cannot be reached · FLOW_OUTCOME_UNKNOWN (timeout) when it may have taken them
   */
  forward(address: string, inputs: readonly LaneInput[]): Promise<readonly PeerAnswer[]>;
  /** Tells an engine that lanes have moved. Nobody relies on it: who is not told looks at its next heartbeat. @default nobody is told */
  lanesMoved?(address: string): Promise<void>;
}

/** What a peer says to one input: its answer, or the error it raised. */
export type PeerAnswer = { readonly answer: Answer } | { readonly error: PlainError };

// ---------------------------------------------------------------- watching

export interface LogPort {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

type Labels = Readonly<Record<string, string>>;
export interface CounterPort {
  inc(labels: Labels, by?: number): void;
}
export interface GaugePort {
  set(labels: Labels, value: number): void;
}
export interface HistogramPort {
  observe(labels: Labels, value: number): void;
}
/** Makes metrics. The host gives it Prometheus; without one nothing is measured. */
export interface MeterPort {
  counter(name: string, help: string, labels: readonly string[]): CounterPort;
  gauge(name: string, help: string, labels: readonly string[]): GaugePort;
  histogram(name: string, help: string, labels: readonly string[], buckets: readonly number[]): HistogramPort;
}

/** As OpenTelemetry has them. */
export type SpanKind = "internal" | "server" | "client" | "producer" | "consumer";
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface NewSpan {
  readonly name: string;
  readonly kind: SpanKind;
  /** What it is part of. Absent, or no trace context: it begins a trace. */
  readonly parent?: TraceContext | undefined;
  /** What else it has to do with: work for many runs at once is part of none of their traces. */
  readonly links?: readonly TraceContext[];
  readonly attributes?: SpanAttributes;
  /** How long ago it began, in ms. @default 0 */
  readonly agoMs?: number;
}

/** A piece of work as a trace shows it. */
export interface Span {
  /** For what follows from it, here or elsewhere; undefined where nothing is to be known of it. */
  readonly context: TraceContext | undefined;
  set(attributes: SpanAttributes): void;
  /** It did not go well: the code of the error, and its message. */
  fail(code: string, message: string): void;
  end(): void;
  /** Calls `work` within the span: what others trace there is part of it. */
  run<T>(work: () => T): T;
}

/** Makes spans. `openTelemetryTracer` gives them to OpenTelemetry; without a tracer nothing is traced, and nothing stored for it. */
export interface Tracer {
  /** False: nobody looks, and nobody should take trouble. */
  readonly isOn: boolean;
  /** The span within which the calling code runs. */
  active(): TraceContext | undefined;
  begin(span: NewSpan): Span;
}
