/** A database that dies, alone or with engines, loses its connections, or has no room. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "@sluice/engine/random-flows";
import { childrenOf } from "../children-of.ts";
import { patiently } from "../../patiently.ts";
import type { World } from "../world.ts";
import { terminateSessions } from "../witness/store/terminate-sessions.ts";
import { startAgain } from "./engine-faults.ts";
import { struck } from "./fault.ts";
import type { FaultKind } from "./fault.ts";

/** How often only the first process of the server is killed, and the others find out by themselves. */
const POSTMASTER_ALONE_RATE = 0.3;
const ALL_ENGINES_RATE = 0.5;
/** The database is there again within this time, or it does not come back. */
const DATABASE_MS_MAX = 60_000;
const LOOK_EVERY_MS = 10;
/** A full disk is felt within this time: a batch needs room for a page sooner or later. */
const FELT_MS_MAX = 8_000;
const FELT_BEAT_MS = 700;
const FULL_MS_MAX = 1_500;

export const postgresKilled: FaultKind = {
  name: "Postgres killed",
  async strike(world, random) {
    await killPostgres(world, random);
    return struck();
  },
};

export const bothKilled: FaultKind = {
  name: "engine and Postgres killed",
  async strike(world, random) {
    const result = struck();
    const victims = random.chance(ALL_ENGINES_RATE) ? world.engines : [random.pick(world.engines)];
    await Promise.all([killPostgres(world, random), ...victims.map((engine) => engine.kill())]);
    return {
      ...result,
      end: async () => void (await Promise.all(victims.map((engine) => startAgain(world, engine, random)))),
    };
  },
};

export const connectionsTerminated: FaultKind = {
  name: "connections terminated",
  async strike(world, random) {
    const result = struck();
    await patiently(() => terminateSessions(world.sql, random.between(0.2, 1)));
    return result;
  },
};

/** Until somebody feels it: a beat that is not answered in time, or a server that has given up. */
export const diskFull: FaultKind = {
  name: "disk full",
  unavailable: ({ disk }) => (typeof disk === "string" ? disk : null),
  async strike(world, random) {
    const { disk } = world;
    if (typeof disk === "string") return struck();
    await disk.fill();
    const result = struck();
    await fillUntilFelt(world);
    const fullMs = random.between(0, FULL_MS_MAX);
    return {
      ...result,
      async end() {
        await sleep(fullMs);
        await disk.free();
      },
    };
  },
};

async function fillUntilFelt({ pulse, database, stop, disk }: World): Promise<void> {
  const untilMs = performance.now() + FELT_MS_MAX;
  while (performance.now() < untilMs && !stop.aborted && typeof disk !== "string") {
    // What a checkpoint gives back is taken as well.
    await disk.fill();
    const sinceMs = performance.now();
    const bound = AbortSignal.any([stop, AbortSignal.timeout(FELT_BEAT_MS)]);
    const { size } = await pulse.beatAll(sinceMs, bound);
    if (size === 0 || database.pid() === undefined) return;
  }
}

/** SIGKILL for the server and all its processes at once, or for the first alone. */
async function killPostgres({ database }: World, random: Random): Promise<void> {
  const pid = await alivePid(database.pid);
  const isAlone = random.chance(POSTMASTER_ALONE_RATE);
  const children = isAlone ? [] : await childrenOf(pid);
  for (const each of [pid, ...children]) kill(each);
}

/** The first process of the server. */
export async function alivePid(look: () => number | undefined): Promise<number> {
  const untilMs = performance.now() + DATABASE_MS_MAX;
  for (;;) {
    const pid = look();
    if (pid !== undefined) return pid;
    if (performance.now() > untilMs) throw new Error(`there is no database after ${DATABASE_MS_MAX} ms`);
    await sleep(LOOK_EVERY_MS);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It went by itself.
  }
}
