/**
 * The check of one run over its stored rows, pure: a store streams its history through it, so that all stores are held to the same rules.
 * Where the definition of its version is stored, the run is held to that too.
 */
import type { CompiledFlow } from "./compile-flow.ts";
import { describeFaults } from "./decision.ts";
import { isBodyDigest } from "./digest.ts";
import { COMPENSATING } from "./flow.ts";
import type { HistoryEntry } from "./history.ts";
import { HistoryTimes } from "./audit-times.ts";
import { HistoryTrail } from "./audit-trail.ts";
import { FlowWalk } from "./audit-walk.ts";
import { childEndInboxId } from "./inputs.ts";
import type { AuditFinding, DeadLetterRow } from "./ports.ts";
import { isStranded } from "./rules/stranded.ts";
import { activeTimers } from "./run.ts";
import type { PendingCommand, Run, RunTimer } from "./run.ts";
import { seenBy } from "./seen.ts";

/** A dead letter as far as an audit looks at it. */
export type AuditedLetter = Pick<DeadLetterRow, "version" | "reason">;

/** What is stored beside a run and its history. */
export interface RunSurroundings {
  readonly deadLetters: readonly AuditedLetter[];
  /** Whether a row stands for exactly this timer. */
  isTimerStored(timer: RunTimer): boolean;
  /** Whether an outbox row that is not settled yet carries this attempt. */
  isInOutbox(commandId: string, attempt: number): boolean;
  /** A run that this one has started; null when there is none of this id, undefined for one that cannot be read. Asked of `listChildIds` alone. */
  child(runId: string): Pick<Run, "outcome" | "parent"> | null | undefined;
  /** Whether a row of this id stands in the durable inbox. Asked of `listEndInboxIds` alone. */
  isInInbox(inboxId: string): boolean;
}

/** The runs that a run waits for. */
export function listChildIds({ commands }: Pick<Run, "commands">): readonly string[] {
  return commands.flatMap(({ phase, childId }) =>
    phase === "delivered" && childId !== undefined ? [childId] : [],
  );
}

/** The rows of the durable inbox in which the ends of these runs may wait for it. */
export function listEndInboxIds({ commands }: Pick<Run, "commands">): readonly string[] {
  return commands.flatMap(({ id, childId }) => (childId === undefined ? [] : [childEndInboxId(id)]));
}

/** A row of history that cannot be judged, and why. */
export interface UnreadableHistory {
  readonly firstVersion: number;
  readonly lastVersion: number;
  readonly fault: string;
}

/** Walks the history of one run, entry by entry as stored, then compares its end with the run. */
export class RunAudit {
  readonly #run: Run;
  readonly #findings: AuditFinding[] = [];
  readonly #eventIds = new Set<string>();
  readonly #trail = new HistoryTrail();
  readonly #times = new HistoryTimes();
  readonly #walk: FlowWalk;
  #entries = 0;
  /** Whether every version was met, one after the other: what a gap hides nobody knows. */
  #isWhole = true;

  /** @param versions of the run's flow, as far as they are stored */
  constructor(run: Run, versions: readonly CompiledFlow[]) {
    this.#run = run;
    this.#walk = new FlowWalk(versions);
  }

  get runId(): string {
    return this.#run.runId;
  }

