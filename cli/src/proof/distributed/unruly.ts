/** A source of commands over which some come late, overtaken by others, and some come again although they were carried out. */
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandSource } from "@sluice/engine/participant";
import type { Random } from "@sluice/engine/random-flows";

const LATE_RATE = 0.03;
const LATE_MS_MAX = 6_000;
const AGAIN_RATE = 0.05;

/** Nothing is late any more once `signal` is aborted. */
export function unruly(source: CommandSource, random: Random, signal: AbortSignal): CommandSource {
  return {
    name: source.name,
    start: (take) =>
      source.start(async (delivery) => {
        const lateMs = random.chance(LATE_RATE) ? random.between(0, LATE_MS_MAX) : 0;
        const comesAgain = !delivery.isRedelivered && random.chance(AGAIN_RATE);
        if (lateMs > 0) await sleep(lateMs, undefined, { signal }).catch(() => {});
        const outcome = await take(delivery);
        if (comesAgain) throw new Error("carried out, and not acknowledged");
        return outcome;
      }),
    stop: (given) => source.stop(given),
    health: () => source.health(),
  };
}
