/**
 * Steps and their undos, by a book of its own: which commands a run has behind it that must be taken back, and which events, follows from
 * its history and its definition alone, whatever the engine has noted down.
 */
import type { CompiledFlow } from "../../core/compile-flow.ts";
import type { PendingCommand, Run } from "../../core/run.ts";
import { TAKEN_BACK } from "./flow-draft.ts";
import type { ReplayedStep } from "./replay-history.ts";
import type { Report } from "./violation.ts";

/** A command that is over and has an undo, or an event that has one. */
interface Owed {
  /** An event has one of its own. */
  readonly commandId: string;
  /** When it was over. What was over at once may be taken back in any order. */
  readonly version: number;
}

/** An entry that became a dead letter: what was told is told, whoever takes it in. */
interface Letter {
  readonly version: number;
  readonly type: string;
  readonly isHead: boolean;
}

/** I2 of undos: all that a run owes is taken back, the newest first, nothing twice and nothing else. */
export function checkSteps(runId: string, steps: readonly ReplayedStep[], report: Report): void {
  const book = new StepBook((message) => report("I2", `run ${runId}: ${message}`));
  for (const step of steps) book.add(step);
}

class StepBook {
  readonly #find: (message: string) => void;
  readonly #takenBack = new Set<string>();
  #owed: readonly Owed[] = [];
  /** What is being taken back; the last is next. */
  #underWay: readonly Owed[] = [];
  /** What the undo under way takes back. */
  #current: Owed | null = null;
  /** What waits for an operator, oldest first. */
  #letters: readonly Letter[] = [];
  /** The state that was left when steps began to be taken back. */
  #left = "";

  constructor(find: (message: string) => void) {
    this.#find = find;
  }

  add(step: ReplayedStep): void {
    const { before, after } = step;
    const answered = answeredIn(step);
    const head = this.#letters.find(({ isHead }) => isHead);
    const over = [
      ...toldByLetters(step, this.#letters),
      ...overAt(step, answered, head?.type),
      ...toldAt(step, this.#left),
    ];
    this.#noteLetters(step);
    this.#owed = [...this.#owed, ...over];
    if (isCompensationOver(step)) this.#end(step);
    this.#begin(step, over, answered);
    for (const undo of newUndos(step)) this.#checkUndo(undo, after);
    if (after.outcome !== null && before?.outcome == null) this.#finish(step);
  }

  #noteLetters({ entry, before, after }: ReplayedStep): void {
    const { kind, version, type = "" } = entry;
    if (TAKING.has(kind)) this.#letters = [];
    if (kind === "parked" || kind === "queued")
      this.#letters = [...this.#letters, { version, type, isHead: kind === "parked" }];
    if (before !== null && before.compensation === null) this.#left = before.state;
    // A migration may call it otherwise.
    if (kind === "migrated") this.#left = after.compensation?.from ?? this.#left;
  }

  /** The target is entered when all is taken back. Only an operator leaves earlier, and then the rest is owed again. */
  #end({ entry }: ReplayedStep): void {
    if (entry.kind === "forced" || entry.kind === "canceled") {
      const left = this.#current === null ? this.#underWay : [...this.#underWay, this.#current];
      for (const { commandId } of left) this.#takenBack.delete(commandId);
      this.#owed = [...this.#owed, ...left];
    } else if (this.#underWay.length > 0)
      this.#find(
        `version ${entry.version} ends a compensation before ${idsOf(this.#underWay).join()} is taken back`,
      );
    this.#underWay = [];
    this.#current = null;
  }

