import type { Answer } from "../../core/decision.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { LaneInput } from "../../core/inputs.ts";
import type { DeadLetterRow, SeenEvent } from "../../core/ports.ts";
import type { PendingCommand, Run } from "../../core/run.ts";
import { BatchWork } from "../../runtime/batch-work.ts";
import type { FlowRegistry } from "../../runtime/flow-registry.ts";
import { resolveEngineOptions } from "../../runtime/options.ts";

/** A run with all that the rules look at, and nothing around it. Never changed: what happens to it makes another. */
export interface HeldRun {
  readonly run: Run;
  readonly entries: readonly HistoryEntry[];
  readonly seen: ReadonlyMap<string, SeenEvent>;
  readonly letters: readonly DeadLetterRow[];
}

/** What came of one input. */
export interface Taken {
  readonly answer: Answer;
  /** The run afterwards; null where there is none, since its start was refused. */
  readonly held: HeldRun | null;
  /** Commands to participants and child flows that have to leave. */
  readonly sent: readonly PendingCommand[];
}

const LANES = 1;

/** The limits that an engine has where nobody sets others. */
const LIMITS = resolveEngineOptions({});

/** Takes one input as a batch of the engine does, with a store that holds this run alone. */
export function take(flows: FlowRegistry, before: HeldRun | null, input: LaneInput, nowMs: number): Taken {
  const work = new BatchWork(flows, LIMITS, LANES, nowMs);
  // The batch adds to what was seen, and what was held before stays as it is.
  work.hold(input.runId, before === null ? null : { run: before.run, seen: new Map(before.seen) });
  work.holdLetters(input.runId, before?.letters ?? []);
  const answer = work.apply(input);
  const [changed] = work.changed();
  if (changed === undefined) return { answer, held: before, sent: [] };
  const { run, work: after } = changed;
  const held: HeldRun = {
    run,
    entries: [...(before?.entries ?? []), ...after.entries],
    seen: after.seen,
    letters: after.letters,
  };
  return { answer, held, sent: work.takeDue().map(({ command }) => command) };
}
