/** No more faults, no more callers: the world comes to rest, and its engines stop in good order. */
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../arguments.ts";
import { auditEngine } from "../../audit/audit-database.ts";
import { patiently } from "../patiently.ts";
import type { EngineChild } from "./engine-child.ts";
import { getUnrest } from "./witness/store/get-unrest.ts";
import type { World } from "./world.ts";

/** Every timer of a random flow fires within seconds, and every attempt is over; the rest is for a machine that does other things as well. */
export const REST_MS_MAX = 120_000;
const LOOK_EVERY_MS = 250;
/** Looks in a row at which nothing may have moved. */
const LOOKS_AT_REST = 3;

export async function comeToRest(world: World, progress: (what: string) => void): Promise<void> {
  const untilMs = performance.now() + REST_MS_MAX;
  progress("no more faults; the last callers get their answers");
  await Promise.all([settleCallers(world, untilMs), releaseAll(world)]);
  await world.pulse.rest(AbortSignal.any([world.stop, AbortSignal.timeout(REST_MS_MAX)]));
  progress("no more callers; waiting until nothing moves");
  await settleQueues(world, untilMs);
  await auditAtRest(world, untilMs);
  progress("stopping the engines");
  await stopEngines(world);
}

/** An engine of the first version only would leave runs of the second to others, and in the end there may be no others. */
async function releaseAll({ engines, stop }: World): Promise<void> {
  // Where nobody has come to know the second version, no run is of it.
  if (engines.every(({ served }) => served === "first")) return;
  const release = async (engine: EngineChild): Promise<void> => {
    engine.serves = "all";
    if (engine.served === "all") return;
    await engine.stop();
    await engine.start(stop);
  };
  await Promise.all(engines.map(release));
}

/** Callers who do not get an answer now that all is well will never get one. */
async function settleCallers(world: World, untilMs: number): Promise<void> {
  const { crowd, report } = world;
  const closed = crowd.close();
  const bound = new AbortController();
  const late = sleep(untilMs - performance.now(), true, { signal: bound.signal }).catch(() => false);
  const isLate = await Promise.race([closed.then(() => false), late]);
  bound.abort();
  if (isLate)
    report("engine", `${crowd.inside} callers have no answer ${REST_MS_MAX} ms after the last fault`);
  world.hush();
  await closed;
}

/** Waits until nothing moves. */
export async function settleQueues(
  { sql, stop, report, listOwed }: Pick<World, "sql" | "stop" | "report" | "listOwed">,
  untilMs: number,
): Promise<void> {
  let before = -1;
  let looks = 0;
  while (looks < LOOKS_AT_REST && !stop.aborted) {
    const { left: moving, batches } = await patiently(() => getUnrest(sql));
    const left = [...moving, ...((await listOwed?.()) ?? [])];
    const isMoving = left.length > 0 || batches !== before;
    looks = isMoving ? 0 : looks + 1;
    before = batches;
    if (performance.now() > untilMs)
      return report(
        "I4",
        `the world is not at rest ${REST_MS_MAX} ms after the last fault: ${left.join(", ")}`,
      );
    await sleep(LOOK_EVERY_MS);
  }
}

/** The search projection may lag behind what is at rest, for a bounded time. */
export async function auditAtRest(
  { databaseUrl, stop, report }: Pick<World, "databaseUrl" | "stop" | "report">,
  untilMs: number,
): Promise<void> {
  for (;;) {
    const { findings } = await patiently(() => auditEngine(databaseUrl, true));
    if (findings.length === 0 || stop.aborted) return;
    if (performance.now() > untilMs) {
      for (const { invariant, runId, message } of findings)
        report(invariant, `at rest: ${runId === null ? "" : `run ${runId}: `}${message}`);
      return;
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/** Engines that stop in good order leave no lane behind. */
async function stopEngines({ engines, participants, sql, report }: World): Promise<void> {
  const stop = (child: { stop(): Promise<void> }): Promise<void> =>
    child.stop().catch((error: unknown) => report("engine", messageOf(error)));
  await Promise.all(engines.map(stop));
  await Promise.all(participants.map(stop));
  const { owned } = await patiently(() => getUnrest(sql));
  if (owned > 0) report("engine", `${owned} lanes have an owner after all engines stopped`);
}
