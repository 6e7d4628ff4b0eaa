import { waitAgain } from "../broker/waits.ts";

/** What is asked of a member. */
interface Member {
  isActive(): boolean;
  joinGroup(): Promise<unknown>;
}

/**
 * Brings a member back into its group where the client gives it up: after some attempts, and, when it had to join from within a commit,
 * without a word but that the commit has failed. It says no more that it lives then, and the group goes on without it.
 */
export class Rejoining {
  readonly #member: Member;
  readonly #stopping: AbortSignal;
  readonly #found: (error: unknown) => void;
  #underWay: Promise<void> | null = null;

  /** `found`: why it is no member now; null once it is one. */
  constructor(member: Member, stopping: AbortSignal, found: (error: unknown) => void) {
    this.#member = member;
    this.#stopping = stopping;
    this.#found = found;
  }

  /** Joins again when the member is none any more. `error`: what has failed. Resolves when it is one, or is not to be one any more. */
  async ifInactive(error: unknown): Promise<void> {
    if (this.#member.isActive()) return;
    this.#found(error);
    this.#underWay ??= this.#join().finally(() => {
      this.#underWay = null;
    });
    await this.#underWay;
  }

  async #join(): Promise<void> {
    for (let attempt = 1; await waitAgain(attempt, this.#stopping); attempt++) {
      try {
        // It may have joined by itself meanwhile.
        if (!this.#member.isActive()) await this.#member.joinGroup();
        this.#found(null);
        return;
      } catch (error) {
        this.#found(error);
      }
    }
  }
}
