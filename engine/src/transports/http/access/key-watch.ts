/** Watching the keys of answers that are under way: a key is judged when it is shown, and long answers outlive that. */
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "./key-ring.ts";
import type { KeyRing } from "./key-ring.ts";

/** How often the keys are looked at while somebody has an answer under way. */
const KEY_LOOK_MS = 250;

/** Aborted with `ended()` as its reason when the key has ended before the answer has; never where there is no key. */
export type KeyWatch = (keyId: string | null, response: ServerResponse) => AbortSignal;

export function createKeyWatch(ring: Pick<KeyRing, "find">, ended: () => Error): KeyWatch {
  const watched = new Map<AbortController, string>();
  let isLooking = false;

  const look = async (): Promise<void> => {
    isLooking = true;
    while (watched.size > 0) {
      await sleep(KEY_LOOK_MS, undefined, { ref: false });
      for (const [watch, keyId] of watched) {
        const key = await ring.find(keyId);
        if (key !== undefined && isAlive(key, Date.now())) continue;
        watched.delete(watch);
        watch.abort(ended());
      }
    }
    isLooking = false;
  };
  return (keyId, response) => {
    const watch = new AbortController();
    if (keyId === null || response.destroyed) return watch.signal;
    watched.set(watch, keyId);
    response.once("close", () => watched.delete(watch));
    if (!isLooking) void look();
    return watch.signal;
  };
}
