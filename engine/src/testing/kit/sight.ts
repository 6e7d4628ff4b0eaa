/** What a scene knows of its run, and how each happening changes that. Pure; a sight is never changed. */
import type { Json } from "@sluice/contracts/envelope";
import type { CompiledFlow } from "../../core/compile-flow.ts";
import { durationMs } from "../../core/duration.ts";
import type { LaneInput, Operation, Settlement } from "../../core/inputs.ts";
import { activeTimers } from "../../core/run.ts";
import type { PendingCommand, RunTimer } from "../../core/run.ts";
import { FlowRegistry } from "../../runtime/flow-registry.ts";
import { failTest } from "./expectation.ts";
import type {
  AttemptFailed,
  ChildEnded,
  CommandAnswered,
  CommandDelivered,
  EventHappened,
  Operated,
  TimeElapsed,
} from "./happening.ts";
import { take } from "./held-run.ts";
import type { HeldRun } from "./held-run.ts";
import { troubleOf } from "./trouble.ts";
import type { Trouble } from "./trouble.ts";

export interface Sight {
  readonly flow: CompiledFlow;
  /** All versions that the run has met. */
  readonly flows: FlowRegistry;
  readonly held: HeldRun;
  readonly nowMs: number;
  /** Commands that have left by the last `when`. */
  readonly sent: readonly PendingCommand[];
  /** Since the last `then`. */
  readonly troubles: readonly Trouble[];
}

export type AnyHappening =
  EventHappened | CommandAnswered | CommandDelivered | AttemptFailed | ChildEnded | TimeElapsed | Operated;

/** Timers that fire within one `elapsed`. More of them is a flow that turns in a circle. */
export const TIMERS_FIRED_MAX = 10_000;

export function happen(sight: Sight, happening: AnyHappening): Sight {
  switch (happening.kind) {
    case "event":
      return takeIn(sight, `event ${happening.type}`, eventInput(sight, happening));
    case "elapsed":
      return passTime(sight, durationMs(happening.duration));
    case "operated":
      return operate(sight, happening.operation as Operation);
    case "answered":
    case "delivered":
    case "failed":
    case "ended":
      return settle(sight, happening);
  }
}

/** The run as an operator moves it to another version. */
export function migrate(sight: Sight, to: CompiledFlow): Sight {
  const versions = sight.flows.all.filter(({ version }) => version !== to.version);
  return operate(
    { ...sight, flow: to, flows: new FlowRegistry([...versions, to]) },
    { type: "migrate", toVersion: to.version },
  );
}

function eventInput({ held }: Sight, { type, data, id }: EventHappened): LaneInput {
  const { run, entries } = held;
  return {
    kind: "event",
    runId: run.runId,
    id: id ?? `event-${entries.length + 1}`,
    type,
    data: data as Json,
  };
}

function operate(sight: Sight, operation: Operation): Sight {
  const { run, entries } = sight.held;
  const id = `operation-${entries.length + 1}`;
  return takeIn(sight, operation.type, {
    kind: "operation",
    runId: run.runId,
    id,
    operation,
    by: "test",
    reason: null,
  });
}

type Settled = CommandAnswered | CommandDelivered | AttemptFailed | ChildEnded;

function settle(sight: Sight, settled: Settled): Sight {
  const { id: commandId, attempt, type } = requireUnderWay(sight, settled);
  return takeIn(sight, `${settled.kind} ${type}`, {
    kind: "settled",
    runId: sight.held.run.runId,
    commandId,
    attempt,
    settlement: settlementOf(settled),
  });
}

function settlementOf(settled: Settled): Settlement {
  switch (settled.kind) {
    case "answered":
      return { type: "answered", event: { type: settled.event.type, data: settled.event.data as Json } };
    case "delivered":
      return { type: "delivered" };
    case "failed": {
      const { code, errorKind: kind } = settled;
      return { type: "failed", error: { code, kind, message: "the test says so" } };
    }
    case "ended":
      return { type: "ended", outcome: settled.outcome, data: settled.data };
  }
}

function requireUnderWay({ held }: Sight, { command, nth, kind }: Settled): PendingCommand {
  const { run, entries } = held;
  const found = run.commands.filter(({ type }) => type === command)[nth - 1];
  const known = run.commands.map(({ type }) => type).join(", ") || "none";
  const which = nth === 1 ? command : `${command} number ${nth}`;
  if (found === undefined)
    return failTest(
      `no ${which} is under way that could be ${kind}; under way: ${known}`,
      [],
      entries,
      happen,
    );
  if (kind === "failed" && found.phase === "waiting")
    return failTest(
      `${which} waits for attempt ${found.attempt}, and only an attempt can fail; let the time until then pass with elapsed()`,
      [],
      entries,
      happen,
    );
  return found;
}

/** Fires what comes due, each timer at its time, and goes on to the end of the time. */
function passTime(sight: Sight, ms: number): Sight {
  const untilMs = sight.nowMs + ms;
  let passed = sight;
  for (let fired = 0; ; fired++) {
    const timer = nextTimer(passed);
    if (timer === undefined || timer.dueAtMs > untilMs) return { ...passed, nowMs: untilMs };
    if (fired === TIMERS_FIRED_MAX) return neverRests(passed);
    const { number, kind, dueAtMs } = timer;
    const { runId } = passed.held.run;
    const atMs = Math.max(passed.nowMs, dueAtMs);
    passed = takeIn({ ...passed, nowMs: atMs }, `timer ${kind}`, { kind: "timer", runId, number });
  }
}

function nextTimer({ held }: Sight): RunTimer | undefined {
  return activeTimers(held.run).toSorted((a, b) => a.dueAtMs - b.dueAtMs || a.number - b.number)[0];
}

function neverRests({ held }: Sight): never {
  return failTest(
    `the flow does not come to rest: ${TIMERS_FIRED_MAX} timers have fired (TIMERS_FIRED_MAX), and the next is due`,
    [],
    held.entries,
    happen,
  );
}

function takeIn(sight: Sight, cause: string, input: LaneInput): Sight {
  const { answer, held, sent } = take(sight.flows, sight.held, input, sight.nowMs);
  const trouble = troubleOf(cause, answer, (held ?? sight.held).run);
  return {
    ...sight,
    held: held ?? sight.held,
    sent: [...sight.sent, ...sent],
    troubles: trouble === null ? sight.troubles : [...sight.troubles, trouble],
  };
}
