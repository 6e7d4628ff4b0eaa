/** Participants and Postgres that freeze, and participants that are started anew in good order. */
import { setTimeout as sleep } from "node:timers/promises";
import { alivePid } from "../../storm/faults/database-faults.ts";
import { struck } from "../../storm/faults/fault.ts";
import type { FaultKind } from "../../storm/faults/fault.ts";
import { childrenOf } from "../../storm/children-of.ts";

const RESTART_MS_MAX = 700;
/** Beyond the six seconds after which Kafka takes a member for gone, and within. */
const FROZEN_MS_MAX = 9_000;
/** Beyond the lease of every engine, and within. */
const POSTGRES_FROZEN_MS_MAX = 4_000;

export const participantsFrozen: FaultKind = {
  name: "participants frozen",
  async strike({ participants, stop }, random) {
    const result = struck();
    const victim = random.pick(participants);
    victim.freeze();
    return {
      ...result,
      async end() {
        await sleep(random.between(0, FROZEN_MS_MAX), undefined, { signal: stop }).catch(() => {});
        victim.thaw();
      },
    };
  },
};

export const participantsRestarted: FaultKind = {
  name: "participants restarted",
  async strike({ participants, stop }, random) {
    const result = struck();
    const victim = random.pick(participants);
    await victim.stop();
    return {
      ...result,
      async end() {
        await sleep(random.between(0, RESTART_MS_MAX));
        await victim.start(stop);
      },
    };
  },
};

export const postgresFrozen: FaultKind = {
  name: "Postgres frozen",
  async strike({ database, stop }, random) {
    const result = struck();
    const first = await alivePid(database.pid);
    signal(first, "SIGSTOP");
    // No others are born any more.
    const pids = [first, ...(await childrenOf(first))];
    for (const pid of pids) signal(pid, "SIGSTOP");
    return {
      ...result,
      async end() {
        await sleep(random.between(0, POSTGRES_FROZEN_MS_MAX), undefined, { signal: stop }).catch(() => {});
        for (const pid of pids.toReversed()) signal(pid, "SIGCONT");
      },
    };
  },
};

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It went by itself.
  }
}
