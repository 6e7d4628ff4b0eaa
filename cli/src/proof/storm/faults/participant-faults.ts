import { setTimeout as sleep } from "node:timers/promises";
import type { FaultKind } from "./fault.ts";
import { struck } from "./fault.ts";

const RESTART_MS_MAX = 700;

/** The remote participants die in the middle of whatever they do, and what they owe is in their tables. */
export const participantsKilled: FaultKind = {
  name: "participants killed",
  async strike({ participants, stop }, random) {
    const result = struck();
    const victim = random.pick(participants);
    await victim.kill();
    return {
      ...result,
      async end() {
        await sleep(random.between(0, RESTART_MS_MAX));
        await victim.start(stop);
      },
    };
  },
};
