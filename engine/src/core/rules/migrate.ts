/**
 * Moving a run to another version of its flow.
 * V1  Commands under way stay under way, under their ids: what was asked is not asked again. Only a state that is entered afresh gives
 *     them up, and what they may have done can be taken back. Where the new version would not know what to do with a command under way, or
 *     with the undo of a step, the run is left as it is.
 * V2  A timer that has fired is not set again. One that is set keeps its beginning and takes its new delay; one that is new counts from
 *     when the run entered its state, and is due at once where that is long ago.
 */
import type { CompiledFlow, CompiledMigration, CompiledState, CompiledTimer } from "../compile-flow.ts";
import { reject } from "../decision.ts";
import type { Context, Decision } from "../decision.ts";
import type { Compensation, PendingCommand, Run, RunTimer, Step, TimerKind } from "../run.ts";
import { armAt, enter, withData } from "./enter.ts";
import type { Moved } from "./enter.ts";
import { passJoins } from "./follow.ts";
import { addSteps, givenUp } from "./steps.ts";

type Migrated = { readonly moved: Moved } | { readonly refused: Decision };

/** `context.flow` is the version to go to, `pinned` the one the run comes from; without it no timer is known to have fired. */
export function migrate(context: Context, run: Run, pinned: CompiledFlow | undefined): Migrated {
  const { flow } = context;
  if (run.flowVersion >= flow.version) return { refused: notOlder(flow, run) };
  const migration = flow.migrations.get(run.flowVersion);
  if (migration === undefined) return { refused: missing(flow, run) };
  const goal = run.compensation?.target ?? run.state;
  const place = placeOf(flow, migration, goal);
  if (place === null) return { refused: unmapped(flow, run, goal) };
  const left = place.isEntered ? leaveBehind(run, pinned?.states.get(run.state)) : run;
  const strange = strangeCommand(flow, left, place);
  if (strange !== null) return { refused: refusedFor(flow, run, strange) };
  const data = migration.data === null ? run.data : migration.data(run.data);
  const given = withData(context, { ...left, flowVersion: flow.version }, data, "the migration gave");
  const next = withFlowDeadline(renameSteps(given, migration), flow, pinned);
  return { moved: passJoins(context, settleIn(context, next, place, pinned)) };
}

interface Place {
  readonly state: CompiledState;
  readonly isEntered: boolean;
}

/** Where a state's runs go: as the migration says, or where the same name stands. */
function placeOf(flow: CompiledFlow, migration: CompiledMigration, from: string): Place | null {
  const mapped = migration.states.get(from) ?? { target: from, isEntered: false };
  const state = flow.states.get(mapped.target);
  return state === undefined ? null : { state, isEntered: mapped.isEntered };
}

function leaveBehind(run: Run, state: CompiledState | undefined): Run {
  return state === undefined ? run : addSteps(run, state, givenUp(run.commands));
}

function settleIn(context: Context, run: Run, { state, isEntered }: Place, pinned?: CompiledFlow): Moved {
  if (run.compensation !== null) {
    const compensation = { ...run.compensation, target: state.name };
    return { run: { ...run, compensation }, send: [] };
  }
  if (isEntered) return enter(context, run, state, run.version + 1, true);
  return { run: stay(run, state, pinned?.states.get(run.state)), send: [] };
}

/** The same visit under new rules. A retry or a query that is waiting goes on waiting. */
function stay(run: Run, state: CompiledState, before: CompiledState | undefined): Run {
  const { name, businessState, outcome } = state;
  const placed: Run = { ...run, state: name, businessState, outcome };
  if (outcome !== null) return { ...placed, commands: [], timers: [], steps: [] };
  const former = before === undefined ? [] : rulesOf(before);
  return withPoll(rearm(placed, STATE_TIMERS, rulesOf(state), former, run.enteredAtMs), state);
}

/** The timers a definition sets in one place, as those of a run are known. */
type Rule = Pick<RunTimer, "kind" | "index"> & { readonly timer: CompiledTimer };

const STATE_TIMERS: ReadonlySet<TimerKind> = new Set(["after", "deadline", "give-up"]);
const FLOW_TIMERS: ReadonlySet<TimerKind> = new Set(["flow-deadline"]);

function rulesOf({ after, deadline, poll }: CompiledState): readonly Rule[] {
  return [
    ...after.map((timer, index): Rule => ({ kind: "after", index, timer })),
    ...ruleOf("deadline", deadline),
    ...ruleOf("give-up", poll?.giveUp ?? null),
  ];
}

function ruleOf(kind: Rule["kind"], timer: CompiledTimer | null): readonly Rule[] {
  return timer === null ? [] : [{ kind, timer }];
}

function withFlowDeadline(run: Run, flow: CompiledFlow, pinned: CompiledFlow | undefined): Run {
  const rules = ruleOf("flow-deadline", flow.deadline);
  const former = ruleOf("flow-deadline", pinned?.deadline ?? null);
  return rearm(run, FLOW_TIMERS, rules, former, run.createdAtMs);
}

