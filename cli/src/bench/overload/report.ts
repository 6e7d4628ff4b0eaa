/** What was found under overload, for people. */
import { styleOf } from "../../cli.ts";
import type { Cli } from "../../cli.ts";
import { renderTable } from "../../table.ts";
import type { Column } from "../../table.ts";
import { NOTHING, megabytes, percent, short, whole } from "../numbers.ts";
import { auditText, conditionsText, goalsText, skippedText } from "../report.ts";
import { bottleneckOf, goodputOf } from "./offered.ts";
import type { Offered } from "./offered.ts";
import type { OverloadResult, OverloadRow, StalledRow } from "./result.ts";

export function overloadText(cli: Cli, result: OverloadResult): string {
  const style = styleOf(cli);
  const { capacityPerSecond, rows, steps, stalled } = result;
  const parts = [
    steps.length === 0
      ? ""
      : renderTable(
          steps,
          [right("asked for/s", ({ arrivalsPerSecond }) => whole(arrivalsPerSecond)), ...offeredColumns()],
          style,
        ),
    capacityPerSecond === null
      ? ""
      : `Capacity: ${whole(capacityPerSecond)} runs/s get done, however many are asked for.\n`,
    rows.length === 0 ? "" : `${renderTable(rows, rowColumns(), style)}${LEGEND}`,
    bottlenecksText(rows),
    failuresText([...steps, ...rows]),
    stalled.length === 0 ? "" : `${renderTable(stalled, stalledColumns(), style)}${STALLED_LEGEND}`,
    skippedText(result),
    goalsText(result.goals, style),
    conditionsText(result.conditions),
    auditText(result, style),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

const LEGEND =
  "Requests come by a schedule that waits for no answer; a run is started and awaited. p50 and p99 are those of runs that were done, from their planned\n" +
  "start. Memory is that of the engine's process. The callers have a process of their own: how many cores it used, and how busy its loop was.\n";

const STALLED_LEGEND =
  "One flow of 3 steps, measured in turns: the participant of another flow answers nobody, or all that waited have been answered.\n";

function right<Row>(title: string, cell: (row: Row) => string): Column<Row> {
  return { title, cell, align: "right" };
}

function offeredColumns<Row extends Offered>(): Column<Row>[] {
  const perSecond = (row: Offered, count: number): string => whole(count / row.seconds);
  return [
    right("done/s", (row) => whole(goodputOf(row))),
    right("refused/s", (row) => perSecond(row, row.ended.refused + row.ended["refused-bare"])),
    right("failed", ({ ended }) => whole(ended.failed)),
    right("p50 ms", ({ p50Ms }) => short(p50Ms)),
    right("p99 ms", ({ p99Ms }) => short(p99Ms)),
    right("callers", ({ callers }) => `${callers.cores.toFixed(1)}, ${percent(callers.loopShare)}`),
  ];
}

function rowColumns(): Column<OverloadRow>[] {
  return [
    right("of capacity", ({ timesCapacity }) => `${timesCapacity}×`),
    right("asked for/s", ({ arrivalsPerSecond }) => whole(arrivalsPerSecond)),
    ...offeredColumns<OverloadRow>(),
    right("engine", ({ engineCores }) => engineCores.toFixed(1)),
    right("Postgres", ({ postgresCores }) => (postgresCores === null ? NOTHING : postgresCores.toFixed(1))),
    right("others", ({ othersCores }) => (othersCores === null ? NOTHING : othersCores.toFixed(1))),
    right("memory", ({ memory }) =>
      memory === null ? NOTHING : `${whole(memory.fromBytes / 1e6)} to ${megabytes(memory.toBytes)}`,
    ),
    right("a minute", ({ memory }) =>
      memory === null ? NOTHING : `${(memory.bytesPerMinute / 1e6).toFixed(1)} MB`,
    ),
  ];
}

function stalledColumns(): Column<StalledRow>[] {
  return [
    { title: "the other participant", cell: ({ isStalled }) => (isStalled ? "stalls" : "answers") },
    right("its runs that wait", ({ runsWaiting }) => whole(runsWaiting)),
    right("its commands under way", ({ commandsUnderWay }) => whole(commandsUnderWay)),
    right("runs/s", ({ runsPerSecond }) => whole(runsPerSecond)),
    right("p50 ms", ({ p50Ms }) => short(p50Ms)),
    right("p99 ms", ({ p99Ms }) => short(p99Ms)),
  ];
}

/** Figures that are not the engine's are named before anybody believes them. */
function bottlenecksText(rows: readonly OverloadRow[]): string {
  return rows
    .flatMap(({ timesCapacity, callers }) => {
      const bottleneck = bottleneckOf(callers);
      return bottleneck === null
        ? []
        : [`The callers held the load back at ${timesCapacity}× capacity: ${bottleneck}.\n`];
    })
    .join("");
}

function failuresText(loads: readonly Offered[]): string {
  const failures = new Set(loads.flatMap((each) => each.failures));
  return [...failures]
    .slice(0, FAILURES_PRINTED_MAX)
    .map((failure) => `Failed: ${failure}\n`)
    .join("");
}

const FAILURES_PRINTED_MAX = 5;
