/** Signs of life during long work, on standard error and only for people. */
import type { Cli } from "./cli.ts";

const SHOW_AFTER_MS = 500;
const EVERY_MS = 500;
/** Back to the first column, and everything to its right gone. */
export const CLEAR_LINE = "\r\u001b[K";

/** Does the work; on a terminal a line says what takes how long, and is gone at the end. */
export async function withProgress<T>(
  { stderr }: Pick<Cli, "stderr">,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  if (stderr.isTTY !== true) return work();
  const startedAtMs = performance.now();
  const show = (): void => {
    const tookMs = performance.now() - startedAtMs;
    if (tookMs >= SHOW_AFTER_MS) stderr.write(`${CLEAR_LINE}${what} … ${Math.round(tookMs / 1_000)} s`);
  };
  const timer = setInterval(show, EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (performance.now() - startedAtMs >= SHOW_AFTER_MS) stderr.write(CLEAR_LINE);
  }
}
