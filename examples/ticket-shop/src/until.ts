import { setTimeout as sleep } from "node:timers/promises";

const PAUSE_MS = 10;

/** Waits until a condition holds. @throws Error naming it when it does not within `boundMs` */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  boundMs = 10_000,
): Promise<void> {
  const untilMs = performance.now() + boundMs;
  while (!(await holds())) {
    if (performance.now() > untilMs) throw new Error(`not within ${boundMs} ms: ${what}`);
    await sleep(PAUSE_MS);
  }
}
