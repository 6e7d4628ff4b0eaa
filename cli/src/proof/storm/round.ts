/**
 * One round of the storm: a world of its own, load and faults on it, rest, and the judgement. A round is small enough to be judged whole,
 * and its seed alone repeats it: the same flows, callers, participants and faults, as far as a real machine allows.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { CallerLedger, Violation } from "@sluice/engine/random-flows";
import { auditEngine } from "../../audit/audit-database.ts";
import type { Stage } from "../act.ts";
import { patiently } from "../patiently.ts";
import type { RoundResult, StruckFault } from "../rounds.ts";
import { planFaults } from "./faults/fault-plan.ts";
import type { PlannedFault } from "./faults/fault-plan.ts";
import type { FaultKind } from "./faults/fault.ts";
import { judge } from "./judge.ts";
import { checkLanes } from "./oracle/check-lanes.ts";
import { comeToRest } from "./rest.ts";
import { listLaneSteps } from "./witness/store/list-lane-steps.ts";
import type { World, WorldOptions } from "./world.ts";

export interface RoundPlan<Struckable extends World> extends Pick<
  Stage,
  "seed" | "engines" | "callers" | "directory" | "env" | "isKept" | "stop" | "progress"
> {
  readonly kinds: readonly FaultKind<Struckable>[];
  readonly open: (options: WorldOptions) => Promise<Struckable>;
  /** Times that every kind comes, at the most. */
  readonly cyclesMax: number;
  /** No fault begins after this but the first few, by `performance.now`. */
  readonly faultsUntilMs: number;
}

/** After a fault every lane acknowledges inputs again within this time, on a machine that does other things as well. */
const RECOVERY_MS_MAX = 60_000;
/** A round has some faults, however long everything takes on this machine: without any it would prove little. */
const FAULTS_MIN = 2;
/** A round with more broken promises than this is broken enough. */
const BREACHES_MAX = 50;

/** Never throws for what it finds: that is in the answer. */
export async function playRound<Struckable extends World>(plan: RoundPlan<Struckable>): Promise<RoundResult> {
  const breaches: Violation[] = [];
  const report = (promise: Violation["promise"], message: string): void => {
    if (breaches.length < BREACHES_MAX) breaches.push({ promise, message });
  };
  plan.progress("starting servers, engines and participants");
  const world = await plan.open({ ...plan, report });
  const round = new Round(plan, world, breaches);
  try {
    await round.play();
  } catch (error) {
    if (!plan.stop.aborted) report("engine", `the round came to nothing: ${stackOf(error)}`);
  } finally {
    for (const error of world.listErrors?.() ?? []) report("engine", error);
    await world.close(plan.isKept || breaches.length > 0);
  }
  return round.result();
}

type Named = Pick<FaultKind, "name">;

class Round<Struckable extends World> {
  readonly #plan: RoundPlan<Struckable>;
  readonly #world: Struckable;
  readonly #breaches: readonly Violation[];
  readonly #faults: StruckFault[] = [];
  readonly #takeoverMs: number[] = [];
  readonly #skipped: RoundResult["skipped"][number][] = [];
  #counts: Readonly<Record<string, number>> = {};
  #audits = 0;

  constructor(plan: RoundPlan<Struckable>, world: Struckable, breaches: readonly Violation[]) {
    this.#plan = plan;
    this.#world = world;
    this.#breaches = breaches;
  }

