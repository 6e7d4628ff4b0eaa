import type { TraceContext } from "@sluice/contracts/broker-message";
import type { Json, JsonObject } from "@sluice/contracts/envelope";

/** A command the run has issued and that is not answered yet. */
export interface PendingCommand {
  /** `<run>:<version>:<n>` */
  readonly id: string;
  readonly type: string;
  readonly channel: string;
  readonly data: Json;
  /** The attempt that is under way or, while waiting, comes next. Counted from 1. */
  readonly attempt: number;
  /** `sending`: in the outbox or the batch · `waiting` for its retry timer · `delivered`: taken, the answer comes later. */
  readonly phase: "sending" | "waiting" | "delivered";
  readonly purpose: "do" | "poll" | "undo";
  /** Attempts that do not count any more, since an operator asked for new ones. */
  readonly attemptsForgiven?: number;
  /** An undo names the step it takes back: the id of its command, or one of its own where an event told what was done. */
  readonly undoes?: string;
  /** The run that the command of a child flow has started. */
  readonly childId?: string;
  /** Its effect is committed, and only the answer is to come: it must not be attempted again. */
  readonly isCarriedOut?: true;
}

/** A step that was, or may have been, carried out, with what takes it back. */
export interface Step {
  readonly state: string;
  /** Type of the command, or of the event that told what was done. */
  readonly command: string;
  readonly commandId: string;
  readonly undo: Pick<PendingCommand, "type" | "channel" | "data">;
}

/** Steps being taken back, the last of them first. */
export interface Compensation {
  /** Where the run goes when all is taken back. */
  readonly target: string;
  /** The one under way is the last. */
  readonly steps: readonly Step[];
  /** The state that was left: events that come meanwhile are judged by it. Absent in runs of a former release. */
  readonly from?: string;
}

/** The run that started this one, by which of its commands. */
export interface Parent {
  readonly runId: string;
  readonly commandId: string;
  /** Generations above this run. */
  readonly depth: number;
}

/**
 * `after`, `deadline`, `flow-deadline` and `give-up` move the run; `retry` sends a command again; `poll` asks.
 */
export type TimerKind = "after" | "deadline" | "flow-deadline" | "give-up" | "retry" | "poll";

/** A timer of a run. Its number never comes back, so a stale firing is known by it. */
export interface RunTimer {
  readonly number: number;
  readonly kind: TimerKind;
  readonly dueAtMs: number;
  /** Which of several: the index in `after`, the command of `retry`, the count of queries of `poll`. */
  readonly index?: number;
  readonly commandId?: string;
}

/** Why a run is parked. */
export type ParkReason =
  | "rule-failed"
  | "command-gave-up"
  | "command-refused"
  | "answer-not-taken"
  | "undo-failed"
  | "data-too-large";

/** One execution of a flow. Immutable: each decision makes a new one. */
export interface Run {
  readonly runId: string;
  readonly flow: string;
  readonly flowVersion: number;
  /** The caller's name for the run; unique within its flow. */
  readonly key: string | null;
  readonly lane: number;
  /** Number of history entries; 1 after the start (I1). */
  readonly version: number;
  readonly state: string;
  readonly businessState: string | null;
  /** Set once, with the final state. */
  readonly outcome: string | null;
  readonly parked: ParkReason | null;
  readonly data: JsonObject;
  /** `data` as it is stored. Kept so that nobody serialises it twice. */
  readonly dataText: string;
  readonly commands: readonly PendingCommand[];
  readonly timers: readonly RunTimer[];
  /** Number of the last timer given. */
  readonly timerCount: number;
  /** Completed steps that know how to be taken back, oldest first. */
  readonly steps: readonly Step[];
  readonly compensation: Compensation | null;
  readonly parent: Parent | null;
  /** What it was started in, and is part of to its end, whoever owns it by then. Absent: nobody traced its start. */
  readonly trace?: TraceContext;
  /** The caller's idempotency key of the start, and a digest of its body. */
  readonly startId: string | null;
  readonly startDigest: number;
  readonly createdAtMs: number;
  readonly enteredAtMs: number;
  readonly updatedAtMs: number;
}

/**
 * A final run keeps no timers. A parked run's timers sleep until it is redriven, then fire if due; so does the flow's deadline while steps
 * are taken back.
 */
export function activeTimers(
  run: Pick<Run, "outcome" | "parked" | "compensation" | "timers">,
): readonly RunTimer[] {
  if (run.outcome !== null || run.parked !== null) return [];
  return run.compensation === null ? run.timers : run.timers.filter(({ kind }) => kind === "retry");
}

export function withCommand(run: Run, changedCommand: PendingCommand): Run {
  return {
    ...run,
    commands: run.commands.map((command) => (command.id === changedCommand.id ? changedCommand : command)),
  };
}

export function withoutCommand(run: Run, commandId: string): Run {
  const commands = run.commands.filter(({ id }) => id !== commandId);
  return { ...withoutTimersOf(run, commandId), commands };
}

/** The run without the timer that would send this command again. */
export function withoutTimersOf(run: Run, commandId: string): Run {
  return { ...run, timers: run.timers.filter((timer) => timer.commandId !== commandId) };
}
