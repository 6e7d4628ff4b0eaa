/** The goals of the engine that this benchmark can show, each judged by what was measured and by nothing else. */
import type { BenchRow } from "./result.ts";
import { nameOf } from "./flow/bench-flow.ts";
import { percent, whole } from "./numbers.ts";

export interface Goal {
  readonly goal: string;
  /** What was found; `null` when no case of this measurement shows it. */
  readonly found: string | null;
  /** `null` when it was not measured. */
  readonly isMet: boolean | null;
}

const TRANSITIONS_PER_SECOND_MIN = 10_000;
const SHARE_OF_CEILING_MIN = 0.5;
const IDLE_P50_MS_MAX = 5;
const PEAK_BYTES_MAX = 300e6;
const IN_FLIGHT_OF_MEMORY = 20_000;
const GROWTH_RATIO_MIN = 0.9;
const PEER_RATIO_MIN = 10;

export function judgeGoals(rows: readonly BenchRow[]): Goal[] {
  const ours = rows.filter(({ subject }) => subject === "sluice");
  const fresh = ours.filter(
    ({ storedRuns, arrivalsPerSecond }) => storedRuns === 0 && arrivalsPerSecond === null,
  );
  return [speed(fresh), share(fresh), idleLatency(fresh), memory(fresh), growth(ours), ...peers(rows)];
}

/** The purchase with transactional participants where it is fastest. */
function fastestPurchase(rows: readonly BenchRow[]): BenchRow | undefined {
  return rows
    .filter(({ flow, participants }) => flow === "purchase" && participants === "transactional")
    .toSorted((a, b) => b.transitionsPerSecond - a.transitionsPerSecond)[0];
}

function speed(rows: readonly BenchRow[]): Goal {
  const goal = `purchase, transactional: at least ${whole(TRANSITIONS_PER_SECOND_MIN)} transitions/s`;
  const row = fastestPurchase(rows);
  if (row === undefined) return notMeasured(goal);
  return {
    goal,
    found: `${whole(row.transitionsPerSecond)} at ${whole(row.inFlight)} in flight`,
    isMet: row.transitionsPerSecond >= TRANSITIONS_PER_SECOND_MIN,
  };
}

function share(rows: readonly BenchRow[]): Goal {
  const goal = `the same: at least ${percent(SHARE_OF_CEILING_MIN)} of what plain statements reach with the same rows`;
  const row = fastestPurchase(rows);
  if (row === undefined || row.ceilingPerSecond === null) return notMeasured(goal);
  const found = row.transitionsPerSecond / row.ceilingPerSecond;
  const single = row.singleCeilingPerSecond;
  const beside =
    single === null
      ? ""
      : `; ${percent(row.transitionsPerSecond / single)} of ${whole(single)}, with rows for each transition`;
  return {
    goal,
    found: `${percent(found)} of ${whole(row.ceilingPerSecond)}${beside}`,
    isMet: found >= SHARE_OF_CEILING_MIN,
  };
}

function idleLatency(rows: readonly BenchRow[]): Goal {
  const goal = `3 steps, local, one at a time: p50 below ${IDLE_P50_MS_MAX} ms`;
  const row = rows.find(
    ({ flow, participants, inFlight, door }) =>
      flow === 3 && participants === "local" && inFlight === 1 && door === "library",
  );
  if (row === undefined) return notMeasured(goal);
  return { goal, found: `${row.p50Ms.toFixed(1)} ms`, isMet: row.p50Ms < IDLE_P50_MS_MAX };
}

/** The hungriest case counts. */
function memory(rows: readonly BenchRow[]): Goal {
  const goal = `engine process below ${whole(PEAK_BYTES_MAX / 1e6)} MB at ${whole(IN_FLIGHT_OF_MEMORY)} runs in flight`;
  const row = rows
    .filter(({ inFlight }) => inFlight >= IN_FLIGHT_OF_MEMORY)
    .toSorted((a, b) => b.peakBytes - a.peakBytes)[0];
  if (row === undefined) return notMeasured(goal);
  return {
    goal,
    found: `${whole(row.peakBytes / 1e6)} MB at its peak (${nameOf(row.flow)}, ${row.participants})`,
    isMet: row.peakBytes < PEAK_BYTES_MAX,
  };
}

