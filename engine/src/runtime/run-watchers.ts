/** Who wants to know when this process writes a run. Bounded by whoever adds: each is an open request. */
export class RunWatchers {
  readonly #watching = new Map<string, Set<() => void>>();

  /** The answer takes the callback off again. */
  add(runId: string, written: () => void): () => void {
    const callbacks = this.#watching.get(runId) ?? new Set();
    this.#watching.set(runId, callbacks.add(written));
    return () => {
      callbacks.delete(written);
      if (callbacks.size === 0 && this.#watching.get(runId) === callbacks) this.#watching.delete(runId);
    };
  }

  tell(runId: string): void {
    for (const written of this.#watching.get(runId) ?? []) written();
  }
}
