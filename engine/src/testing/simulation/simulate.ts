/**
 * The simulation: a few whole engines on one database in memory, in one process, in virtual time. A seed decides everything: the flows,
 * the callers, the participants, the order of all that happens, and what goes wrong before and after each call of each port.
 * First all of it at once; then the faults cease, the world has to come to rest, and what it has become is held to the invariants. At
 * last operators put right what people are there for, until every run has ended, and the invariants must hold once more.
 */
import type { Coverage } from "./coverage.ts";
import { bulkUnrest } from "./check-bulk.ts";
import { unrest } from "./check-queues.ts";
import { scheduleUnrest } from "./check-schedules.ts";
import { checkEnd, checkWorld } from "./check-world.ts";
import type { Profile } from "./profile.ts";
import type { Violation } from "./violation.ts";
import { createWorld } from "./world.ts";
import type { SimulationOptions, World } from "./world.ts";

export type { SimulationOptions } from "./world.ts";

export interface SimulationResult {
  readonly seed: number;
  /** Broken promises; none when all is well. */
  readonly violations: readonly Violation[];
  readonly coverage: Coverage;
  readonly profile: Profile;
  readonly steps: number;
  /** Calls of ports until the faults ceased. */
  readonly calls: number;
  readonly virtualMs: number;
  /** Equal for equal histories: the same seed gives the same hash. */
  readonly traceHash: string;
  /** The last steps, oldest first. */
  readonly trace: readonly string[];
}

/** Bounds of one seed. Beyond them it hangs or spins, which is a violation. */
const STEPS_MAX = 400_000;
const REST_MS_MAX = 30_000;
const REST_LONG_MS_MAX = 1_500_000;
/** How often operators look after what is left. One round mends a run; a family may need as many as it has generations. */
const ROUNDS_MAX = 15;

/** Plays one seed to its end. Never throws for a fault of the engine: what it finds it answers. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<SimulationResult> {
  const world = createWorld(seed, options);
  const onRejection = (error: unknown): void =>
    world.report("engine", `a promise was rejected, and nobody heard: ${stackOf(error)}`);
  process.on("unhandledRejection", onRejection);
  try {
    await play(world);
  } catch (error) {
    world.report("engine", `the simulation stopped: ${stackOf(error)}`);
  } finally {
    process.off("unhandledRejection", onRejection);
  }
  const { violations, coverage, profile, faults, scheduler } = world;
  const { trace } = scheduler;
  return {
    seed,
    violations,
    coverage,
    profile,
    steps: trace.steps,
    calls: faults.calls,
    virtualMs: Math.round(scheduler.nowMs),
    traceHash: trace.hash,
    trace: trace.lines(),
  };
}

/** From beginning to end, or to the first broken promise. */
async function play(world: World): Promise<void> {
  const phases = [makeChaos, calmDown, checkWorld, putRight, checkEnd, checkEngines, stopEngines];
  for (const phase of phases) {
    await phase(world);
    if (world.violations.length > 0) return;
  }
}

function isOver({ violations, scheduler }: World): boolean {
  return violations.length > 0 || scheduler.trace.steps > STEPS_MAX;
}

async function makeChaos(world: World): Promise<void> {
  const { cluster, callers, operators, bulkOperators, profile, scheduler } = world;
  cluster.start();
  callers.start(profile.callers, profile.crowd);
  operators.start(profile.operations);
  bulkOperators.start(profile.bulkOperations);
  await scheduler.play(() => isOver(world) || scheduler.nowMs >= profile.chaosMs);
}

/** No more faults; whoever is frozen goes on, whoever is dead starts again. */
async function calmDown(world: World): Promise<void> {
  const { scheduler, faults, cluster, profile } = world;
  scheduler.note("the faults cease");
  faults.isOn = false;
  faults.isOutage = false;
  for (const frozen of cluster.processes()) frozen.thaw();
  // What was sent slowly while there were faults has to arrive first.
  await comeToRest(world, profile.rates.spike > 0 ? 2 * profile.spikeMsMax : 0);
}

