/**
 * Random flows that a load would accept: every state is reached and leads to an end, loops end, and each wait has a way out. A flow may
 * start runs of those behind it, and may have a second version to which its runs can be migrated.
 */
import type {
  FlowDefinition,
  MigrationDefinition,
  ScheduleDefinition,
  StateDefinition,
} from "../../core/flow.ts";
import { CANCELED, COMMAND_FAILED } from "../../core/flow.ts";
import { AWAY_HOURS } from "./calendar.ts";
import type { Beginning } from "./calendar.ts";
import { drawState } from "./draft-states.ts";
import { FlowDraft, TAKEN_BACK } from "./flow-draft.ts";
import type { DraftWish } from "./flow-draft.ts";
import { DUE_FIELD, EVENT_DATA, MOVES, PROJECTIONS, RUN_DATA, SCHEDULED_DATA } from "./flow-palette.ts";
import type { Profile } from "./profile.ts";
import { Random } from "./random.ts";

/** A flow and what people outside may tell its runs. */
export interface GeneratedFlow {
  readonly name: string;
  /** Oldest first. */
  readonly versions: readonly FlowDefinition[];
  readonly outside: readonly string[];
  /** Absent: nothing is started by the clock. */
  readonly schedule?: GeneratedSchedule;
}

/** The schedule of a flow, and what the calendar says of it. */
export interface GeneratedSchedule {
  readonly definition: ScheduleDefinition;
  readonly dueAtMs: readonly number[];
  /** Until when a deployment that was stopped then has served it; null when no engine has seen it before. */
  readonly servedUntilMs: number | null;
}

const STATES_MAX = 6;
const SEEDS = 2 ** 32;
const HOUR_MS = 3_600_000;

/** Without a `beginning` nothing is started by the clock. */
export function generateFlows(
  random: Random,
  { flows, isLong, beginning }: Pick<Profile, "flows" | "isLong"> & { readonly beginning?: Beginning },
): readonly GeneratedFlow[] {
  const names = Array.from({ length: flows }, (_, at) => `flow-${at}`);
  return names.map((name, at) =>
    generateFlow(random, name, { children: names.slice(at + 1), isLong }, beginning),
  );
}

/** The second version is the first drawn once more: the same states and commands, some under other names, all at another pace. */
function generateFlow(
  random: Random,
  name: string,
  wish: Pick<DraftWish, "children" | "isLong">,
  beginning: Beginning | undefined,
): GeneratedFlow {
  const seed = random.whole(0, SEEDS - 1);
  const version = random.whole(1, 3);
  const names = Array.from({ length: random.whole(1, STATES_MAX) }, (_, at) => `s${at}`);
  const draw = (drawn: Pick<DraftWish, "names" | "pace">): Drawing =>
    drawFlow(new Random(seed), name, { ...wish, ...drawn });
  const first = draw({ names, pace: 1 });
  const isScheduled = random.chance(0.2) && beginning !== undefined;
  const schedule = isScheduled ? drawSchedule(random.fork("schedule"), beginning) : undefined;
  const scheduled = schedule === undefined ? {} : { schedule: schedule.definition };
  const versions: FlowDefinition[] = [{ ...first.definition, ...scheduled, version }];
  if (random.chance(0.6)) {
    const renamed = names.map((each, at) => (random.chance(0.5) ? each : `t${at}`));
    const { definition } = draw({ names: renamed, pace: random.pick([0.3, 1, 2]) });
    const migration = drawMigration(random, version, names, renamed);
    versions.push({ ...definition, ...scheduled, version: version + 1, migrations: [migration] });
  }
  return { name, versions, outside: first.outside, ...(schedule === undefined ? {} : { schedule }) };
}

function drawSchedule(random: Random, beginning: Beginning): GeneratedSchedule {
  const { due, ...clock } = random.pick(beginning.schedules);
  const catchUp = random.pick(["all", "last", "none", "as nobody says"] as const);
  const definition: ScheduleDefinition = {
    ...clock,
    ...(catchUp === "as nobody says" ? {} : { catchUp }),
    ...(random.chance(0.5) ? { dueField: DUE_FIELD } : {}),
    data: SCHEDULED_DATA,
  };
  const hours = random.chance(0.7) ? random.pick(AWAY_HOURS) : null;
  return {
    definition,
    dueAtMs: due.map((at) => Date.parse(at)),
    servedUntilMs: hours === null ? null : Date.parse(beginning.at) - hours * HOUR_MS,
  };
}

interface Drawing {
  readonly definition: Omit<FlowDefinition, "version">;
  readonly outside: readonly string[];
}

function drawFlow(random: Random, name: string, wish: DraftWish): Drawing {
  const draft = new FlowDraft(random, wish);
  const states: Record<string, StateDefinition> = {};
  wish.names.forEach((state, at) => (states[state] = drawState(draft, at)));
  if (random.chance(0.25)) states[CANCELED] = drawCanceled(draft);
  const deadline = random.chance(0.25) ? { deadline: draft.leave(-1, 300, 2_500) } : {};
  states["done"] = { final: "ok", businessState: "closed" };
  // Only where some way leads there: a state that is never reached is refused at load.
  const text = JSON.stringify([states, deadline]);
  for (const outcome of ["refused", TAKEN_BACK])
    if (text.includes(`"${outcome}"`)) states[outcome] = { final: outcome };
  return {
    definition: {
      name,
      data: RUN_DATA,
      events: Object.fromEntries([...draft.events].map((type) => [type, EVENT_DATA])),
      commands: draft.commands,
      initial: wish.names[0] ?? "done",
      ...deadline,
      states,
    },
    outside: draft.outside,
  };
}

/** What a flow itself does about a cancellation: it says so by another outcome, or tidies up first. */
function drawCanceled(draft: FlowDraft): StateDefinition {
  if (draft.random.chance(0.5)) return { final: "called-off" };
  const tidy = draft.command("Tidy");
  return {
    send: { [tidy.type]: draft.random.pick(PROJECTIONS) },
    on: { [tidy.done]: "refused", [tidy.refused]: "refused", [COMMAND_FAILED]: "refused" },
    retry: draft.retry(),
  };
}

/** How the runs of the first version come to the second: most states have a place there, some begin afresh, some are forgotten. */
function drawMigration(
  random: Random,
  from: number,
  names: readonly string[],
  renamed: readonly string[],
): MigrationDefinition {
  const states: Record<string, { readonly target: string; readonly enter?: boolean }> = {};
  names.forEach((name, at) => {
    const isShifted = random.chance(0.15);
    const target = isShifted ? random.pick([...renamed.slice(at), "done"]) : (renamed[at] ?? name);
    const isForgotten = random.chance(0.15);
    const isEntered = random.chance(0.3);
    if (!isForgotten && (target !== name || isEntered))
      states[name] = isEntered ? { target, enter: true } : { target };
  });
  return { from, states, ...(random.chance(0.6) ? { data: random.pick(MOVES) } : {}) };
}
