/** A broker that dies, freezes, or is out of reach, and messages that come once more. */
import { setTimeout as sleep } from "node:timers/promises";
import type { FaultKind } from "../../storm/faults/fault.ts";
import { struck } from "../../storm/faults/fault.ts";
import type { BrokerWorld } from "../broker-world.ts";
import type { Cut } from "../line.ts";

type BrokerFault = FaultKind<BrokerWorld>;

const RESTART_MS_MAX = 2_000;
/** Beyond the six seconds after which Kafka takes a member for gone, and within. */
const FROZEN_MS_MAX = 9_000;
const CUTS: readonly Cut[] = ["silence", "refusal"];
const CUT_OFF_MS_MAX = 9_000;
const REPEAT_MS_MAX = 15_000;
const REPEAT_AGAIN_MS = 200;
/** Some command has been sent by then that can be sent again, on a machine that does other things as well. */
const REPEATED_MS_MAX = 60_000;

export const brokerKilled: BrokerFault = {
  name: "broker killed",
  async strike({ broker, stop }, random) {
    const result = struck();
    await broker.server.kill("SIGKILL");
    return {
      ...result,
      async end() {
        await calmly(random.between(0, RESTART_MS_MAX), stop);
        await broker.server.start();
      },
    };
  },
};

export const brokerFrozen: BrokerFault = {
  name: "broker frozen",
  async strike({ broker, stop }, random) {
    const result = struck();
    await broker.server.kill("SIGSTOP");
    return {
      ...result,
      async end() {
        await calmly(random.between(0, FROZEN_MS_MAX), stop);
        await broker.server.kill("SIGCONT");
      },
    };
  },
};

/** For everybody: nothing is answered, or everything is refused. */
export const brokerUnreachable: BrokerFault = {
  name: "broker unreachable",
  async strike({ lines, outageMs, stop }, random) {
    const result = struck();
    const how = random.pick(CUTS);
    for (const line of lines) line.cut(how);
    return {
      ...result,
      async end() {
        await calmly(outageMs, stop);
        for (const line of lines) line.mend();
      },
    };
  },
};

/** For one process, while the others go on: a group goes on without it, and with it again. */
export const processCutOff: BrokerFault = {
  name: "process cut off from the broker",
  async strike({ lines, stop }, random) {
    const result = struck();
    const line = random.pick(lines);
    line.cut(random.pick(CUTS));
    return {
      ...result,
      async end() {
        await calmly(random.between(0, CUT_OFF_MS_MAX), stop);
        line.mend();
      },
    };
  },
};

/** Commands of the last minutes come once more: of runs that have gone on, and of some that have ended. Their answers come once more with them. */
export const messagesRepeated: BrokerFault = {
  name: "messages repeated late",
  async strike(world, random) {
    const untilMs = performance.now() + REPEATED_MS_MAX;
    for (;;) {
      const result = struck();
      const messages = await repeatMessages(world);
      world.repeated.messages += messages;
      if (messages > 0 || world.stop.aborted) return result;
      // Who has just started has sent nothing yet.
      if (performance.now() > untilMs)
        throw new Error(`no engine has sent a command once more within ${REPEATED_MS_MAX} ms`);
      await calmly(random.between(0, REPEAT_AGAIN_MS), world.stop);
    }
  },
};

async function repeatMessages({ engines }: BrokerWorld): Promise<number> {
  const awake = engines.filter(({ isAwake }) => isAwake);
  const times = await Promise.all(awake.map((engine) => engine.repeatMessages(REPEAT_MS_MAX)));
  return times.reduce((sum, each) => sum + each, 0);
}

/** Ctrl-C ends the wait, and things are put right all the same. */
async function calmly(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
