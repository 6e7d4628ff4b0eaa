/** Arguments of the crowd's commands, read or refused. */

/** What the command was told cannot be done; its message says what was expected. */
export class UsageError extends Error {}

/** The same as those of `sluice`. */
export const EXIT = { ok: 0, failed: 1, usage: 2, unreachable: 3 } as const;

/** @throws UsageError */
export function readNumber(name: string, text: string, min: number, max: number): number {
  const number = text.trim() === "" ? Number.NaN : Number(text);
  if (number >= min && number <= max) return number;
  throw new UsageError(`--${name} is ${text}, expected a number from ${min} to ${max}`);
}

/** Two numbers with a dash between them. @throws UsageError */
export function readRange(name: string, text: string): readonly [number, number] {
  const [, min, max] = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (min !== undefined && max !== undefined && Number(min) <= Number(max)) return [Number(min), Number(max)];
  throw new UsageError(`--${name} is ${text}, expected two numbers of seconds such as 1-3`);
}

/** Ctrl-C ends what is going on now, and a second one what comes next. */
export function nextInterrupt(...signals: readonly NodeJS.Signals[]): AbortSignal {
  const abort = new AbortController();
  for (const signal of ["SIGINT", ...signals]) process.once(signal, () => abort.abort());
  return abort.signal;
}
