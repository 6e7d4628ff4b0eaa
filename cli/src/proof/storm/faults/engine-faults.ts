/** Engines that die, freeze, or are started anew. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "@sluice/engine/random-flows";
import type { EngineChild } from "../engine-child.ts";
import type { World } from "../world.ts";
import type { FaultKind, Struck } from "./fault.ts";

const RESTART_MS_MAX = 1_000;
/** How much longer than its lease an engine stays frozen, beyond the time the others need for its lanes. */
const FROZEN_MS_MAX = 1_000;
/** How long two engines believe that a lane is theirs, so that any caller comes to both. */
const HELD_MS_MIN = 500;
const HELD_MS_MAX = 1_500;
/** A former owner finds out that it is none, on a machine that does other things as well. */
const TOLD_MS_MAX = 30_000;
/** Others see that a lease has ended, on a machine that does other things as well. */
const TAKEOVER_MS_MAX = 30_000;
const LOOK_EVERY_MS = 20;
/** Some transaction with commands begins within this time, or nothing works any more. */
const TRANSACTION_MS_MAX = 30_000;

export const engineKilled: FaultKind = {
  name: "engine killed",
  async strike(world, random) {
    const { engine, lanes } = await pickOwner(world, random);
    const atMs = performance.now();
    await engine.kill();
    return { atMs, lanes, end: () => startAgain(world, engine, random) };
  },
};

export const engineRestarted: FaultKind = {
  name: "engine restarted",
  async strike(world, random) {
    const engine = random.pick(world.engines);
    const atMs = performance.now();
    await engine.stop();
    return { atMs, lanes: [], end: () => startAgain(world, engine, random) };
  },
};

/** SIGSTOP until others own its lanes, then SIGCONT: for a moment two processes believe that a lane is theirs. */
export const engineFrozen: FaultKind = {
  name: "engine frozen past its lease",
  async strike(world, random) {
    const { engine, lanes } = await pickOwner(world, random);
    const atMs = performance.now();
    engine.freeze();
    return thawLater(world, engine, { atMs, lanes }, random);
  },
};

/** The same, with the transaction of a batch open and its effects written: it holds rows that the others need. */
export const frozenInTransaction: FaultKind = {
  name: "owner frozen in a transaction",
  async strike(world, random) {
    const { engine, lanes } = await pickOwner(world, random);
    await frozen(world, engine);
    return thawLater(world, engine, { atMs: performance.now(), lanes }, random);
  },
};

/**
 * An owner that lives, hears its callers and can write, and whose lease ends all the same: others own its lanes while it goes on. Nobody
 * ends the sessions that it opens after that, so only the epoch stands between it and the lanes. It is over when the former owner
 * has answered an input for each of them: so it has tried to write, however slow the machine.
 */
export const heartbeatHeld: FaultKind = {
  name: "heartbeat held up",
  async strike(world, random) {
    const { engine, lanes } = await pickOwner(world, random);
    const atMs = performance.now();
    const release = await engine.holdHeartbeat();
    if (lanes.length > 0) await takenOver(world, engine);
    const heldMs = random.between(HELD_MS_MIN, HELD_MS_MAX);
    return {
      atMs,
      // It goes on acknowledging until others have them, so nobody could tell from outside when they do.
      lanes: [],
      async end() {
        const bound = AbortSignal.any([world.stop, AbortSignal.timeout(TOLD_MS_MAX)]);
        try {
          await Promise.all([sleep(heldMs), world.pulse.tellThrough(engine.url, lanes, bound)]);
        } finally {
          await release();
        }
        if (bound.aborted && !world.stop.aborted)
          throw new Error(`${engine.name} has not answered for every lane within ${TOLD_MS_MAX} ms`);
      },
    };
  },
};

/** Every lane of an engine has another owner. */
async function takenOver({ profile, stop }: World, engine: EngineChild): Promise<void> {
  const untilMs = performance.now() + profile.options.leaseMs + TAKEOVER_MS_MAX;
  while (!stop.aborted && (await engine.lanes()).length > 0) {
    if (performance.now() > untilMs)
      throw new Error(`nobody has taken the lanes of ${engine.name} over within ${TAKEOVER_MS_MAX} ms`);
    await sleep(LOOK_EVERY_MS);
  }
}

/** All lanes get a beat until the engine comes to carry out a command. */
async function frozen(world: World, engine: EngineChild): Promise<void> {
  const bound = new AbortController();
  const signal = AbortSignal.any([bound.signal, world.stop, AbortSignal.timeout(TRANSACTION_MS_MAX)]);
  let isFrozen = false;
  const freezing = engine.freezeInTransaction().then(() => (isFrozen = true));
  const beating = (async () => {
    while (!signal.aborted) await world.pulse.beatAll(performance.now(), signal);
  })();
  await Promise.race([freezing, beating]);
  bound.abort();
  await beating;
  if (!isFrozen && !world.stop.aborted)
    throw new Error(`${engine.name} has carried out no command within ${TRANSACTION_MS_MAX} ms`);
}

/** One that owns lanes, and those of them that others have to take over: none where it is the only engine. */
async function pickOwner(
  { engines }: World,
  random: Random,
): Promise<{ readonly engine: EngineChild; readonly lanes: readonly number[] }> {
  const owners = await Promise.all(engines.map(async (engine) => ({ engine, lanes: await engine.lanes() })));
  const busy = owners.filter(({ lanes }) => lanes.length > 0);
  const { engine, lanes } = random.pick(busy.length > 0 ? busy : owners);
  return { engine, lanes: engines.length > 1 ? lanes : [] };
}

function thawLater(
  world: World,
  engine: EngineChild,
  { atMs, lanes }: Pick<Struck, "atMs" | "lanes">,
  random: Random,
): Struck {
  const frozenMs = random.between(0, FROZEN_MS_MAX);
  return {
    atMs,
    lanes,
    async end() {
      // Where nobody has taken over, its lease is not waited for by anything else.
      const leaseEndMs = atMs + world.profile.options.leaseMs - performance.now();
      await sleep(Math.max(0, leaseEndMs) + frozenMs);
      engine.thaw();
    },
  };
}

/** Some moments later, as a supervisor would. */
export async function startAgain(world: World, engine: EngineChild, random: Random): Promise<void> {
  await sleep(random.between(0, RESTART_MS_MAX));
  await engine.start(world.stop);
}
