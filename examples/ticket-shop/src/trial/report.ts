/** The result of a trial, for people. For programs it is printed as it is. */
import type { Percentiles, Step } from "./climb.ts";
import { isBroken } from "./laws.ts";
import type { Verdict } from "./laws.ts";
import type { ClosedLoop, Errors, TrialResult } from "./trial.ts";

export function report({ closedLoop, steps, restart, outcomes, verdicts }: TrialResult): string {
  const ends = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`);
  return [
    "",
    ...closedLoopLines(closedLoop),
    "",
    "open arrivals; times from the planned start of each order",
    ...steps.map(stepLine),
    whatBroke(steps),
    "",
    `restarts  ${restart.orders} orders meanwhile, ${errorLine(restart.errors)}`,
    ...restart.stops.map(
      ({ process, exitCode, tookMs }) => `            ${process}: exit code ${exitCode} after ${ms(tookMs)}`,
    ),
    "",
    `all       ${ends.join(", ") || "no orders"}`,
    "",
    ...verdicts.flatMap(verdictLines),
  ].join("\n");
}

function closedLoopLines(loop: ClosedLoop): readonly string[] {
  return [
    `closed loop, ${loop.seconds.toFixed(0)} s`,
    `orders    ${loop.orders} acknowledged, ${loop.ended} ended, ${loop.ordersPerSecond.toFixed(1)}/s`,
    `calls     ${percentiles(loop.calls)}`,
    `closed    ${percentiles(loop.closed)}, from the start of the run`,
    `entries   ${loop.entriesByEngine.map((entries, number) => `engine ${number}: ${entries}`).join(", ")}`,
    `errors    ${errorLine(loop.errors)}`,
  ];
}

/** One step of the climb on a line. */
export function stepLine(step: Step): string {
  return [
    `${String(step.arrivalsPerSecond).padStart(6)}/s`,
    `${step.ended} of ${step.planned} ended, ${step.endedPerSecond.toFixed(1)}/s`,
    `${step.errors} errors`,
    `answered ${percentiles(step.answered)}`,
    `closed ${percentiles(step.closed)}`,
    `backlog ${step.backlogMax}`,
    step.broke === null ? "held" : `BROKE by ${step.broke.what}`,
  ].join("   ");
}

function whatBroke(steps: readonly Step[]): string {
  const last = steps.at(-1);
  if (last === undefined) return "no step was taken";
  const held = steps.filter(({ broke }) => broke === null).at(-1);
  const holds = held === undefined ? "no rate held" : `${held.arrivalsPerSecond}/s held`;
  if (last.broke === null) return `${holds}, the last of the rates; nothing broke`;
  const { what, atMs, sentence } = last.broke;
  return `${holds}; at ${last.arrivalsPerSecond}/s ${what} broke first, after ${(atMs / 1000).toFixed(1)} s: ${sentence}`;
}

function verdictLines(verdict: Verdict): readonly string[] {
  const { law, promise, breaches, unjudged } = verdict;
  const found = isBroken(verdict) ? "BROKEN" : unjudged === null ? "holds " : "open  ";
  return [
    `${found}  ${law}  ${promise}`,
    ...(unjudged === null ? [] : [`            not judged: ${unjudged}`]),
    ...breaches.map((breach) => `            ${breach}`),
  ];
}

function errorLine(errors: Errors): string {
  const causes = Object.entries(errors).map(([cause, count]) => `${count} × ${cause}`);
  return causes.length === 0 ? "no errors" : causes.join(", ");
}

function percentiles({ p50Ms, p99Ms }: Percentiles): string {
  return `p50 ${ms(p50Ms)} p99 ${ms(p99Ms)}`;
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
