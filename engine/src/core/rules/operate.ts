/** What operators do to a run. Each operation happens once by its id, and its entry names who asked for it and why. */
import type { Json } from "@sluice/contracts/envelope";
import type { CompiledFlow } from "../compile-flow.ts";
import { changed, reject, unchanged } from "../decision.ts";
import type { Context, Decision, KnownRun } from "../decision.ts";
import { digest } from "../digest.ts";
import { toPlainError } from "../errors.ts";
import { CANCELED, COMPENSATING } from "../flow.ts";
import type { HistoryKind } from "../history.ts";
import type { Operation, OperationInput, RedriveInput } from "../inputs.ts";
import type { DeadLetterRow } from "../ports.ts";
import { withoutCommand } from "../run.ts";
import type { PendingCommand, Run } from "../run.ts";
import { isStranded } from "./commands.ts";
import { enter, requireState, withData } from "./enter.ts";
import type { Moved } from "./enter.ts";
import { migrate } from "./migrate.ts";
import type { Trace } from "./park.ts";
import { withNewAttempts } from "./redrive.ts";
import { addSteps, afterUndo, compensate } from "./steps.ts";

/** What an operation makes of a run, or why it does not. */
type Outcome =
  | { readonly moved: Moved; readonly kind: HistoryKind; readonly taken?: Taken; readonly data?: Json }
  | { readonly refused: Decision };

/** Dead letters: those dropped or taken in again. */
interface Taken {
  readonly all: readonly DeadLetterRow[];
  readonly again: readonly DeadLetterRow[];
}

export function operate(context: Context, known: KnownRun, input: OperationInput): Decision {
  const operationDigest = digest(JSON.stringify(input.operation));
  const before = known.seen.get(input.id);
  if (before !== undefined) {
    if (before.digest === operationDigest)
      return unchanged({ outcome: "applied", version: before.version, isRepeat: true });
    return reject("FLOW_IDEMPOTENCY_CONFLICT", `operation id ${input.id} came before with another operation`);
  }
  const { run } = known;
  if (run.outcome !== null)
    return reject("FLOW_RUN_FINAL", `the run ended in state ${run.state} with outcome ${run.outcome}`, {
      runId: run.runId,
    });
  const outcome = tryToOperate(context, run, known.deadLetters ?? [], input.operation);
  if ("refused" in outcome) return outcome.refused;
  const trace: Trace = {
    type: input.operation.type,
    eventId: input.id,
    digest: operationDigest,
    by: input.by,
    ...(input.reason === null ? {} : { reason: input.reason }),
    ...(outcome.data === undefined ? {} : { data: outcome.data }),
  };
  const { moved, kind, taken } = outcome;
  const decision = changed(moved.run, { ...trace, kind }, { outcome: "applied" }, context.nowMs, moved.send);
  return taken === undefined ? decision : { ...decision, letters: lettersOf(run, taken) };
}

function lettersOf({ runId }: Run, { all, again }: Taken): NonNullable<Decision["letters"]> {
  return {
    taken: all.map(({ version }) => version),
    again: again.map(({ version, input }): RedriveInput => ({ kind: "redrive", runId, version, input })),
  };
}

/** A rule of the definition that throws refuses the operation: nothing changed, and the operator is told. */
function tryToOperate(
  context: Context,
  run: Run,
  letters: readonly DeadLetterRow[],
  operation: Operation,
): Outcome {
  try {
    return perform(context, run, letters, operation);
  } catch (error) {
    const { code, message } = toPlainError(error, "FLOW_RULE_FAILED");
    const refusal = code === "FLOW_DATA_TOO_LARGE" ? code : "FLOW_BAD_DATA";
    return { refused: reject(refusal, `${operation.type} is not possible with this run's data: ${message}`) };
  }
}

function perform(
  context: Context,
  run: Run,
  letters: readonly DeadLetterRow[],
  operation: Operation,
): Outcome {
  switch (operation.type) {
    case "cancel":
      return cancel(context, run, letters, operation.compensate);
    case "retry":
      return run.parked === null ? retry(run) : goOn(run, letters);
    case "redrive":
      return run.parked === null ? notParked(run) : goOn(run, letters);
    case "skip":
      return run.parked === null ? notParked(run) : skip(context, run, letters);
    case "force":
      return force(context, run, letters, operation);
    case "migrate": {
      const migrated = migrate(context, run);
      return "refused" in migrated ? migrated : { ...migrated, kind: "migrated" };
    }
  }
}

function notParked(run: Run): Outcome {
  return {
    refused: reject(
      "FLOW_RUN_NOT_PARKED",
      `the run is in state ${run.state} and not parked, expected one with dead letters`,
      {
        runId: run.runId,
      },
    ),
  };
}

