/** Two results side by side. */
import type { Style } from "../../style.ts";
import { renderTable } from "../../table.ts";
import { times } from "../numbers.ts";
import { conditionsText } from "../report.ts";
import { goodputOf } from "./offered.ts";
import type { OverloadResult, OverloadRow } from "./result.ts";

/** Now divided by then; `null` where either was not measured. */
export interface OverloadComparison {
  readonly capacity: number | null;
  readonly rows: readonly ComparedLoad[];
}

export interface ComparedLoad {
  readonly timesCapacity: number;
  readonly goodput: number | null;
  /** Of capacity, that of the same result. */
  readonly share: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly peakBytes: number | null;
}

export function compareOverload(then: OverloadResult, now: OverloadResult): OverloadComparison {
  return {
    capacity: ratio(then.capacityPerSecond, now.capacityPerSecond),
    rows: now.rows.flatMap((row) => {
      const former = then.rows.find(({ timesCapacity }) => timesCapacity === row.timesCapacity);
      if (former === undefined) return [];
      const of = (what: (row: OverloadRow) => number | null): number | null => ratio(what(former), what(row));
      return [
        {
          timesCapacity: row.timesCapacity,
          goodput: of(goodputOf),
          share: ratio(shareOf(then, former), shareOf(now, row)),
          p50Ms: of(({ p50Ms }) => p50Ms),
          p99Ms: of(({ p99Ms }) => p99Ms),
          peakBytes: of(({ memory }) => memory?.peakBytes ?? null),
        },
      ];
    }),
  };
}

function shareOf({ capacityPerSecond }: OverloadResult, row: OverloadRow): number | null {
  return capacityPerSecond === null ? null : goodputOf(row) / capacityPerSecond;
}

function ratio(then: number | null, now: number | null): number | null {
  return then === null || now === null || then === 0 ? null : now / then;
}

export function overloadComparisonText(
  then: OverloadResult,
  now: OverloadResult,
  path: string,
  style: Style,
): string {
  const { capacity, rows } = compareOverload(then, now);
  const column = (title: string, of: (row: ComparedLoad) => number | null) => ({
    title,
    cell: (row: ComparedLoad) => times(of(row)),
    align: "right" as const,
  });
  const table = renderTable(
    rows,
    [
      { title: "now, of then", cell: ({ timesCapacity }) => `${timesCapacity}× capacity` },
      column("done/s", ({ goodput }) => goodput),
      column("of capacity", ({ share }) => share),
      column("p50", ({ p50Ms }) => p50Ms),
      column("p99", ({ p99Ms }) => p99Ms),
      column("peak", ({ peakBytes }) => peakBytes),
    ],
    style,
  );
  return `Capacity now, of then: ${times(capacity)}\n${table}Then (${path}): ${conditionsText(then.conditions)}Now: ${conditionsText(now.conditions)}`;
}
