import { COMMAND_FAILED, FLOW_CHANNEL } from "../../core/flow.ts";
import type { ParkReason } from "../../core/run.ts";
import { BULK_OPERATOR } from "./bulk-operators.ts";
import type { Coverage, CoverageKind } from "./coverage.ts";
import type { FinishedRun, FinishedRuns } from "./finished-run.ts";
import { TAKEN_BACK, TIMER_FAR_MS } from "./flow-draft.ts";
import type { ReplayedStep } from "./replay-history.ts";

const PARKED: Readonly<Record<ParkReason, CoverageKind>> = {
  "rule-failed": "rule failed, parked",
  "command-gave-up": "command gave up, parked",
  "command-refused": "command refused, parked",
  "answer-not-taken": "answer not taken, parked",
  "undo-failed": "undo failed, parked",
  "data-too-large": "data too large, parked",
};

/** Counts what has happened to the runs, by their histories. */
export function coverRuns(runs: FinishedRuns, coverage: Coverage): void {
  for (const finished of runs.values()) {
    const { run, entries, replay } = finished;
    if (run.outcome !== null) coverage.count("run ended");
    if (entries.some(({ by }) => by?.startsWith(BULK_OPERATOR) === true)) coverage.count("operated by a job");
    if (run.state === TAKEN_BACK && entries.every(({ kind }) => kind !== "undone"))
      coverage.count("compensated, nothing to take back");
    for (const [at, step] of replay.steps.entries()) {
      for (const kind of kindsOf(step, replay.steps[at - 1])) coverage.count(kind);
    }
    const queued = entries.filter(({ kind, letter }) => kind === "queued" && letter === undefined);
    const waited = new Set(queued.map(({ version, type }) => `${run.runId}:${version}:${type}`));
    const undone = new Set(
      replay.steps.flatMap(({ after }) => after.commands.map(({ undoes = "" }) => undoes)),
    );
    coverage.count("waiting event taken back", waited.intersection(undone).size);
    const settled = new Set(entries.map(({ commandId }) => commandId));
    const issued = new Set(entries.flatMap(({ commands }) => (commands ?? []).map(({ id }) => id)));
    coverage.count("command withdrawn", issued.difference(settled).size);
    coverChild(finished, runs, coverage);
  }
}

function kindsOf(step: ReplayedStep, former: ReplayedStep | undefined): readonly CoverageKind[] {
  return [
    ...commandKinds(step),
    ...timerKinds(step, former),
    ...parkKinds(step),
    ...joinKinds(step),
    ...compensationKinds(step),
    ...operatorKinds(step),
  ];
}

function commandKinds({ entry, before }: ReplayedStep): CoverageKind[] {
  const { kind, type = "", commandId, error } = entry;
  const found: CoverageKind[] = [];
  if (error?.code === "FLOW_HANDLER_PAUSED") found.push("handler paused");
  if (kind === "refused") found.push("refused after it was accepted");
  if (kind === "polled") found.push("poll without news");
  if (kind === "event" && type === COMMAND_FAILED) found.push("command gave up, handled");
  if (kind === "event" && commandId !== undefined && type.startsWith("Ask")) found.push("poll answered");
  const command = before?.commands.find(({ id }) => id === commandId);
  if (entry.eventId !== undefined && commandId !== undefined)
    found.push(command === undefined ? "late answer came too late" : "late answer named its command");
  if (kind === "command-attempted")
    found.push(command?.purpose === "undo" ? "undo tried again" : "command tried again");
  if (command?.channel !== FLOW_CHANNEL || command.childId === undefined) return found;
  if (kind === "event")
    found.push(type === COMMAND_FAILED ? "end of a child not foreseen" : "end of a child taken");
  if (kind === "queued") found.push("end of a child queued");
  return found;
}

