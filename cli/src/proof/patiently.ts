import { setTimeout as sleep } from "node:timers/promises";
import { kindOf } from "@sluice/contracts/problem";
import { toDatabaseError } from "@sluice/host/postgres";

const AGAIN_MS = 100;
/** A database that recovers, on a machine that does other things as well. */
const WITHIN_MS_MAX = 90_000;

/** Asks the database until it is there to answer. @throws what is no outage, and an outage that does not end */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  const untilMs = performance.now() + WITHIN_MS_MAX;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const kind = kindOf(toDatabaseError(error));
      if ((kind !== "unavailable" && kind !== "timeout") || performance.now() > untilMs) throw error;
    }
    await sleep(AGAIN_MS);
  }
}
