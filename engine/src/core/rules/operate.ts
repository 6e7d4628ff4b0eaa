/** What operators do to a run. Each operation happens once by its id, and its entry names who asked for it and why. */
import type { Json } from "@sluice/contracts/envelope";
import type { CompiledFlow, CompiledState } from "../compile-flow.ts";
import { changed, reject, rejectUnkeepable, unchanged } from "../decision.ts";
import type { Context, Decision, KnownRun } from "../decision.ts";
import { bodyDigest, isBodyDigest } from "../digest.ts";
import { toPlainError } from "../errors.ts";
import { CANCELED, COMMAND_FAILED, COMPENSATING, FLOW_CHANNEL } from "../flow.ts";
import type { HistoryKind } from "../history.ts";
import { copyJson } from "../json-copy.ts";
import type {
  EventInput,
  LetterInput,
  Operation,
  OperationInput,
  RedriveInput,
  SettledInput,
} from "../inputs.ts";
import type { DeadLetterRow } from "../ports.ts";
import { fitsCondition } from "../run-condition.ts";
import { withoutCommand } from "../run.ts";
import type { Compensation, PendingCommand, Run } from "../run.ts";
import { wordOfChild } from "./commands.ts";
import { armAt, enter, requireState, withData } from "./enter.ts";
import type { Moved } from "./enter.ts";
import { canAnswer, passJoins } from "./follow.ts";
import { migrate } from "./migrate.ts";
import type { Trace } from "./park.ts";
import { nextQueryAtMs, queryNumber } from "./polls.ts";
import { withNewAttempts } from "./redrive.ts";
import { addSteps, addUntakenStep, addWaitingStep, compensate, givenUp } from "./steps.ts";
import type { Told } from "./steps.ts";
import { isStranded } from "./stranded.ts";
import { afterUndo } from "./undo.ts";

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
  const { copy: body, fault } = copyJson(input.operation as unknown as Json);
  if (fault !== null) return rejectUnkeepable("FLOW_BAD_DATA", "the data of an operation", fault);
  const before = known.seen.get(input.id);
  if (before !== undefined) {
    if (isBodyDigest(before.digest, body))
      return unchanged({ outcome: "applied", version: before.version, isRepeat: true });
    return reject("FLOW_IDEMPOTENCY_CONFLICT", `operation id ${input.id} came before with another operation`);
  }
  const { run } = known;
  if (input.where !== undefined && !fitsCondition(run, input.where)) return unchanged({ outcome: "stale" });
  if (run.outcome !== null)
    return reject("FLOW_RUN_FINAL", `the run ended in state ${run.state} with outcome ${run.outcome}`, {
      runId: run.runId,
    });
  const outcome = tryToOperate(context, known, input.operation);
  if ("refused" in outcome) return outcome.refused;
  const trace: Trace = {
    type: input.operation.type,
    eventId: input.id,
    digest: bodyDigest(body),
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
    again: again.map(({ version, reason, input }): RedriveInput => ({
      kind: "redrive",
      runId,
      version,
      reason,
      input,
    })),
  };
}

/** A rule of the definition that throws refuses the operation: nothing changed, and the operator is told. */
function tryToOperate(context: Context, known: KnownRun, operation: Operation): Outcome {
  try {
    return perform(context, known, operation);
  } catch (error) {
    const { code, message } = toPlainError(error, "FLOW_RULE_FAILED");
    const refusal = code === "FLOW_DATA_TOO_LARGE" ? code : "FLOW_BAD_DATA";
    return { refused: reject(refusal, `${operation.type} is not possible with this run's data: ${message}`) };
  }
}