function timerKinds(
  { entry, before, after }: ReplayedStep,
  former: ReplayedStep | undefined,
): CoverageKind[] {
  const { kind, type, atMs } = entry;
  if (kind !== "timer" || type === "retry" || type === "poll") return [];
  const found: CoverageKind[] = ["timer fired"];
  if (type === "flow-deadline") found.push("flow deadline fired");
  if (before?.compensation === null && after.compensation !== null) found.push("compensated by a timer");
  if (former !== undefined && atMs - former.entry.atMs >= TIMER_FAR_MS) found.push("timer far away fired");
  return found;
}

function parkKinds({ entry, before, after }: ReplayedStep): CoverageKind[] {
  const found: CoverageKind[] = [];
  if (after.parked !== null && before?.parked == null) found.push(PARKED[after.parked]);
  if (entry.letter === undefined) return found;
  if (entry.kind === "parked") found.push("dead letter parked again");
  else if (entry.kind === "queued") found.push("dead letter queued again");
  else if (entry.kind === "retried") found.push("dead letter sent again");
  else found.push("dead letter taken in");
  return found;
}

/** A join is taken when an answer that lets the run stay does not. */
function joinKinds({ input, entry, flow, before, after }: ReplayedStep): CoverageKind[] {
  const state = flow.states.get(before?.state ?? "");
  const isAnswer =
    input.kind === "settled" && state?.on.get(entry.type ?? "")?.every(({ target }) => target === null);
  if (state?.join == null || isAnswer !== true || after.parked !== null || after.state === state.name)
    return [];
  if (state.join.wait === "all") return ["joined all"];
  const losers = (before?.commands.length ?? 0) - 1;
  if (losers === 0) return ["joined any"];
  return ["joined any", state.join.undoesLosers ? "losers taken back" : "losers given up"];
}

function compensationKinds({ entry, before, after }: ReplayedStep): CoverageKind[] {
  const found: CoverageKind[] = [];
  if (entry.kind === "undone")
    found.push(entry.eventId === undefined ? "step undone" : "step undone by an event");
  const undone = entry.kind === "undone" ? before?.compensation?.steps.at(-1) : undefined;
  if (undone?.commandId.endsWith(`:${undone.command}`) === true) found.push("step of an event undone");
  if (entry.kind === "event" && before?.compensation != null) found.push("event taken back late");
  if (entry.kind === "event" && before?.compensation === null && after.compensation !== null)
    found.push("compensated by an event");
  if (entry.kind === "undone" && after.compensation === null)
    found.push(after.outcome === null ? "compensated and went on" : "compensated and ended");
  return found;
}

function operatorKinds({ input, before }: ReplayedStep): CoverageKind[] {
  if (input.kind !== "operation" || before === null) return [];
  const { operation } = input;
  const isCompensating = before.compensation !== null;
  const isParked = before.parked !== null;
  switch (operation.type) {
    case "cancel":
      return [
        operation.compensate ? "canceled with compensation" : "canceled",
        ...when(isCompensating, "canceled while compensating"),
        ...when(isParked, "canceled while parked"),
      ];
    case "retry":
      return isParked ? ["redriven by a retry"] : ["retried"];
    case "redrive":
      return ["redriven", ...when(isCompensating, "redriven while compensating")];
    case "skip":
      return ["skipped", ...when(isCompensating, "undo skipped")];
    case "force":
      return ["forced", ...when(isCompensating, "forced while compensating")];
    case "migrate":
      return [
        "migrated",
        ...when(isCompensating, "migrated while compensating"),
        ...when(isParked, "migrated while parked"),
      ];
  }
}

function when(isSo: boolean, kind: CoverageKind): readonly CoverageKind[] {
  return isSo ? [kind] : [];
}

function coverChild({ run, entries }: FinishedRun, runs: FinishedRuns, coverage: Coverage): void {
  if (run.parent === null) return;
  const { runId, commandId, depth } = run.parent;
  coverage.count(depth === 1 ? "child started" : "grandchild started");
  if (entries.some(({ eventId }) => eventId === `left:${commandId}`))
    coverage.count("child left and canceled");
  else if (
    !runs
      .get(runId)
      ?.entries.some((entry) => entry.commandId === commandId && entry.kind !== "command-delivered")
  )
    coverage.count("child left and kept");
}
