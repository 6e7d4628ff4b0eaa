/** Lets one at a time in, in the order of asking. Without timers, so that virtual time can drive it. */
export class TurnQueue {
  #holder: object | null = null;
  readonly #waiting: { readonly who: object; readonly admit: (isAdmitted: boolean) => void }[] = [];

  /** Resolves with true once it is the turn of `who`; with false when `who` left before that. */
  take(who: object): Promise<boolean> {
    if (this.#holder === null || this.#holder === who) {
      this.#holder = who;
      return Promise.resolve(true);
    }
    return new Promise((admit) => this.#waiting.push({ who, admit }));
  }

  /** Gives the turn, or the place in the queue, up. */
  leave(who: object): void {
    const place = this.#waiting.findIndex((waiting) => waiting.who === who);
    if (place >= 0) for (const { admit } of this.#waiting.splice(place, 1)) admit(false);
    if (this.#holder !== who) return;
    const next = this.#waiting.shift();
    this.#holder = next?.who ?? null;
    next?.admit(true);
  }
}