  /** What is newly taken back is all that is owed, or only what the losers of a join have left. */
  #begin(step: ReplayedStep, over: readonly Owed[], answered: string | null): void {
    const { entry, flow, before } = step;
    const added = addedSteps(step);
    if (added.length === 0) return;
    if (entry.kind === "event" && before?.compensation != null) return this.#addLate(added, over);
    const hasLosers = flow.states.get(before?.state ?? "")?.join?.undoesLosers === true;
    const losers = over.filter(({ commandId }) => commandId !== answered);
    const due = hasLosers && isDue(added, losers) ? losers : this.#owed;
    if (!isDue(added, due))
      this.#find(
        `version ${entry.version} takes back ${added.join()}, and owes ${idsOf(due).join() || "nothing"}`,
      );
    this.#owed = this.#owed.filter((owed) => !due.includes(owed));
    const taken = added.map((commandId) => due.find((each) => each.commandId === commandId));
    this.#underWay = [...taken.filter((each) => each !== undefined), ...this.#underWay];
  }

  /** What is told while steps are taken back is the next of them. */
  #addLate(added: readonly string[], late: readonly Owed[]): void {
    if (!isDue(added, late))
      this.#find(`${added.join()} is taken back too, and late was ${idsOf(late).join() || "nothing"}`);
    this.#owed = this.#owed.filter((owed) => !late.includes(owed));
    // Its place is behind the step under way, so it is as old as that.
    const placed = late.map((owed) => ({ ...owed, version: this.#current?.version ?? owed.version }));
    this.#underWay = [...this.#underWay, ...placed];
  }

  #checkUndo({ id, undoes = "nothing" }: PendingCommand, after: Run): void {
    this.#current = this.#underWay.at(-1) ?? null;
    this.#underWay = this.#underWay.slice(0, -1);
    if (undoes !== this.#current?.commandId)
      this.#find(
        `undo ${id} takes back ${undoes}, and it is the turn of ${this.#current?.commandId ?? "none"}`,
      );
    if (this.#takenBack.has(undoes)) this.#find(`undo ${id} takes back ${undoes} a second time`);
    if (after.commands.some((command) => command.id === undoes))
      this.#find(`undo ${id} takes back ${undoes}, which is still pending`);
    this.#takenBack.add(undoes);
  }

  /** Where only compensation leads, nothing is left to be taken back. */
  #finish({ input, entry, after }: ReplayedStep): void {
    const isCompensated = (after.state === TAKEN_BACK && entry.kind !== "forced") || isCancel(input, true);
    if (isCompensated && this.#owed.length > 0)
      this.#find(`it ended ${after.outcome}, and ${idsOf(this.#owed).join()} is not taken back`);
  }
}

/** The command that an entry answers: the one it names, or the oldest that waits for such an event. */
function answeredIn({ entry, flow, before }: ReplayedStep): string | null {
  const { commandId, type = "" } = entry;
  if (commandId !== undefined) return commandId;
  const waits = before?.commands.find(
    (command) => flow.commands.get(command.type)?.answers.has(type) === true,
  );
  return waits?.id ?? null;
}

/** Commands that a version leaves behind and that have an undo, unless it says that there is nothing to take back. */
function overAt(
  { entry, flow, before, after }: ReplayedStep,
  answered: string | null,
  parkedBy = "",
): Owed[] {
  const undos = flow.states.get(before?.state ?? "")?.undo;
  if (before === null || undos === undefined) return [];
  const isOver = ({ id, purpose }: PendingCommand): boolean =>
    purpose === "do" && !after.commands.some((command) => command.id === id);
  // Whoever skips the answer to a command has heard it nevertheless.
  const isSkipped = entry.kind === "skipped";
  const word = isSkipped ? parkedBy : (entry.type ?? "");
  const isNothing = ({ id, type }: PendingCommand): boolean =>
    (isSkipped || id === answered) && undos.get(type)?.unless.has(word) === true;
  return before.commands
    .filter((command) => isOver(command) && undos.has(command.type) && !isNothing(command))
    .map(({ id }) => ({ commandId: id, version: after.version }));
}

/** The event that a version takes, if the state has an undo of it. While steps are taken back it is met by the state that was `left`. */
function toldAt({ entry, flow, before, after }: ReplayedStep, left: string): Owed[] {
  if (entry.kind !== "event" || before === null) return [];
  const state = before.compensation === null ? before.state : left;
  return hasUndo(flow, state, entry.type ?? "") ? [owedBy(after, entry.version, entry.type ?? "")] : [];
}

/**
 * An event that has parked its run was told as well, and counts when an operator goes on without it. Where the run is canceled so does what
 * waited behind it: nobody knows in which state it would have come, so any undo of it will do if the run's state takes no such event.
 */
function toldByLetters(
  { entry, flow, before, after, input }: ReplayedStep,
  letters: readonly Letter[],
): Owed[] {
  if (before?.parked == null || !PASSING_OVER.has(entry.kind)) return [];
  const { state } = before;
  const isEnd = isCancel(input, true) && before.compensation === null;
  const isTold = ({ type, isHead }: Letter): boolean =>
    flow.states.get(state)?.on.has(type) === true || isHead
      ? (isHead || isEnd) && hasUndo(flow, state, type)
      : isEnd && [...flow.states.keys()].some((name) => hasUndo(flow, name, type));
  return letters
    .filter(isTold)
    .map(({ version, type }) => ({ ...owedBy(after, version, type), version: after.version }));
}

/** In random flows all transitions of an event have an undo, or none. */
function hasUndo(flow: CompiledFlow, state: string, type: string): boolean {
  return (
    flow.states
      .get(state)
      ?.on.get(type)
      ?.some(({ undo }) => undo !== null) === true
  );
}

function owedBy({ runId }: Run, version: number, type: string): Owed {
  return { commandId: `${runId}:${version}:${type}`, version };
}

const PASSING_OVER: ReadonlySet<string> = new Set(["skipped", "canceled", "forced"]);
/** What takes all dead letters in again, or drops them. */
const TAKING: ReadonlySet<string> = new Set([...PASSING_OVER, "redriven"]);

function isCancel(input: ReplayedStep["input"], isCompensated: boolean): boolean {
  return (
    input.kind === "operation" &&
    input.operation.type === "cancel" &&
    input.operation.compensate === isCompensated
  );
}

/** Steps that a version adds to those being taken back. A cancellation may come while losers are. */
/** An operator who forces a run leaves what is under way, also where the new state takes steps back at once. */
function isCompensationOver({ entry, before, after }: ReplayedStep): boolean {
  return before?.compensation != null && (after.compensation === null || entry.kind === "forced");
}

function addedSteps(step: ReplayedStep): readonly string[] {
  const { before, after } = step;
  const kept = isCompensationOver(step) ? [] : before?.compensation?.steps;
  const known = new Set(kept?.map(({ commandId }) => commandId));
  return (after.compensation?.steps ?? [])
    .map(({ commandId }) => commandId)
    .filter((commandId) => !known.has(commandId));
}

function newUndos({ before, after }: ReplayedStep): readonly PendingCommand[] {
  const known = new Set(before?.commands.map(({ id }) => id));
  return after.commands.filter(({ id, purpose }) => purpose === "undo" && !known.has(id));
}

/** Whether these are all that is owed, oldest first. */
function isDue(claimed: readonly string[], owed: readonly Owed[]): boolean {
  const versions = claimed.map(
    (commandId) => owed.find((each) => each.commandId === commandId)?.version ?? -1,
  );
  return (
    versions.every((version, at) => version > 0 && version >= (versions[at - 1] ?? 0)) &&
    claimed.length === owed.length
  );
}

function idsOf(owed: readonly Owed[]): readonly string[] {
  return owed.map(({ commandId }) => commandId);
}
