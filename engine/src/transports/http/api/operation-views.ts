/** Jobs, dead letters, pauses and the audit as the API shows them. */
import type { Static } from "typebox";
import { engineError } from "../../../core/errors.ts";
import type { LetterInput } from "../../../core/inputs.ts";
import type { ActionRow, DeadLetterRow, PauseRow, RunFilter } from "../../../core/ports.ts";
import type { Run } from "../../../core/run.ts";
import { STACK_CHARS_MAX } from "./operation-schemas.ts";
import type * as schemas from "./operation-schemas.ts";
import { toIso } from "./iso-time.ts";

/**
 * The work of a job. An operation on a single run is kept with a plan too, but it is in no list of jobs: the audit has it.
 * @throws FLOW_NOT_A_JOB (conflict)
 */
export function jobOf({ actionId, kind, job }: ActionRow): NonNullable<ActionRow["job"]> {
  if (job !== null && kind.startsWith("runs.")) return job;
  throw engineError(
    "FLOW_NOT_A_JOB",
    `action ${actionId} is no job (${kind}), expected the id of one over many runs; GET /v1/audit has all others`,
  );
}

/** @throws FLOW_NOT_A_JOB (conflict) */
export function viewJob(action: ActionRow): Static<typeof schemas.Job> {
  const { actionId, state, by, reason } = action;
  const job = jobOf(action);
  const { operation, filter, isDryRun, runsPerSecond, refusal } = job.plan;
  const { seen, applied, refused, examples, fates } = job.progress;
  return {
    jobId: actionId,
    operation,
    filter: viewFilter(filter),
    dryRun: isDryRun,
    runsPerSecond,
    state,
    seen,
    applied,
    refused: { ...refused },
    examples: [...examples],
    ...(fates === undefined ? {} : { fates: [...fates] }),
    ...(refusal === undefined ? {} : { refusal }),
    by,
    reason,
    ...viewTimes(action),
  };
}

function viewFilter({ updatedSinceMs, ...filter }: RunFilter): object {
  return { ...filter, ...(updatedSinceMs === undefined ? {} : { updatedSince: toIso(updatedSinceMs) }) };
}

export function viewAction(action: ActionRow): Static<typeof schemas.AuditEntry> {
  const { actionId, kind, by, reason, subject, state, job } = action;
  const { filter } = subject;
  return {
    actionId,
    kind,
    by,
    reason,
    subject: { ...subject, ...(filter === undefined ? {} : { filter: viewFilter(filter as RunFilter) }) },
    state,
    runs: job === null ? null : viewCounts(job.progress),
    ...viewTimes(action),
  };
}

function viewCounts({ seen, applied, refused }: NonNullable<ActionRow["job"]>["progress"]) {
  return { seen, applied, refused: { ...refused } };
}

function viewTimes({ askedAtMs, endedAtMs }: ActionRow) {
  return { askedAt: toIso(askedAtMs), endedAt: endedAtMs === null ? null : toIso(endedAtMs) };
}

export function viewPause({ flow, scope, name, by, reason, atMs }: PauseRow): Static<typeof schemas.Pause> {
  return {
    flow,
    state: scope === "state" ? name : null,
    command: scope === "command" ? name : null,
    by,
    reason,
    at: toIso(atMs),
  };
}

/** With the stack of what parked its run, for who may operate. */
export function viewDeadLetterWithStack(
  letter: DeadLetterRow,
  run: Run | undefined,
): Static<typeof schemas.DeadLetterWithStack> {
  const stack = letter.error?.stack ?? null;
  return { ...viewDeadLetter(letter, run), stack: stack === null ? null : stack.slice(0, STACK_CHARS_MAX) };
}

/** `run` is the letter's, as far as it is still there. Stacks stay inside, and so does all of the input that is the engine's own. */
export function viewDeadLetter(
  letter: DeadLetterRow,
  run: Run | undefined,
): Static<typeof schemas.DeadLetter> {
  const { runId, version, reason, state, input, error, atMs } = letter;
  return {
    runId,
    version,
    flow: run?.flow ?? null,
    key: run?.key ?? null,
    state,
    place: reason === null ? "behind" : "head",
    reason,
    input: viewInput(input, run),
    error: error === null ? null : { code: error.code, kind: error.kind, message: error.message },
    at: toIso(atMs),
  };
}

type InputView = Static<typeof schemas.DeadLetter>["input"];

function viewInput(input: LetterInput, run: Run | undefined): InputView {
  switch (input.kind) {
    case "event":
      return {
        kind: "event",
        type: input.type,
        eventId: input.id,
        data: input.data,
        ...commandOf(input, run),
      };
    case "timer":
      return { kind: "timer", ...typeOfTimer(input.number, run) };
    case "settled":
      return { ...viewSettlement(input.settlement), ...commandOf(input, run), attempt: input.attempt };
  }
}

function typeOfTimer(number: number, run: Run | undefined): { readonly type?: string } {
  const kind = run?.timers.find((timer) => timer.number === number)?.kind;
  return kind === undefined ? {} : { type: kind };
}

/** The command that an input names, with its type and what it carried where the run still waits for it. */
function commandOf({ commandId }: { readonly commandId?: string }, run: Run | undefined) {
  if (commandId === undefined) return {};
  const command = run?.commands.find(({ id }) => id === commandId);
  return {
    commandId,
    ...(command === undefined ? {} : { command: command.type, commandData: command.data }),
  };
}

function viewSettlement(
  settlement: Extract<LetterInput, { readonly kind: "settled" }>["settlement"],
): InputView {
  switch (settlement.type) {
    case "answered":
      return { kind: "answer", type: settlement.event.type, data: settlement.event.data };
    case "failed": {
      const { code, kind, message } = settlement.error;
      return { kind: "failure", data: { code, kind, message } };
    }
    case "ended":
      return { kind: "child-ended", type: settlement.outcome, data: settlement.data };
    case "delivered":
    case "no-news":
      return { kind: "delivery" };
  }
}
