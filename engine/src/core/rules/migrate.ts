/**
 * Moving a run to another version of its flow. Commands under way stay under way, under their ids: what was asked is not asked again.
 * Timers are set anew by the new definition, counted from when the run entered its state.
 */
import type { CompiledFlow, CompiledMigration, CompiledState } from "../compile-flow.ts";
import { reject } from "../decision.ts";
import type { Context, Decision } from "../decision.ts";
import { COMPENSATING } from "../flow.ts";
import type { PendingCommand, Run } from "../run.ts";
import { armAt, armState, enter, withData } from "./enter.ts";
import type { Moved } from "./enter.ts";

type Migrated = { readonly moved: Moved } | { readonly refused: Decision };

/** `context.flow` is the version to go to. */
export function migrate(context: Context, run: Run): Migrated {
  const { flow } = context;
  const migration = flow.migrations.get(run.flowVersion);
  if (migration === undefined) return { refused: missing(flow, run) };
  const place = placeOf(flow, migration, run.state);
  if (place === null) return { refused: unmapped(flow, run, run.state) };
  const data = migration.data === null ? run.data : migration.data(run.data);
  const next = withData(context, { ...run, flowVersion: flow.version }, data, "the migration gave data");
  if (run.compensation !== null) return whileCompensating(flow, migration, next, run.compensation.target);
  if (place.isEntered) return { moved: enter(context, next, place.state, run.version + 1, true) };
  const strange = run.commands.find((command) => !isSentBy(place.state, command));
  if (strange !== undefined) return { refused: underWay(flow, run, place.state, strange) };
  return { moved: { run: stay(context, next, place.state), send: [] } };
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

function whileCompensating(
  flow: CompiledFlow,
  migration: CompiledMigration,
  next: Run,
  target: string,
): Migrated {
  const place = placeOf(flow, migration, target);
  if (place === null) return { refused: unmapped(flow, next, target) };
  const unknown = next.commands.find(({ type }) => !flow.commands.has(type));
  if (unknown !== undefined) return { refused: underWay(flow, next, place.state, unknown) };
  const compensation = { target: place.state.name, steps: next.compensation?.steps ?? [] };
  return { moved: { run: { ...next, state: COMPENSATING, compensation }, send: [] } };
}

function isSentBy(state: CompiledState, { type, purpose }: PendingCommand): boolean {
  return purpose === "poll"
    ? state.poll?.command.type === type
    : state.send.some(({ command }) => command.type === type);
}

/** The same visit under new rules. A retry or a query that is waiting goes on waiting. */
function stay({ flow }: Context, run: Run, state: CompiledState): Run {
  const waiting = run.timers.filter(
    ({ kind }) => kind === "retry" || (kind === "poll" && state.poll !== null),
  );
  const placed: Run = {
    ...run,
    state: state.name,
    businessState: state.businessState,
    outcome: state.outcome,
    timers: [],
  };
  if (state.outcome !== null) return { ...placed, commands: [], steps: [] };
  let armed = placed;
  if (flow.deadline !== null) armed = armAt(armed, "flow-deadline", run.createdAtMs + flow.deadline.delayMs);
  armed = armState(armed, state, run.enteredAtMs, true);
  const isAsking =
    waiting.some(({ kind }) => kind === "poll") || run.commands.some(({ purpose }) => purpose === "poll");
  const timers = isAsking ? armed.timers.filter(({ kind }) => kind !== "poll") : armed.timers;
  return { ...armed, timers: [...waiting, ...timers] };
}

function missing(flow: CompiledFlow, run: Run): Decision {
  const known = [...flow.migrations.keys()].join(", ") || "none";
  return reject(
    "FLOW_MIGRATION_MISSING",
    `version ${flow.version} of flow ${flow.name} says nothing about runs of version ${run.flowVersion}, expected one of: ${known}; add it to \`migrations\``,
    { runId: run.runId },
  );
}

function unmapped(flow: CompiledFlow, run: Run, state: string): Decision {
  return reject(
    "FLOW_MIGRATION_REFUSED",
    `state ${state} has no place in version ${flow.version} of flow ${flow.name}; name one under \`migrations\``,
    { runId: run.runId, state },
  );
}

function underWay(flow: CompiledFlow, run: Run, state: CompiledState, command: PendingCommand): Decision {
  return reject(
    "FLOW_MIGRATION_REFUSED",
    `${command.type} is under way, which state ${state.name} of version ${flow.version} does not send; wait for its answer, or migrate with \`enter\``,
    { runId: run.runId, state: run.state },
  );
}