/** Until nothing moves any more. */
async function comeToRest(world: World, atLeastMs = 0): Promise<void> {
  const { scheduler, profile, log, report } = world;
  const untilMs = scheduler.nowMs + (profile.isLong ? REST_LONG_MS_MAX : REST_MS_MAX);
  let lookAtMs = scheduler.nowMs + atLeastMs;
  let commitsAtRest = -1;
  await scheduler.play(() => {
    if (isOver(world) || scheduler.nowMs > untilMs) return true;
    if (scheduler.nowMs < lookAtMs) return false;
    lookAtMs = scheduler.nowMs + profile.options.leaseMs / 2;
    // At rest twice in a row, with nothing written between.
    const isAtRest = allUnrest(world).length === 0;
    if (isAtRest && commitsAtRest === log.commits) return true;
    commitsAtRest = isAtRest ? log.commits : -1;
    return false;
  });
  const left = allUnrest(world);
  if (left.length > 0 && world.violations.length === 0)
    report("I4", `after ${scheduler.trace.steps} steps the world is not at rest: ${left.join("; ")}`);
}

/** Operators look after every run that has not ended. */
async function putRight(world: World): Promise<void> {
  const { operators, scheduler } = world;
  for (let round = 1; round <= ROUNDS_MAX && operators.unfinished().length > 0; round++) {
    scheduler.note(`operators put right what is left, round ${round}`);
    operators.putRight(round);
    await comeToRest(world);
    if (isOver(world)) return;
  }
}

function allUnrest(world: World): readonly string[] {
  const { callers, operators, bulkOperators, late, participants, cluster, database, generated } = world;
  return [
    ...(callers.busy > 0 ? [`${callers.busy} callers wait`] : []),
    ...(operators.busy > 0 ? [`${operators.busy} operators wait`] : []),
    ...(participants.onTheWay > 0 ? [`${participants.onTheWay} commands are on their way`] : []),
    ...(late.open > 0 ? [`${late.open} answers are owed`] : []),
    ...(bulkOperators.busy > 0 ? [`${bulkOperators.busy} bulk operators wait`] : []),
    ...cluster.unrest(),
    ...unrest(database),
    ...bulkUnrest(database),
    ...scheduleUnrest(generated, world),
  ];
}

/** Gauges that count what waits. */
const EMPTY_AT_REST = [
  "sluice_queue_depth",
  "sluice_waiting_callers",
  "sluice_outbox_depth",
  "sluice_inbox_depth",
  "sluice_timers_due",
] as const;

/** In engines at rest nobody waits for anything. */
async function checkEngines(world: World): Promise<void> {
  const { cluster, report } = world;
  await finish(world, cluster.measure());
  for (const { engineId, gauges } of cluster.engines()) {
    for (const name of EMPTY_AT_REST) {
      const value = gauges.get(name);
      if (value !== 0) report("engine", `${engineId} is at rest, and its ${name} is ${value}`);
    }
  }
}

/** Engines that stop in good order leave no lane behind and no timer that would keep a process alive. */
async function stopEngines(world: World): Promise<void> {
  const { cluster, database, report } = world;
  const processes = cluster.processes();
  await finish(world, cluster.close());
  for (const { laneId, ownerId } of database.lanes)
    if (ownerId !== null)
      report("engine", `lane ${laneId} still belongs to ${ownerId} after all engines stopped`);
  for (const { name, timers } of processes)
    if (timers > 0) report("engine", `${name} has stopped, and ${timers} timers are still set`);
}

/** Lets the world go on until something has ended. */
async function finish(world: World, work: Promise<void>): Promise<void> {
  let isFinished = false;
  void work.then(() => (isFinished = true));
  await world.scheduler.play(() => isFinished || isOver(world));
  if (!isFinished) world.report("engine", "the engines do not come to an end");
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
