import type { CommandMessage } from "@sluice/contracts/envelope";
import type { MemoryTransaction } from "../../stores/memory/memory-transaction.ts";
import type { CommitLog } from "./commit-log.ts";
import type { Report } from "./violation.ts";

/** Channels whose participants work in the batch's transaction. */
export const TRANSACTIONAL_CHANNELS: ReadonlySet<string> = new Set(["stock", "seats"]);

/** Keys of what transactional participants write with the batch: effects that must happen exactly once. */
export const EFFECT_PREFIX = "effect:";
export const HOT_KEY = "hot";

/** The effect of a command, twice over: under its id, and in one row that all commands share. */
export function takeEffect({ commandId }: CommandMessage, transaction: MemoryTransaction): void {
  transaction.increment(EFFECT_PREFIX + commandId);
  transaction.increment(HOT_KEY);
}

/** What participants beyond the transaction have been asked: at least once, always the same. */
export class ParticipantLedger {
  readonly #log: CommitLog;
  readonly #report: Report;
  readonly #bodies = new Map<string, string>();

  constructor(log: CommitLog, report: Report) {
    this.#log = log;
    this.#report = report;
  }

  hasHeardOf(commandId: string): boolean {
    return this.#bodies.has(commandId);
  }

  /** Takes a delivery down; answers whether it is the first of its command. */
  deliver({ attempt, ...body }: CommandMessage): boolean {
    const { commandId } = body;
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
    return before === undefined;
  }
}
