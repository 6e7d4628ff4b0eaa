/** Somebody who joins a group every few seconds, takes a share of what it reads, carries nothing of it out, and leaves: each time twice a rebalance. */
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "@sluice/engine/random-flows";
import { groupsOf } from "./broker-address.ts";
import type { BrokerAddress } from "./broker-address.ts";

export interface Visitor {
  /** How often it has joined and left. */
  readonly visits: number;
  stop(): Promise<void>;
}

const STAY_MS_MAX = 1_500;
const PAUSE_MS_MIN = 1_000;
const PAUSE_MS_MAX = 4_000;
const LEAVE_MS_MAX = 1_000;

export function startVisitor(seed: number, broker: BrokerAddress): Visitor {
  const random = new Random(seed).fork("visitor");
  const stopping = new AbortController();
  const { signal } = stopping;
  let visits = 0;
  const wait = (ms: number) => sleep(ms, undefined, { signal }).catch(() => {});
  const visit = async (): Promise<void> => {
    const group = random.pick(groupsOf(broker));
    try {
      await group.start(() => Promise.reject(new Error("a visitor takes nothing")));
      await wait(random.between(0, STAY_MS_MAX));
      visits++;
    } catch {
      // The broker is away; it is tried again later.
    } finally {
      await group.stop(AbortSignal.timeout(LEAVE_MS_MAX)).catch(() => {});
    }
  };
  const visiting = (async () => {
    while (!signal.aborted) {
      await wait(random.between(PAUSE_MS_MIN, PAUSE_MS_MAX));
      if (!signal.aborted) await visit();
    }
  })();
  return {
    get visits() {
      return visits;
    },
    async stop() {
      stopping.abort();
      await visiting;
    },
  };
}
