/** Runs that start runs: each command has one child, each end is told once, and nobody waits for what does not come. */
import { CANCELED } from "../../core/flow.ts";
import type { FinishedRun, FinishedRuns } from "./finished-run.ts";
import type { Report } from "./violation.ts";

/** Commands whose child run has not ended. */
export function livingChildren(runs: FinishedRuns): ReadonlySet<string> {
  const living = [...runs.values()].filter(({ run }) => run.outcome === null);
  return new Set(living.flatMap(({ run }) => (run.parent === null ? [] : [run.parent.commandId])));
}

export function checkFamilies(runs: FinishedRuns, report: Report): void {
  const children = [...runs.values()].filter(({ run }) => run.parent !== null);
  const byCommand = Map.groupBy(children, ({ run }) => run.parent?.commandId ?? "");
  for (const [commandId, born] of byCommand)
    if (born.length > 1) report("I2", `command ${commandId} has started ${born.length} runs`);
  for (const child of children) checkChild(child, runs, report);
  for (const { run, flow, replay } of runs.values()) {
    for (const { id, type, phase } of run.commands) {
      const isAwaited = flow.commands.get(type)?.child !== null && phase === "delivered";
      const isTold = replay.letters.some(({ input }) => input.kind === "settled" && input.commandId === id);
      const [child] = byCommand.get(id) ?? [];
      if (isAwaited && !isTold && child?.run.outcome !== null)
        report("I3", `run ${run.runId} waits for the run of command ${id}, which ${endOf(child)}`);
    }
  }
}

function endOf(child: FinishedRun | undefined): string {
  return child === undefined ? "does not exist" : `has ended (${child.run.runId}: ${child.run.outcome})`;
}

function checkChild({ run, entries }: FinishedRun, runs: FinishedRuns, report: Report): void {
  if (run.parent === null) return;
  const { runId, commandId } = run.parent;
  const parent = runs.get(runId);
  if (parent === undefined)
    return report("I1", `run ${run.runId} names the parent ${runId}, which there is not`);
  if (parent.run.lane !== run.lane)
    report("I5", `run ${run.runId} is in lane ${run.lane}, and its parent in lane ${parent.run.lane}`);
  const told = parent.entries.filter((entry) => entry.commandId === commandId && TELLING.has(entry.kind));
  const askedAgain = told.filter(({ kind }) => kind === "retried").length;
  const ends = told.filter(({ kind, letter }) => kind !== "retried" && letter === undefined).length;
  if (ends > 1 + askedAgain)
    report("I2", `run ${run.runId} has told its end ${ends} times, and was asked again ${askedAgain} times`);
  if (run.outcome !== null) return;
  const isAwaited = parent.run.commands.some(({ id }) => id === commandId);
  const isKept = isKeptWhenLeft(parent, commandId);
  const wasCanceled =
    run.compensation?.target === CANCELED || entries.some(({ eventId }) => eventId === `left:${commandId}`);
  if (!isAwaited && !isKept && !wasCanceled)
    report(
      "I3",
      `run ${run.runId} goes on in state ${run.state}, and its parent ${runId} waits for it no more`,
    );
}

/** Entries by which a run takes note of what became of a command, or sends it again. */
const TELLING: ReadonlySet<string> = new Set(["event", "unexpected", "parked", "queued", "retried"]);

/** Whether any version of the parent that had the command pending lets its run go on. */
function isKeptWhenLeft({ replay }: FinishedRun, commandId: string): boolean {
  return replay.steps.some(({ flow, after }) => {
    const command = after.commands.find(({ id }) => id === commandId);
    return command !== undefined && flow.commands.get(command.type)?.child?.isCanceledWhenLeft === false;
  });
}