  addEntry(entry: HistoryEntry): void {
    this.#entries++;
    // One break shifts every later entry, so only the first is told.
    if (entry.version !== this.#entries && this.#isWhole) {
      this.#isWhole = false;
      this.#find(
        "I1",
        `history has version ${entry.version} where ${this.#entries} was expected; restore what is missing from a backup`,
      );
    }
    if ((entry.kind === "started") !== (this.#entries === 1)) {
      this.#find(
        "I6",
        `entry ${this.#entries} of the history is ${entry.kind}; a run starts once, and first`,
      );
    }
    const [eventId] = seenBy(entry) ?? [];
    if (eventId !== undefined) this.#addEventId(eventId, entry.version);
    this.#guard(`version ${entry.version} of the history`, () => {
      this.#checkDigest(entry);
      if (this.#isWhole) this.#walk.add(this.#trail.state, entry);
    });
    this.#trail.add(entry);
    this.#times.add(entry);
  }

  /** Its entries count, and nothing follows from them. */
  addUnreadable({ firstVersion, lastVersion, fault }: UnreadableHistory): void {
    this.#isWhole = false;
    this.#entries = Math.max(this.#entries, lastVersion);
    this.#find(
      "I1",
      `history: column entries of the row of versions ${firstVersion} to ${lastVersion} ${fault}; restore it from a backup`,
    );
  }

  /** The digest was made of what the caller sent, so it tells when somebody has changed that since. */
  #checkDigest(entry: HistoryEntry): void {
    const { kind, version, type, data, digest, by, commandId, eventId } = entry;
    if (data === undefined) return;
    const salt = commandId === undefined ? `${type}` : `${type} of ${commandId}`;
    const isEvent = eventId !== undefined && digest !== undefined && by === undefined;
    if (isEvent && !isBodyDigest(digest, data, salt))
      this.#find(
        "I6",
        `event ${eventId} of version ${version} is not what was acknowledged: type or data do not fit its digest; restore the history from a backup`,
      );
    if (kind === "started" && !isBodyDigest(this.#run.startDigest, data))
      this.#find(
        "I6",
        `the data of version ${version} is not what the run was started with: it does not fit the digest; restore the history from a backup`,
      );
  }

  #addEventId(eventId: string, version: number): void {
    if (this.#eventIds.has(eventId))
      this.#find("I6", `event ${eventId} was taken in again at version ${version}`);
    this.#eventIds.add(eventId);
  }

  finish(around: RunSurroundings): readonly AuditFinding[] {
    const run = this.#run;
    if (run.version !== this.#entries) {
      this.#isWhole = false;
      this.#find("I1", `the run is at version ${run.version}, its history has ${this.#entries} entries`);
    } else if (this.#isWhole && this.#trail.state !== run.state) {
      this.#find("I1", `the run is in state ${run.state}, its history ends in ${this.#trail.state}`);
    }
    for (const timer of activeTimers(run)) {
      if (!around.isTimerStored(timer))
        this.#find("I3", `timer ${timer.number} (${timer.kind}) is set, and no row will fire it`);
    }
    this.#checkParked(around.deadLetters);
    this.#checkCompensation();
    this.#checkEnd();
    if (run.outcome === null && run.parked === null) {
      for (const command of run.commands) this.#checkCommand(command, around);
      for (const command of run.commands) this.#checkChild(command, around);
    }
    if (this.#isWhole) this.#checkTrail(around.deadLetters);
    if (this.#isWhole) this.#checkTimes();
    this.#guard("the run", () => this.#checkDefinition());
    return this.#findings;
  }

  /** A run that takes steps back waits for exactly one undo, that of its newest step, and is in no other state meanwhile. */
  #checkCompensation(): void {
    const { compensation, state, commands } = this.#run;
    if ((compensation !== null) !== (state === COMPENSATING)) {
      const found = compensation === null ? "no step" : `${compensation.steps.length} steps`;
      this.#find("I3", `the run is in state ${state}, and takes ${found} back`);
    }
    const expected =
      compensation === null ? [] : compensation.steps.slice(-1).map(({ commandId }) => commandId);
    const undone = commands.filter(({ purpose }) => purpose === "undo").map(({ undoes }) => undoes);
    const isOne = compensation === null ? undone.length === 0 : undone.length === 1;
    if (isOne && undone[0] === expected[0]) return;
    const told = (ids: readonly (string | undefined)[]) => ids.join(", ") || "none";
    this.#find("I3", `the undo under way is of ${told(undone)}, expected that of ${told(expected)}`);
  }

  /** Whoever has ended waits for nothing. */
  #checkEnd(): void {
    const { outcome, state, commands, timers } = this.#run;
    if (outcome === null || commands.length + timers.length === 0) return;
    this.#find(
      "I1",
      `the run has ended (${outcome}) in state ${state}, and ${commands.length} commands and ${timers.length} timers are pending, expected none; its column outcome or control was changed`,
    );
  }

  /** The end of a child and what it means to its parent are committed together, if only as a row of the inbox, where it may outlive the child. */
  #checkChild({ id, phase, childId }: PendingCommand, around: RunSurroundings): void {
    if (phase !== "delivered" || childId === undefined || around.isInInbox(childEndInboxId(id))) return;
    const child = around.child(childId);
    if (child === undefined) return;
    if (child === null) this.#find("I3", `the run waits for run ${childId}, which does not exist`);
    else if (child.parent?.runId !== this.runId)
      this.#find("I3", `the run waits for run ${childId}, which has another parent`);
    else if (child.outcome !== null)
      this.#find("I3", `the run waits for run ${childId}, which ended ${child.outcome} and told nobody`);
  }

  #checkParked(deadLetters: readonly AuditedLetter[]): void {
    const hasHead = deadLetters.some(({ reason }) => reason !== null);
    if (this.#run.parked !== null && !hasHead)
      this.#find("I3", `the run is parked (${this.#run.parked}) without a dead letter`);
    if (this.#run.parked === null && deadLetters.length > 0) {
      this.#find("I3", `the run is not parked, and ${deadLetters.length} dead letters wait behind it`);
    }
  }

  /** Each pending command has somebody who moves it on: the outbox, a timer, or a participant that has it. */
  #checkCommand(command: PendingCommand, around: RunSurroundings): void {
    if (command.phase === "sending" && !around.isInOutbox(command.id, command.attempt)) {
      this.#find(
        "I3",
        `attempt ${command.attempt} of command ${command.id} is to be sent, and no outbox row carries it`,
      );
    }
    const hasTimer = this.#run.timers.some(
      ({ kind, commandId }) => kind === "retry" && commandId === command.id,
    );
    if (command.phase === "waiting" && !hasTimer) {
      this.#find("I3", `command ${command.id} waits for attempt ${command.attempt} without a timer`);
    }
  }

  #checkTimes(): void {
    for (const fault of this.#times.faults(this.#run))
      this.#find("I1", `${fault}; correct the column, after a look at the history`);
  }

  /** What the history leaves is what the run has. */
  #checkTrail(deadLetters: readonly AuditedLetter[]): void {
    const { outcome, parked } = this.#run;
    const isParked = outcome === null && this.#trail.isParked;
    if (isParked !== (parked !== null)) {
      const said = isParked ? "its history leaves it parked" : "its history does not leave it parked";
      this.#find("I3", `the run is ${parked === null ? "not parked" : `parked (${parked})`}, and ${said}`);
    }
    this.#checkLetters(deadLetters);
    this.#checkPending();
  }

  #checkLetters(deadLetters: readonly AuditedLetter[]): void {
    const due = this.#run.outcome === null ? this.#trail.letters : new Map<number, { isHead: boolean }>();
    const stored = new Map(deadLetters.map((letter) => [letter.version, letter]));
    for (const [version, { isHead }] of due) {
      const what = isHead ? "parked the run" : "was queued behind it";
      const letter = stored.get(version);
      if (letter === undefined)
        this.#find(
          "I3",
          `what ${what} at version ${version} is no dead letter any more, and nothing took it in; restore its row, or send it again`,
        );
      else if ((letter.reason !== null) !== isHead)
        this.#find(
          "I3",
          `the dead letter of version ${version} has the reason ${letter.reason ?? "none"}, and its history says that it ${what}`,
        );
    }
    for (const version of stored.keys()) {
      if (!due.has(version))
        this.#find("I3", `a dead letter stands for version ${version}, and the history leaves none of it`);
    }
  }

  #checkPending(): void {
    const { outcome, commands } = this.#run;
    const { pending } = this.#trail;
    for (const { id, type } of commands) {
      const issued = pending.get(id);
      if (issued === undefined || issued.type !== type)
        this.#find(
          "I3",
          `command ${id} (${type}) is pending, and the history ${issued === undefined ? "has not issued it, or is done with it" : `has issued it as ${issued.type}`}; restore the run's control from a backup`,
        );
    }
    if (outcome !== null) return;
    const held = new Set(commands.map(({ id }) => id));
    for (const [id, { type, version, isOwed }] of pending) {
      if (isOwed && !held.has(id))
        this.#find(
          "I3",
          `command ${id} (${type}) was issued at version ${version} and has no answer, and the run does not wait for it; restore the run's control from a backup, or force the run into its state again`,
        );
    }
  }

  /** What the run's version says of where it is. */
  #checkDefinition(): void {
    const { flow, flowVersion, state, outcome, businessState, data } = this.#run;
    const pinned = this.#walk.version(flowVersion);
    if (pinned === undefined) return;
    const fault = this.#isWhole ? this.#walk.fault(flowVersion) : null;
    if (fault !== null) this.#find("I1", `${fault}; restore the history from a backup`);
    const faults = pinned.validateData(data);
    if (faults !== null)
      this.#find(
        "I1",
        `the data breaks the schema of flow ${flow} version ${flowVersion}: ${describeFaults(faults)}; restore it, or force the run with data that fits`,
      );
    const place = pinned.states.get(state);
    if (place === undefined) {
      this.#find(
        "I1",
        `the run is in state ${state}, which flow ${flow} version ${flowVersion} does not have`,
      );
      return;
    }
    if (outcome !== place.outcome)
      this.#find(
        "I1",
        `the run has ${outcome === null ? "no outcome" : `the outcome ${outcome}`}, expected ${place.outcome ?? "none"} in state ${state}; correct the column outcome`,
      );
    if (state !== COMPENSATING && businessState !== place.businessState)
      this.#find(
        "I1",
        `the run has the business state ${businessState ?? "none"}, expected ${place.businessState ?? "none"} in state ${state}; correct the column business_state`,
      );
    if (place.outcome === null && this.#run.parked === null && this.#isWhole) this.#checkWait(pinned);
  }

  /** Whoever goes on has the timers that his state has set, and waits for something. */
  #checkWait(flow: CompiledFlow): void {
    const { state, timers } = this.#run;
    const place = flow.states.get(state);
    if (place === undefined || state !== this.#trail.state) return;
    for (const { kind, index } of this.#timersDue(flow)) {
      if (!timers.some((timer) => timer.kind === kind && (index === undefined || timer.index === index)))
        this.#find(
          "I3",
          `state ${state} was entered at version ${this.#trail.enteredAt} and has no timer ${kind}${index === undefined ? "" : ` ${index}`}, expected it to be set; force the run into its state again`,
        );
    }
    if (state !== COMPENSATING && !this.#trail.isSkipped && isStranded(this.#run, place))
      this.#find(
        "I3",
        `the run waits for nothing: no command, no timer, and no event from outside leads out of state ${state}; force it into a state`,
      );
  }

  #timersDue(flow: CompiledFlow): readonly Pick<RunTimer, "kind" | "index">[] {
    const due: Pick<RunTimer, "kind" | "index">[] = [];
    const place = flow.states.get(this.#run.state);
    if (this.#trail.isFlowTimerSet && flow.deadline !== null) due.push({ kind: "flow-deadline" });
    if (place === undefined || !this.#trail.areTimersSet) return due;
    place.after.forEach((_, index) => due.push({ kind: "after", index }));
    if (place.deadline !== null) due.push({ kind: "deadline" });
    if (place.poll?.giveUp != null) due.push({ kind: "give-up" });
    const isAsking = this.#run.commands.some(({ purpose }) => purpose === "poll");
    if (place.poll !== null && this.#trail.isPollSet && !isAsking) due.push({ kind: "poll" });
    return due;
  }

  /** Data may be nested without end, and overflow whoever walks it. */
  #guard(what: string, judge: () => void): void {
    try {
      judge();
    } catch (error) {
      this.#find(
        "I1",
        `${what} cannot be judged (${error instanceof Error ? error.message : String(error)}); look at it, and restore it from a backup`,
      );
    }
  }

  #find(invariant: AuditFinding["invariant"], message: string): void {
    this.#findings.push({ invariant, runId: this.#run.runId, message });
  }
}
