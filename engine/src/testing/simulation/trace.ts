/** How many steps a trace remembers: enough to see what led to a violation, few enough to read. */
const STEPS_KEPT_MAX = 60;

interface Step {
  readonly atMs: number;
  readonly text: string;
}

/** What a simulation did, step by step: the last steps as text, all of them as a hash that two equal histories share. */
export class Trace {
  readonly #kept: Step[] = [];
  readonly #listener: ((line: string) => void) | null;
  #steps = 0;
  #hash = 0x811c9dc5;

  constructor(listener: ((line: string) => void) | null) {
    this.#listener = listener;
  }

  get steps(): number {
    return this.#steps;
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  add(atMs: number, text: string): void {
    this.#kept[this.#steps++ % STEPS_KEPT_MAX] = { atMs, text };
    let hash = this.#hash ^ Math.round(atMs * 1_000);
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    this.#hash = hash;
    this.#listener?.(lineOf({ atMs, text }));
  }

  /** The last steps, oldest first. */
  lines(): readonly string[] {
    const oldest = this.#steps % STEPS_KEPT_MAX;
    return [...this.#kept.slice(oldest), ...this.#kept.slice(0, oldest)].map(lineOf);
  }
}

function lineOf({ atMs, text }: Step): string {
  return `${atMs.toFixed(3).padStart(11)}  ${text}`;
}