/** Sets the timers of these kinds by new rules, in place of those that former ones have set. `beganMs` is when one without a predecessor began. */
function rearm(
  run: Run,
  kinds: ReadonlySet<TimerKind>,
  rules: readonly Rule[],
  former: readonly Rule[],
  beganMs: number,
): Run {
  let armed: Run = { ...run, timers: run.timers.filter(({ kind }) => !kinds.has(kind)) };
  for (const rule of rules) {
    const old = former.find((each) => isAlike(each, rule));
    const set = run.timers.find((each) => isAlike(each, rule));
    if (old !== undefined && set === undefined) continue;
    const fromMs = old === undefined || set === undefined ? beganMs : set.dueAtMs - old.timer.delayMs;
    const dueAtMs = fromMs + rule.timer.delayMs;
    armed =
      set?.dueAtMs === dueAtMs
        ? { ...armed, timers: [...armed.timers, set] }
        : armAt(armed, rule.kind, dueAtMs, rule.index === undefined ? {} : { index: rule.index });
  }
  return armed;
}

function isAlike(one: Pick<RunTimer, "kind" | "index">, other: Pick<RunTimer, "kind" | "index">): boolean {
  return one.kind === other.kind && one.index === other.index;
}

function withPoll(run: Run, { poll }: CompiledState): Run {
  if (poll === null) return { ...run, timers: run.timers.filter(({ kind }) => kind !== "poll") };
  const isAsking =
    run.timers.some(({ kind }) => kind === "poll") || run.commands.some(({ purpose }) => purpose === "poll");
  return isAsking ? run : armAt(run, "poll", run.enteredAtMs + poll.firstMs, { index: 0 });
}

/** Steps are known by the state they were done in, which says how often their undo is tried. */
function renameSteps(run: Run, { states }: CompiledMigration): Run {
  const rename = (step: Step): Step => ({ ...step, state: states.get(step.state)?.target ?? step.state });
  const { compensation } = run;
  return {
    ...run,
    steps: run.steps.map(rename),
    compensation: compensation === null ? null : renameIn(compensation, rename, states),
  };
}

function renameIn(
  compensation: Compensation,
  rename: (step: Step) => Step,
  states: CompiledMigration["states"],
): Compensation {
  const { from, steps } = compensation;
  const left = from === undefined ? {} : { from: states.get(from)?.target ?? from };
  return { ...compensation, ...left, steps: steps.map(rename) };
}

/** A command of the run that the new version does not send where the run would be, or an undo it does not know. */
function strangeCommand(flow: CompiledFlow, run: Run, { state, isEntered }: Place): Sent | null {
  const underWay = isEntered ? [] : run.commands.filter(({ purpose }) => purpose !== "undo");
  const undos = [...run.steps, ...(run.compensation?.steps ?? [])].map(({ undo }) => undo);
  return (
    underWay.find((command) => !isSentBy(state, command)) ??
    undos.find(({ type, channel }) => flow.commands.get(type)?.channel !== channel) ??
    null
  );
}

type Sent = Pick<PendingCommand, "type" | "channel">;

function isSentBy({ poll, send }: CompiledState, { type, channel, purpose }: PendingCommand): boolean {
  const senders = purpose === "poll" ? (poll === null ? [] : [poll]) : send;
  return senders.some(({ command }) => command.type === type && command.channel === channel);
}

function notOlder(flow: CompiledFlow, run: Run): Decision {
  return reject(
    "FLOW_MIGRATION_REFUSED",
    `the run is of version ${run.flowVersion} of flow ${flow.name}, expected an older one than version ${flow.version}, to which it is to go`,
    { runId: run.runId },
  );
}

function missing(flow: CompiledFlow, run: Run): Decision {
  const version = `version ${flow.version} of flow ${flow.name}`;
  const known = [...flow.migrations.keys()].join(", ");
  const said =
    known === ""
      ? `${version} has no \`migrations\`; add one from ${run.flowVersion}`
      : `${version} says nothing about runs of version ${run.flowVersion}, expected one of: ${known}; add it to \`migrations\``;
  return reject("FLOW_MIGRATION_MISSING", said, { runId: run.runId });
}

function unmapped(flow: CompiledFlow, run: Run, state: string): Decision {
  return reject(
    "FLOW_MIGRATION_REFUSED",
    `cannot be migrated: version ${flow.version} of flow ${flow.name} has no state for \`${state}\`; name one under \`migrations\``,
    { runId: run.runId, state },
  );
}

function refusedFor(flow: CompiledFlow, run: Run, { type, channel }: Sent): Decision {
  return reject(
    "FLOW_MIGRATION_REFUSED",
    `${type} on channel ${channel} is under way or may have to take a step back, and version ${flow.version} of flow ${flow.name} does not send it there; keep it in the new version, or wait until it is over`,
    { runId: run.runId, state: run.state },
  );
}