function cancel(
  context: Context,
  run: Run,
  letters: readonly DeadLetterRow[],
  isCompensated: boolean,
): Outcome {
  const version = run.version + 1;
  const taken: Taken = { all: letters, again: [] };
  const free: Run = { ...run, parked: null };
  if (!isCompensated) {
    const state = requireState(context.flow, CANCELED);
    const moved = enter(context, { ...free, compensation: null }, state, version, true);
    return { moved, kind: "canceled", taken };
  }
  if (run.compensation !== null) {
    const message = `the run's steps are being taken back already, before it enters ${run.compensation.target}; retry or skip the undo, or cancel without compensation`;
    return { refused: reject("FLOW_COMPENSATING", message, { runId: run.runId }) };
  }
  const stepped = addSteps(free, requireState(context.flow, run.state), run.commands, null);
  const moved = compensate(context, stepped, stepped.steps, CANCELED, version);
  return { moved, kind: "canceled", taken };
}

/** Commands that wait for their next attempt, or for an answer that may have got lost, are sent now. */
function retry(run: Run): Outcome {
  const again = run.commands.filter(({ phase, purpose }) => phase !== "sending" && purpose !== "poll");
  if (again.length === 0) {
    const message = `the run is in state ${run.state} and has no command that waits, expected one to send again`;
    return { refused: reject("FLOW_NOTHING_TO_RETRY", message, { runId: run.runId }) };
  }
  const ids = new Set(again.map(({ id }) => id));
  const send: PendingCommand[] = [];
  const commands = run.commands.map((command) => {
    if (!ids.has(command.id)) return command;
    const sending = withNewAttempts(command);
    send.push(sending);
    return sending;
  });
  const timers = run.timers.filter(({ commandId }) => commandId === undefined || !ids.has(commandId));
  return { moved: { run: { ...run, commands, timers }, send }, kind: "retried" };
}

/** The run is parked no more, and what waits takes its turn. */
function goOn(run: Run, letters: readonly DeadLetterRow[]): Outcome {
  const moved: Moved = { run: { ...run, parked: null }, send: [] };
  return { moved, kind: "redriven", taken: { all: letters, again: letters } };
}

function skip(context: Context, run: Run, letters: readonly DeadLetterRow[]): Outcome {
  const head = letters.find(({ reason }) => reason !== null);
  const again = letters.filter((letter) => letter !== head);
  const moved = withoutHead(context, { ...run, parked: null }, head);
  if (moved.run.outcome === null && again.length === 0 && isStranded(context, moved.run)) {
    const message = `without its dead letter nothing would move the run on from state ${run.state}; redrive it, or force it into another state`;
    return { refused: reject("FLOW_WOULD_STRAND", message, { runId: run.runId, state: run.state }) };
  }
  return { moved, kind: "skipped", taken: { all: letters, again } };
}

/** What the dead letter was about goes with it: a command is waited for no more, a timer is cleared, an undo counts as done. */
function withoutHead(context: Context, run: Run, head: DeadLetterRow | undefined): Moved {
  if (head?.input.kind === "timer") {
    const { number } = head.input;
    return { run: { ...run, timers: run.timers.filter((timer) => timer.number !== number) }, send: [] };
  }
  if (head?.input.kind !== "settled") return { run, send: [] };
  const { commandId } = head.input;
  const command = run.commands.find(({ id }) => id === commandId);
  if (command?.purpose === "undo") return afterUndo(context, run, command);
  return { run: withoutCommand(run, commandId), send: [] };
}

function force(
  context: Context,
  run: Run,
  letters: readonly DeadLetterRow[],
  { state, data }: Extract<Operation, { readonly type: "force" }>,
): Outcome {
  const target = context.flow.states.get(state);
  if (target === undefined || state === COMPENSATING) return { refused: unknownState(context.flow, state) };
  const free: Run = { ...run, parked: null, compensation: null };
  const given = data === undefined ? free : withData(context, free, data, "the operator gave data");
  const again = letters.filter(({ reason }) => reason === null);
  const moved = enter(context, given, target, run.version + 1, true);
  const taken: Taken = { all: letters, again };
  return { moved, kind: "forced", taken, ...(data === undefined ? {} : { data }) };
}

function unknownState(flow: CompiledFlow, state: string): Decision {
  const known = [...flow.states.keys()].filter((name) => name !== COMPENSATING).join(", ");
  return reject(
    "FLOW_UNKNOWN_STATE",
    `flow ${flow.name} version ${flow.version} has no state ${state}, expected one of: ${known}`,
  );
}