/** The case that suffers most from what is stored. */
function growth(rows: readonly BenchRow[]): Goal {
  const goal = `transitions/s at the most stored runs: at least ${percent(GROWTH_RATIO_MIN)} of those at the fewest`;
  const ratios = [
    ...Map.groupBy(
      rows.filter(({ storedRuns }) => storedRuns > 0),
      caseOf,
    ).values(),
  ]
    .map((sizes) => sizes.toSorted((a, b) => a.storedRuns - b.storedRuns))
    .flatMap((sizes) => {
      const [fewest, most] = [sizes[0], sizes.at(-1)];
      if (fewest === undefined || most === undefined || fewest === most) return [];
      return [{ fewest, most, ratio: most.transitionsPerSecond / fewest.transitionsPerSecond }];
    })
    .toSorted((a, b) => a.ratio - b.ratio);
  const [worst] = ratios;
  if (worst === undefined) return notMeasured(goal);
  return {
    goal,
    found: `${percent(worst.ratio)} (${whole(worst.most.storedRuns)} against ${whole(worst.fewest.storedRuns)}; ${nameOf(worst.most.flow)}, ${whole(worst.most.inFlight)} in flight)`,
    isMet: worst.ratio >= GROWTH_RATIO_MIN,
  };
}

function peers(rows: readonly BenchRow[]): Goal[] {
  const names = new Set(rows.map(({ subject }) => subject).filter((name) => name !== "sluice"));
  return [...names].flatMap((name) => againstPeer(name, rows));
}

function againstPeer(name: string, rows: readonly BenchRow[]): Goal[] {
  const pairs = pairsWith(name, rows);
  const closed = pairs
    .filter(({ ours }) => ours.arrivalsPerSecond === null && ours.participants === "transactional")
    .map((pair) => ({ ...pair, ratio: pair.ours.runsPerSecond / pair.theirs.runsPerSecond }));
  const best = (of: "ours" | "theirs"): number => Math.max(...closed.map((pair) => pair[of].runsPerSecond));
  const ratio = best("ours") / best("theirs");
  const equal = pairs.filter(({ ours }) => ours.arrivalsPerSecond !== null);
  const faster = `at least ${PEER_RATIO_MIN} times the flows/s of ${name}, each where it is fastest (transactional)`;
  const sooner = `a lower p99 than ${name} at equal load`;
  return [
    closed.length === 0
      ? notMeasured(faster)
      : {
          goal: faster,
          found: `${ratio.toFixed(1)} times (${whole(best("ours"))} against ${whole(best("theirs"))})`,
          isMet: ratio >= PEER_RATIO_MIN,
        },
    equal.length === 0
      ? notMeasured(sooner)
      : {
          goal: sooner,
          found: equal
            .map(
              ({ ours, theirs }) =>
                `${ours.p99Ms.toFixed(1)} ms against ${theirs.p99Ms.toFixed(1)} ms at ${whole(ours.arrivalsPerSecond)} flows/s (${ours.participants})`,
            )
            .join("; "),
          isMet: equal.every(({ ours, theirs }) => ours.p99Ms < theirs.p99Ms),
        },
  ];
}

/** Rows of the engine, each beside the peer's of the same case. */
export function pairsWith(
  peer: string,
  rows: readonly BenchRow[],
): { readonly ours: BenchRow; readonly theirs: BenchRow }[] {
  return rows
    .filter(({ subject }) => subject === "sluice")
    .flatMap((ours) => {
      const theirs = rows.find((row) => row.subject === peer && caseOf(row) === caseOf(ours));
      return theirs === undefined ? [] : [{ ours, theirs }];
    });
}

function caseOf({ flow, participants, door, inFlight, arrivalsPerSecond }: BenchRow): string {
  return JSON.stringify([flow, participants, door, inFlight, arrivalsPerSecond]);
}

export function notMeasured(goal: string): Goal {
  return { goal, found: null, isMet: null };
}
