/** Where an engine can die: around the commit of a batch, and around the sending of a command to a participant outside of it. */
export type CrashMoment = "before commit" | "after commit" | "before send" | "after send";

interface Crash {
  readonly moment: CrashMoment;
  /** An event or command that it has to be about; null: any. */
  readonly about: string | null;
}

/** The crash that is to come, at most one. */
export class CrashPlan {
  #next: Crash | null = null;

  arm(moment: CrashMoment, about: string | null): void {
    if (this.left !== null)
      throw new Error(`the engine is to die ${this.left} already; let that happen first`);
    this.#next = { moment, about };
  }

  /** Whether the engine dies here, where these events and commands are at stake. It does so once. */
  strikes(moment: CrashMoment, words: readonly string[]): boolean {
    const crash = this.#next;
    if (crash?.moment !== moment || (crash.about !== null && !words.includes(crash.about))) return false;
    this.#next = null;
    return true;
  }

  /** The crash that has not come yet, in words. */
  get left(): string | null {
    if (this.#next === null) return null;
    const { moment, about } = this.#next;
    return about === null ? moment : `${moment} of ${about}`;
  }
}