  async play(): Promise<void> {
    const { crowd } = this.#world;
    crowd.open();
    await this.#strikeAll();
    if (this.#isOver()) return;
    await comeToRest(this.#world, this.#plan.progress);
    if (this.#isOver()) return;
    this.#plan.progress("judging");
    this.#counts = await judge({ ...this.#world, options: this.#world.profile.options });
  }

  result(): RoundResult {
    const { ledger, crowd } = this.#world;
    return {
      breaches: this.#breaches,
      counts: {
        callers: crowd.callers,
        ...countAnswers(ledger),
        ...this.#counts,
        ...this.#world.counts?.(),
        audits: this.#audits,
      },
      faults: this.#faults,
      takeoverMs: this.#takeoverMs,
      skipped: this.#skipped,
    };
  }

  #isOver(): boolean {
    return this.#breaches.length > 0 || this.#plan.stop.aborted;
  }

  async #strikeAll(): Promise<void> {
    const { seed, cyclesMax, faultsUntilMs } = this.#plan;
    const kinds = this.#possible();
    for (const fault of planFaults(seed, kinds)) {
      if (this.#isOver() || this.#faults.length >= cyclesMax * kinds.length) return;
      await sleep(fault.calmMs, undefined, { signal: this.#plan.stop }).catch(() => {});
      const isLate = performance.now() > faultsUntilMs && this.#faults.length >= FAULTS_MIN;
      if (this.#plan.stop.aborted || isLate) return;
      await this.#strike(fault);
    }
  }

  /** What cannot be had here is said once, and left out. */
  #possible(): readonly FaultKind<Struckable>[] {
    return this.#plan.kinds.filter((kind) => {
      const why = kind.unavailable?.(this.#world) ?? null;
      if (why !== null) this.#skipped.push({ kind: kind.name, why });
      return why === null;
    });
  }

  async #strike({ kind, isHasty, random }: PlannedFault<Struckable>): Promise<void> {
    const { progress, stop } = this.#plan;
    const { pulse } = this.#world;
    this.#release();
    progress(`${kind.name}${isHasty ? ", and the next at once" : ""}`);
    const { atMs, lanes, end } = await kind.strike(this.#world, random);
    const bound = AbortSignal.any([stop, AbortSignal.timeout(RECOVERY_MS_MAX)]);
    if (lanes.length > 0) this.#note(lanes, await pulse.beat(lanes, atMs, bound), kind);
    await end();
    const sinceMs = performance.now();
    if (isHasty) return void this.#faults.push({ kind: kind.name, recoveryMs: null });
    const all = Array.from({ length: this.#world.profile.options.lanes }, (_, lane) => lane);
    const served = await pulse.beatAll(
      sinceMs,
      AbortSignal.any([stop, AbortSignal.timeout(RECOVERY_MS_MAX)]),
    );
    this.#checkServed(all, served, kind);
    const recoveryMs = served.size < all.length ? null : Math.max(...served.values());
    this.#faults.push({ kind: kind.name, recoveryMs });
    await this.#audit(kind);
  }

  #note(lanes: readonly number[], tookMs: ReadonlyMap<number, number>, kind: Named): void {
    this.#takeoverMs.push(...tookMs.values());
    this.#checkServed(lanes, tookMs, kind);
  }

  #checkServed(lanes: readonly number[], served: ReadonlyMap<number, number>, kind: Named): void {
    const silent = lanes.filter((lane) => !served.has(lane));
    if (silent.length === 0 || this.#plan.stop.aborted) return;
    const { report } = this.#world;
    report(
      "I3",
      `after "${kind.name}" the lanes ${silent.join()} acknowledged nothing for ${RECOVERY_MS_MAX} ms`,
    );
  }

  /** From some fault on, engines that start know the second versions of the flows. */
  #release(): void {
    const { engines, profile } = this.#world;
    if (this.#faults.length < profile.releaseAfterFaults) return;
    for (const engine of engines) engine.serves = "all";
  }

  async #audit(kind: Named): Promise<void> {
    if (this.#plan.stop.aborted) return;
    // Who moved which lane can be judged at any time, and says more than what comes of it.
    const { sql, report } = this.#world;
    checkLanes(await patiently(() => listLaneSteps(sql)), [], (promise, message) =>
      report(promise, `after "${kind.name}": ${message}`),
    );
    const { findings } = await patiently(() => auditEngine(this.#world.databaseUrl, false));
    this.#audits++;
    for (const { invariant, runId, message } of findings)
      report(invariant, `after "${kind.name}": ${runId === null ? "" : `run ${runId}: `}${message}`);
  }
}

/** What callers were told; `kept for later` is in the durable inbox, whose lane had no owner that could be reached. */
function countAnswers({ starts, events }: CallerLedger): Readonly<Record<string, number>> {
  const started = starts.filter(({ runId }) => runId !== null);
  const told = events.filter(({ answers }) => answers.length > 0);
  const isKept = ({ outcome }: { readonly outcome: string }): boolean => outcome === "accepted";
  return {
    acknowledged: started.length + told.length,
    "kept for later":
      started.filter(({ isDecided }) => !isDecided).length +
      told.filter(({ answers }) => answers.some(isKept)).length,
    "never answered":
      starts.filter(({ runId, isMaybe }) => runId === null && isMaybe).length +
      events.filter(({ answers, isMaybe }) => answers.length === 0 && isMaybe).length,
  };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
