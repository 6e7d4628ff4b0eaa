import type { CommandMessage } from "@sluice/contracts/envelope";
import type { MemoryTransaction } from "../../stores/memory/memory-transaction.ts";
import type { CommitLog } from "./commit-log.ts";
import type { Report } from "./violation.ts";

/** Channels whose participants work in the batch's transaction. */
export const TRANSACTIONAL_CHANNELS: ReadonlySet<string> = new Set(["stock", "seats"]);
/** Commands whose type begins so take others back. */
export const UNDO_PREFIX = "Undo";

/** Keys of what transactional participants write with the batch: effects that must happen exactly once. */
export const EFFECT_PREFIX = "effect:";
export const HOT_KEY = "hot";
/** Under such a key stands which command has taken another back. */
const TAKEN_BACK_PREFIX = "taken-back:";
/** Under such a key stands what a command should not have found. It counts only when its batch is committed: an owner may be late, and is. */
export const FAULT_PREFIX = "fault:";

/** What participants have been asked, and what they keep in mind of it: within the transaction and beyond it. */
export class ParticipantLedger {
  readonly #log: CommitLog;
  readonly #report: Report;
  readonly #bodies = new Map<string, string>();
  readonly #takenBack = new Set<string>();

  constructor(log: CommitLog, report: Report) {
    this.#log = log;
    this.#report = report;
  }

  hasHeardOf(commandId: string): boolean {
    return this.#bodies.has(commandId);
  }

  /** Whether a command takes back one that has not come yet. */
  comesFirst({ undoes }: Pick<CommandMessage, "undoes">): boolean {
    return undoes !== undefined && this.#log.hasIssued(undoes) && !this.hasHeardOf(undoes);
  }

  /** Whether a participant beyond the transaction was told to take a command back. Coming later, it does nothing any more. */
  hasTakenBack(commandId: string): boolean {
    return this.#takenBack.has(commandId);
  }

  /** The effect of a command in the batch, twice over: under its id, and in one row that all commands share. */
  takeEffect(command: CommandMessage, transaction: MemoryTransaction): void {
    const { commandId, undoes } = command;
    this.#checkKind(command);
    transaction.increment(EFFECT_PREFIX + commandId);
    transaction.increment(HOT_KEY);
    const by = transaction.get(TAKEN_BACK_PREFIX + commandId);
    // A batch carries out what its runs wait for and nothing else, so here no command can be late.
    if (by !== undefined)
      transaction.set(FAULT_PREFIX + commandId, `is carried out after ${JSON.stringify(by)} took it back`);
    if (undoes !== undefined) transaction.set(TAKEN_BACK_PREFIX + undoes, commandId);
  }

  /**
   * Takes a delivery beyond the transaction down: at least once, always the same but for the version of the flow, to which the run may
   * have been migrated meanwhile. Answers whether it is the first of its command.
   */
  deliver({ attempt, flowVersion: _, ...body }: CommandMessage): boolean {
    const { commandId, undoes } = body;
    this.#checkKind(body);
    if (!this.#log.hasIssued(commandId))
      this.#report("I2", `command ${commandId} left before the commit that issued it`);
    const text = JSON.stringify(body);
    const before = this.#bodies.get(commandId);
    if (before === undefined) this.#bodies.set(commandId, text);
    else if (before !== text)
      this.#report(
        "I2",
        `attempt ${attempt} of command ${commandId} carries ${text}, a former one ${before}`,
      );
    if (undoes !== undefined) {
      if (!this.#log.hasDone(undoes))
        this.#report(
          "I2",
          `command ${commandId} takes back ${undoes}, which no commit has issued or been told`,
        );
      this.#takenBack.add(undoes);
    }
    return before === undefined;
  }

  #checkKind({ commandId, type, undoes }: Pick<CommandMessage, "commandId" | "type" | "undoes">): void {
    if (type.startsWith(UNDO_PREFIX) !== (undoes !== undefined))
      this.#report("I2", `command ${commandId} (${type}) says that it takes back ${undoes ?? "nothing"}`);
  }
}
