/** The goals under overload, each judged by what was measured and by nothing else. */
import { notMeasured } from "../goals.ts";
import type { Goal } from "../goals.ts";
import { percent, short, times, whole } from "../numbers.ts";
import { median } from "../statistics.ts";
import { bottleneckOf, goodputOf } from "./offered.ts";
import type { OverloadResult, OverloadRow, StalledRow } from "./result.ts";

const OVERLOAD_TIMES = 3;
const GOODPUT_SHARE_MIN = 0.9;
/** 30 MB in half an hour: less than what one collection of garbage moves. */
const BYTES_PER_MINUTE_MAX = 1e6;
/** In less, the collector's habits are all that a line shows. */
const MEMORY_MINUTES_MIN = 5;
/** How much of its speed a flow may lose to another one's stalled participant, and how much later its slowest runs may be. */
const STALLED_SPEED_MIN = 0.9;
const STALLED_P99_MAX = 1.25;

export function judgeOverload(found: Pick<OverloadResult, "capacityPerSecond" | "rows" | "stalled">): Goal[] {
  return [goodput(found), refusals(found.rows), memory(found.rows), stalledSpeed(found), stalledP99(found)];
}

function goodput({ capacityPerSecond, rows }: Pick<OverloadResult, "capacityPerSecond" | "rows">): Goal {
  const goal = `at ${OVERLOAD_TIMES} times capacity: at least ${percent(GOODPUT_SHARE_MIN)} of capacity gets done`;
  const row = rows.find(({ timesCapacity }) => timesCapacity === OVERLOAD_TIMES);
  if (row === undefined || capacityPerSecond === null) return notMeasured(goal);
  const share = goodputOf(row) / capacityPerSecond;
  const bottleneck = bottleneckOf(row.callers);
  const beside = bottleneck === null ? "" : `; but ${bottleneck}`;
  return {
    goal,
    found: `${percent(share)}: ${whole(goodputOf(row))} of ${whole(capacityPerSecond)} runs/s${beside}`,
    isMet: share >= GOODPUT_SHARE_MIN && bottleneck === null,
  };
}

/** Of all loads: at capacity as well somebody may be refused. */
function refusals(rows: readonly OverloadRow[]): Goal {
  const goal = "whoever is not served is refused with 429 or 503 and Retry-After";
  if (rows.length === 0) return notMeasured(goal);
  const sum = (of: (row: OverloadRow) => number): number => rows.reduce((all, row) => all + of(row), 0);
  const [refused, bare, failed] = [
    sum(({ ended }) => ended.refused),
    sum(({ ended }) => ended["refused-bare"]),
    sum(({ ended }) => ended.failed),
  ];
  return {
    goal,
    found: `${whole(refused)} so, ${whole(bare)} without Retry-After, ${whole(failed)} otherwise`,
    isMet: bare === 0 && failed === 0,
  };
}

/** At capacity and at twice of it, for long enough. */
function memory(rows: readonly OverloadRow[]): Goal {
  const goal = `memory of the engine's process flat: it rises by less than ${short(BYTES_PER_MINUTE_MAX / 1e6)} MB a minute`;
  const long = rows.flatMap(({ timesCapacity, memory: trend }) =>
    trend !== null && trend.minutes >= MEMORY_MINUTES_MIN ? [{ timesCapacity, trend }] : [],
  );
  if (long.length === 0) return notMeasured(goal);
  return {
    goal,
    found: long
      .map(
        ({ timesCapacity, trend }) =>
          `${(trend.bytesPerMinute / 1e6).toFixed(2)} MB a minute in ${whole(trend.minutes)} minutes at ${timesCapacity} times capacity`,
      )
      .join("; "),
    isMet: long.every(({ trend }) => trend.bytesPerMinute < BYTES_PER_MINUTE_MAX),
  };
}

function stalledSpeed({ stalled }: Pick<OverloadResult, "stalled">): Goal {
  const goal = `a flow beside a stalled participant: at least ${percent(STALLED_SPEED_MIN)} of its runs/s`;
  const ratio = stalledRatio(stalled, ({ runsPerSecond }) => runsPerSecond);
  return ratio === null
    ? notMeasured(goal)
    : { goal, found: percent(ratio), isMet: ratio >= STALLED_SPEED_MIN };
}

function stalledP99({ stalled }: Pick<OverloadResult, "stalled">): Goal {
  const goal = `the same: a p99 of at most ${STALLED_P99_MAX} times that without it`;
  const ratio = stalledRatio(stalled, ({ p99Ms }) => p99Ms);
  return ratio === null ? notMeasured(goal) : { goal, found: times(ratio), isMet: ratio <= STALLED_P99_MAX };
}

/** With the stall, of without: of the medians, for the two were measured in turns. */
function stalledRatio(rows: readonly StalledRow[], of: (row: StalledRow) => number): number | null {
  const medianOf = (isStalled: boolean): number =>
    median(rows.filter((row) => row.isStalled === isStalled).map(of));
  const ratio = medianOf(true) / medianOf(false);
  return Number.isFinite(ratio) ? ratio : null;
}