function perform(
  context: Context,
  { run, deadLetters: letters = [], pinned }: KnownRun,
  operation: Operation,
): Outcome {
  switch (operation.type) {
    case "cancel":
      return operation.compensate ? cancelCompensated(context, run, letters) : cancel(context, run, letters);
    case "retry":
      return run.parked === null ? retry(run) : goOn(run, letters);
    case "redrive":
      return run.parked === null ? notParked(run) : goOn(run, letters);
    case "skip":
      return run.parked === null ? notParked(run) : skip(context, run, letters);
    case "force":
      return force(context, run, letters, operation);
    case "migrate": {
      const migrated = migrate(context, run, pinned);
      return "refused" in migrated ? migrated : migratedTo(context, run, letters, migrated.moved);
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

function cancel(context: Context, run: Run, letters: readonly DeadLetterRow[]): Outcome {
  const moved = moveTo(context, run, letters, requireState(context.flow, CANCELED));
  return { moved, kind: "canceled", taken: withoutHeads(letters) };
}

/** All that the run has done, or may have done, is taken back before it ends. */
function cancelCompensated(context: Context, run: Run, letters: readonly DeadLetterRow[]): Outcome {
  if (run.compensation !== null) return cancelCompensating(run, run.compensation);
  const { free, rest } = setFree(context, run, letters, true);
  const moved = compensate(context, free, free.steps, CANCELED, run.version + 1);
  return { moved: passJoins(context, moved), kind: "canceled", taken: { all: letters, again: rest } };
}

/** The undo under way goes on, also if it parked the run; all other steps follow it, and then the run ends. */
function cancelCompensating(run: Run, before: Compensation): Outcome {
  const { target, steps } = before;
  if (target === CANCELED && run.steps.length === 0) {
    const message = `the run is being canceled already, and takes back ${steps.length} ${steps.length === 1 ? "step" : "steps"} before; retry or skip an undo that fails, or cancel without compensation`;
    return { refused: reject("FLOW_COMPENSATING", message, { runId: run.runId }) };
  }
  const compensation: Compensation = { ...before, target: CANCELED, steps: [...run.steps, ...steps] };
  return { moved: { run: { ...run, steps: [], compensation }, send: [] }, kind: "canceled" };
}

/** As if a transition had led there, from whatever the run was held by. */
function moveTo(context: Context, run: Run, letters: readonly DeadLetterRow[], target: CompiledState): Moved {
  // Where the run ends nothing is taken back any more, so no rule that throws can hold it here.
  const isEnd = target.outcome !== null;
  const free = isEnd ? { ...run, parked: null, compensation: null } : setFree(context, run, letters).free;
  return passJoins(context, enter(context, free, target, run.version + 1, true));
}

/**
 * A run that its operator takes out of its state. What it has done, or may have done, can still be taken back, and so can what parked it;
 * at its end (`isEnd`) also what waited behind, which was told and nobody takes in any more. `rest` is what is left of the dead letters.
 */
function setFree(
  { flow }: Context,
  run: Run,
  letters: readonly DeadLetterRow[],
  isEnd = false,
): { readonly free: Run; readonly rest: readonly DeadLetterRow[] } {
  const state = requireState(flow, run.state);
  const steps = [...run.steps, ...(run.compensation?.steps ?? [])];
  let free: Run = { ...run, parked: null, compensation: null, steps };
  const rest: DeadLetterRow[] = [];
  for (const letter of letters) {
    const told = toldBy(flow, run, letter);
    const before = free;
    if (letter.reason === null && isEnd && told !== null) free = addWaitingStep(flow, free, state, told);
    if (letter.reason !== null && told !== null) free = addUntakenStep(free, state, told);
    if (letter.reason === null && free === before) rest.push(letter);
  }
  return { free: addSteps(free, state, givenUp(run.commands)), rest };
}

/** The run is where it was not before: what parked it is dropped, what waited behind is taken in there. */
function withoutHeads(letters: readonly DeadLetterRow[]): Taken {
  return { all: letters, again: letters.filter(({ reason }) => reason === null) };
}

/**
 * Commands that wait for their next attempt, or for an answer that may have got lost, are sent now. The end of a child run cannot get
 * lost, a poll asks again by itself, and what was carried out within a batch would be carried out twice.
 */
function retry(run: Run): Outcome {
  const again = run.commands.filter(
    ({ phase, purpose, channel, isCarriedOut }) =>
      phase !== "sending" && purpose !== "poll" && channel !== FLOW_CHANNEL && isCarriedOut !== true,
  );
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
  const moved = passJoins(context, withoutHead(context, { ...run, parked: null }, head, again));
  const isMoved = moved.run.outcome !== null || again.some(({ input }) => input.kind === "event");
  if (!isMoved && isStranded(moved.run, requireState(context.flow, moved.run.state))) {
    const message = `without its dead letter nothing would move the run on from state ${run.state}; redrive it, or force it into another state`;
    return { refused: reject("FLOW_WOULD_STRAND", message, { runId: run.runId, state: run.state }) };
  }
  return { moved, kind: "skipped", taken: { all: letters, again } };
}

/** What the dead letter was about goes with it: a command is waited for no more, a timer is cleared, an undo counts as done. */
function withoutHead(
  context: Context,
  run: Run,
  head: DeadLetterRow | undefined,
  behind: readonly DeadLetterRow[],
): Moved {
  if (head === undefined) return stay(run);
  const moved = withoutSubject(context, run, head.input, behind);
  const told = toldBy(context.flow, run, head);
  if (told === null) return moved;
  return { ...moved, run: addUntakenStep(moved.run, requireState(context.flow, run.state), told) };
}

function withoutSubject(
  context: Context,
  run: Run,
  input: LetterInput,
  behind: readonly DeadLetterRow[],
): Moved {
  switch (input.kind) {
    case "timer":
      return stay(withoutTimer(context, run, input.number));
    case "event": {
      const command = answeredLate(context.flow, run, input, behind);
      return command === undefined ? stay(run) : withoutWaited(context, run, command, input.type);
    }
    case "settled": {
      const command = run.commands.find(({ id }) => id === input.commandId);
      if (command === undefined) return stay(run);
      const event = eventOf(context.flow, command, input.settlement)?.type ?? null;
      return withoutWaited(context, run, command, event);
    }
  }
}

/** What is left to do of a command whose word is skipped. */
function withoutWaited(context: Context, run: Run, command: PendingCommand, event: string | null): Moved {
  if (command.purpose === "undo") return afterUndo(context, run, command);
  const remaining = withoutCommand(run, command.id);
  if (command.purpose === "poll") return stay(withNextQuery(context, remaining, command));
  return stay(addSteps(remaining, requireState(context.flow, run.state), [{ command, event }]));
}

/** The command that an event answered: the one it names, or one that was taken and has no other word waiting. Nobody would answer it again. */
function answeredLate(
  flow: CompiledFlow,
  { commands }: Run,
  { type, commandId }: EventInput,
  behind: readonly DeadLetterRow[],
): PendingCommand | undefined {
  if (commandId !== undefined) return commands.find(({ id }) => id === commandId);
  const told = new Set(behind.map(({ input }) => (input.kind === "timer" ? undefined : input.commandId)));
  const isTaken = ({ id, phase, channel }: PendingCommand): boolean =>
    phase === "delivered" && channel !== FLOW_CHANNEL && !told.has(id);
  return commands.find((command) => isTaken(command) && canAnswer(flow, command, type));
}

function stay(run: Run): Moved {
  return { run, send: [] };
}

/** The query of a poll that is skipped is followed by the next one. */
function withoutTimer(context: Context, run: Run, number: number): Run {
  const timer = run.timers.find((each) => each.number === number);
  const cleared: Run = { ...run, timers: run.timers.filter((each) => each !== timer) };
  if (timer?.kind !== "poll") return cleared;
  const query = { id: `${run.runId}:${run.version}:0`, attempt: queryNumber(timer) };
  return withNextQuery(context, cleared, query);
}

function withNextQuery(context: Context, run: Run, query: Pick<PendingCommand, "id" | "attempt">): Run {
  const { poll } = requireState(context.flow, run.state);
  if (poll === null) return run;
  return armAt(run, "poll", nextQueryAtMs(context, poll, query), { index: query.attempt });
}

/** The event that a dead letter tells of, if it is one that its state could have taken. */
function toldBy(flow: CompiledFlow, run: Run, { input, version }: DeadLetterRow): Told | null {
  if (input.kind === "event") return { type: input.type, data: input.data, version };
  if (input.kind === "timer") return null;
  const command = run.commands.find(({ id }) => id === input.commandId);
  const told = command === undefined ? null : eventOf(flow, command, input.settlement);
  return told !== null && flow.events.get(told.type)?.(told.data) === null ? { ...told, version } : null;
}

/** What the word of a command says, as an event. */
function eventOf(
  flow: CompiledFlow,
  command: PendingCommand,
  settlement: SettledInput["settlement"],
): Told | null {
  const word = settlement.type === "ended" ? wordOfChild(flow, command, settlement) : settlement;
  if (word.type === "failed") return { type: COMMAND_FAILED, data: null };
  return word.type === "answered" ? word.event : null;
}

function force(
  context: Context,
  run: Run,
  letters: readonly DeadLetterRow[],
  { state, data }: Extract<Operation, { readonly type: "force" }>,
): Outcome {
  const target = context.flow.states.get(state);
  if (target === undefined || state === COMPENSATING) return { refused: unknownState(context.flow, state) };
  const given = data === undefined ? run : withData(context, run, data, "the operator gave");
  const moved = moveTo(context, given, letters, target);
  const told = data === undefined ? {} : { data };
  return { moved, kind: "forced", taken: withoutHeads(letters), ...told };
}

/** A parked run stays parked, and its letters are taken in by the new version's rules. Where it ends instead there is nothing to wait for. */
function migratedTo(context: Context, run: Run, letters: readonly DeadLetterRow[], moved: Moved): Outcome {
  if (run.parked === null) return refusedIfStranded(context, moved) ?? { moved, kind: "migrated" };
  if (moved.run.outcome === null) return { moved, kind: "migrated" };
  const free: Moved = { ...moved, run: { ...moved.run, parked: null } };
  return { moved: free, kind: "migrated", taken: withoutHeads(letters) };
}

/** What its old state waited for may be nothing that the new one waits for: a run is not left where it could not go on (I3). */
function refusedIfStranded({ flow }: Context, { run }: Moved): Outcome | null {
  if (run.outcome !== null || !isStranded(run, requireState(flow, run.state))) return null;
  const message = `nothing would move the run on in state ${run.state} of version ${flow.version} of flow ${flow.name}; let \`migrations\` enter that state afresh, or name another`;
  return { refused: reject("FLOW_MIGRATION_REFUSED", message, { runId: run.runId, state: run.state }) };
}

function unknownState(flow: CompiledFlow, state: string): Decision {
  const known = [...flow.states.keys()].filter((name) => name !== COMPENSATING).join(", ");
  return reject(
    "FLOW_UNKNOWN_STATE",
    `flow ${flow.name} version ${flow.version} has no state ${state}, expected one of: ${known}`,
  );
}
