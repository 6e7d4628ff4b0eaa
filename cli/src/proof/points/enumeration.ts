/**
 * One enumeration: a world of its own, a purchase that is only watched, then one for each point that it has passed, with something
 * happening there; and the judgement of all of them together.
 */
import { Random } from "@sluice/engine/random-flows";
import type { Violation } from "@sluice/engine/random-flows";
import { messageOf } from "../../arguments.ts";
import { auditEngine } from "../../audit/audit-database.ts";
import type { Stage } from "../act.ts";
import { patiently } from "../patiently.ts";
import type { RoundResult, StruckFault } from "../rounds.ts";
import { shuffled } from "../shuffled.ts";
import { judge } from "../storm/judge.ts";
import { checkRepeats } from "../storm/oracle/check-effects.ts";
import { REST_MS_MAX, auditAtRest, settleQueues } from "../storm/rest.ts";
import { listEffects } from "../storm/witness/store/list-effects.ts";
import { playPurchase } from "./play-purchase.ts";
import type { Armed, Passed, Point, PointKind } from "./point-kinds.ts";
import { POINT_OPTIONS } from "./point-options.ts";
import { openPointWorld } from "./point-world.ts";
import type { PointWorld } from "./point-world.ts";
import { PURCHASE_FLOWS } from "./purchase-flow.ts";

export interface EnumerationPlan extends Pick<
  Stage,
  "seed" | "directory" | "env" | "isKept" | "stop" | "progress"
> {
  readonly kinds: readonly PointKind[];
  /** After this no purchase begins but the first few, by `performance.now`. */
  readonly untilMs: number;
}

/** More broken promises than this are broken enough. */
const BREACHES_MAX = 50;
const PROGRESS_EVERY = 25;
/** A slice has some, however long everything takes on this machine. */
const POINTS_MIN = 5;

/** Never throws for what it finds: that is in the answer. */
export async function playEnumeration(plan: EnumerationPlan): Promise<RoundResult> {
  const enumeration = new Enumeration(plan);
  await enumeration.play();
  return enumeration.result();
}

class Enumeration {
  readonly #plan: EnumerationPlan;
  readonly #breaches: Violation[] = [];
  readonly #faults: StruckFault[] = [];
  #points = 0;
  #tried = 0;
  #missed = 0;
  #counts: Readonly<Record<string, number>> = {};
  /** What is going on, for who reads a breach. */
  #where = "without a fault";

  constructor(plan: EnumerationPlan) {
    this.#plan = plan;
  }

  readonly #report = (promise: Violation["promise"], message: string): void => {
    if (this.#breaches.length < BREACHES_MAX)
      this.#breaches.push({ promise, message: `${this.#where}: ${message}` });
  };

  async play(): Promise<void> {
    const { isKept, progress } = this.#plan;
    progress("starting Postgres and engines");
    const world = await openPointWorld({ ...this.#plan, report: this.#report });
    try {
      await this.#strikeAll(world);
      if (!this.#isOver()) await this.#judge(world);
    } catch (error) {
      if (!this.#plan.stop.aborted) this.#report("engine", `it came to nothing: ${messageOf(error)}`);
    } finally {
      await world.close(isKept || this.#breaches.length > 0);
    }
  }

  result(): RoundResult {
    return {
      breaches: this.#breaches,
      counts: {
        points: this.#points,
        "points tried": this.#tried,
        "points that did not come": this.#missed,
        ...this.#counts,
      },
      faults: this.#faults,
      takeoverMs: [],
      skipped: [],
    };
  }

  #isOver(): boolean {
    return this.#breaches.length > 0 || this.#plan.stop.aborted;
  }

  async #strikeAll(world: PointWorld): Promise<void> {
    const { kinds, seed, untilMs, progress } = this.#plan;
    // The first makes what is made once, such as the outbox's days.
    await playPurchase(world, "first");
    const passed = await this.#watch(world);
    const points = kinds.flatMap((kind) => kind.list(passed));
    this.#points = points.length;
    // In any order, so that a slice has something of everything.
    for (const point of shuffled(points, new Random(seed).fork("points"))) {
      if (this.#isOver() || (this.#tried >= POINTS_MIN && performance.now() > untilMs)) return;
      if (this.#tried % PROGRESS_EVERY === 0)
        progress(`${this.#tried} of ${points.length} points, now ${point.name}`);
      await this.#strike(world, point);
    }
  }

  /** The points of a purchase are counted, not known: what the engine does may change. */
  async #watch(world: PointWorld): Promise<Passed> {
    await this.#begin(world);
    await world.engines.armCall(null);
    await playPurchase(world, "watched");
    return { calls: await world.engines.calls(), messages: world.wire.counts };
  }

  /** Each purchase begins on connections of its own. */
  async #begin(world: PointWorld): Promise<void> {
    world.wire.arm(null, () => {});
    await world.engines.ready();
  }

  async #strike(world: PointWorld, point: Point): Promise<void> {
    const { kind, name } = point;
    this.#where = `${kind.name}: ${name}`;
    await this.#begin(world);
    const armed = await point.arm(world);
    const playing = playPurchase(world, `${kind.name}, ${name}`);
    const hasStruck = await hasCome(armed, playing);
    if (hasStruck) this.#faults.push({ kind: kind.name, recoveryMs: null });
    else this.#missed++;
    if (hasStruck && kind.isFatal) await world.engines.succeed();
    await playing;
    this.#tried++;
    await this.#audit(world);
  }

  async #audit({ databaseUrl, sql }: PointWorld): Promise<void> {
    checkRepeats(await patiently(() => listEffects(sql)), this.#report);
    const { findings } = await patiently(() => auditEngine(databaseUrl, false));
    for (const { invariant, runId, message } of findings)
      this.#report(invariant, `${runId === null ? "" : `run ${runId}: `}${message}`);
  }

  async #judge(world: PointWorld): Promise<void> {
    this.#where = "in the end";
    this.#plan.progress("waiting until nothing moves, and judging");
    const untilMs = performance.now() + REST_MS_MAX;
    await settleQueues(world, untilMs);
    await auditAtRest(world, untilMs);
    await world.engines.stop().catch((error: unknown) => this.#report("engine", messageOf(error)));
    if (this.#isOver()) return;
    this.#counts = await judge({ ...world, flows: PURCHASE_FLOWS, options: POINT_OPTIONS });
  }
}

/** Whether it happens while the purchase is played. */
async function hasCome({ struck, disarm }: Armed, playing: Promise<void>): Promise<boolean> {
  const striking = struck.then(() => true);
  const isSoon = await Promise.race([striking, playing.then(() => false)]);
  // It may come in this very moment, for what is done after the last answer is counted too.
  return isSoon || Promise.race([striking, disarm().then(() => false)]);
}
