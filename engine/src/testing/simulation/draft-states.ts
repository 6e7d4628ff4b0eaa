/** The kinds of state that random flows are made of, each by the place it takes in the row. */
import type {
  JoinDefinition,
  Projections,
  StateDefinition,
  TimerDefinition,
  TransitionDefinition,
  TransitionsDefinition,
} from "../../core/flow.ts";
import { COMMAND_FAILED } from "../../core/flow.ts";
import type { DraftCommand, FlowDraft, Mutable } from "./flow-draft.ts";
import {
  BIRTHS,
  FANS,
  GUARDS,
  LITTERS,
  PROJECTIONS,
  UPDATES,
  UPDATES_ALONE,
  joinA,
  joinB,
} from "./flow-palette.ts";

type Ways = Record<string, TransitionsDefinition>;

/** Commands whose type begins so come as several at once, with the same answers. */
export const FAN_PREFIX = "Each";

export function drawState(draft: FlowDraft, at: number): StateDefinition {
  const { random } = draft;
  const kinds = [drawWait, drawWork, drawWork, drawAsk, drawTeam, drawTeam];
  const state = random.pick(draft.children.length > 0 ? [...kinds, drawChild, drawChild] : kinds)(draft, at);
  if (random.chance(0.3)) state.businessState = random.pick(["open", "closed"]);
  return state;
}

function drawWait(draft: FlowDraft, at: number): Mutable<StateDefinition> {
  const { random } = draft;
  const on: Ways = { [draft.say(`Went${at}`)]: draft.ways(at) };
  if (random.chance(0.4)) on[draft.say(`Turned${at}`)] = { ...draft.out(at), update: "merge" };
  if (random.chance(0.3)) on[draft.say(`Noted${at}`)] = { update: random.pick(UPDATES) };
  if (random.chance(0.3)) on[draft.say(`Returned${at}`)] = draft.roundTrip(at, draft.ahead(at));
  for (const [event, ways] of Object.entries(on))
    if (random.chance(0.4)) on[event] = draft.undoTold(event, ways);
  const state: Mutable<StateDefinition> = { on };
  if (random.chance(0.5)) state.after = drawTimers(draft, at, on);
  if (random.chance(0.2)) state.deadline = draft.leave(at, 50, 900);
  return state;
}

function drawTimers(draft: FlowDraft, at: number, on: Ways): TimerDefinition | readonly TimerDefinition[] {
  const { random } = draft;
  const leave = draft.leave(at, 5, 600);
  if (random.chance(0.5)) return leave;
  const ticked = draft.declare(`Ticked${at}`);
  on[ticked] = random.pick<TransitionsDefinition>([
    draft.out(at),
    draft.roundTrip(at, draft.ahead(at)),
    { update: "merge" },
    [{ target: draft.ahead(at), guard: GUARDS[0] ?? "" }] as readonly TransitionDefinition[],
  ]);
  return [{ delay: draft.delay(5, 300), event: ticked }, leave];
}

/** One command, or two that a rule of the flow joins by what it notes in the data. */
function drawWork(draft: FlowDraft, at: number): Mutable<StateDefinition> {
  const { random } = draft;
  const on: Ways = {};
  const first = draft.command(`Do${at}`);
  const commands = [first];
  on[first.refused] = draft.out(at);
  if (random.chance(0.35)) {
    const second = draft.command(`Also${at}`);
    commands.push(second);
    on[second.refused] = draft.out(at);
    const isJoin = random.chance(0.7);
    on[first.done] = isJoin ? joinA(draft.next(at)) : draft.ways(at);
    on[second.done] = isJoin ? joinB(draft.next(at)) : draft.next(at);
  } else {
    on[first.done] = random.chance(0.2) ? draft.roundTrip(at, draft.next(at)) : draft.ways(at);
  }
  const send = Object.fromEntries(commands.map(({ type }) => [type, random.pick(PROJECTIONS)]));
  return busy(draft, at, { send, on }, commands, random.chance(0.6));
}

function drawAsk(draft: FlowDraft, at: number): Mutable<StateDefinition> {
  const query = draft.command(`Ask${at}`);
  const on: Ways = { [query.done]: draft.ways(at), [query.refused]: draft.out(at) };
  if (draft.random.chance(0.3)) stop(draft, at, on);
  return { on, poll: draft.poll(at, query.type) };
}

/** Several commands that the state joins: two of different types, one for each element of a list, or both. */
function drawTeam(draft: FlowDraft, at: number): Mutable<StateDefinition> {
  const { random } = draft;
  const send: Record<string, Projections> = {};
  const commands: DraftCommand[] = [];
  const hasFan = random.chance(0.6);
  if (hasFan) commands.push(draft.command(`${FAN_PREFIX}${at}`));
  if (!hasFan || random.chance(0.4)) commands.push(draft.command(`Do${at}`));
  if (!hasFan) commands.push(draft.command(`Also${at}`));
  for (const { type } of commands)
    send[type] = type.startsWith(FAN_PREFIX) ? random.pick(FANS) : random.pick(PROJECTIONS);
  return joined(draft, at, send, commands);
}

/** A run of another flow, or one for each element of a list. */
function drawChild(draft: FlowDraft, at: number): Mutable<StateDefinition> {
  const { random } = draft;
  const isLitter = random.chance(0.4);
  const child = draft.child(`${isLitter ? FAN_PREFIX : "Start"}Child${at}`);
  const send: Record<string, Projections> = { [child.type]: random.pick(isLitter ? LITTERS : BIRTHS) };
  if (isLitter) return joined(draft, at, send, [child]);
  const on: Ways = { [child.done]: draft.ways(at), [child.refused]: draft.out(at) };
  return busy(draft, at, { send, on }, [child], random.chance(0.4));
}

/** Answers that let the run stay count for the join; refusals may leave early. */
function joined(
  draft: FlowDraft,
  at: number,
  send: Readonly<Record<string, Projections>>,
  commands: readonly DraftCommand[],
): Mutable<StateDefinition> {
  const { random } = draft;
  const on: Ways = {};
  for (const { done, refused } of commands) {
    on[done] = random.chance(0.5) ? {} : { update: random.pick(UPDATES) };
    on[refused] = random.chance(0.6) ? { update: "merge" } : draft.out(at);
  }
  const wait = random.pick(["all", "any"] as const);
  const isUndone = random.chance(0.6);
  const join: JoinDefinition = {
    wait,
    then: draft.ways(at, UPDATES_ALONE),
    ...(wait === "any" && isUndone ? { losers: "undo" as const } : {}),
  };
  return busy(draft, at, { send, on, join }, commands, isUndone);
}

/** An event from outside that leads out of a busy state; what it tells may have to be taken back. */
function stop(draft: FlowDraft, at: number, on: Ways): void {
  const stopped = draft.say(`Stopped${at}`);
  const way = draft.out(at);
  on[stopped] = draft.random.chance(0.5) ? draft.undoTold(stopped, way) : way;
}

/** What any state that sends commands may have. */
function busy(
  draft: FlowDraft,
  at: number,
  state: StateDefinition & { readonly on: Ways },
  commands: readonly DraftCommand[],
  isUndone: boolean,
): Mutable<StateDefinition> {
  const { random } = draft;
  const { on } = state;
  if (random.chance(0.5))
    on[COMMAND_FAILED] = state.join !== undefined && random.chance(0.5) ? {} : draft.out(at);
  if (random.chance(0.3)) stop(draft, at, on);
  const made: Mutable<StateDefinition> = { ...state, retry: draft.retry() };
  if (random.chance(0.3)) made.deadline = draft.leave(at, 100, 1_500);
  if (isUndone)
    made.undo = Object.fromEntries(commands.map((command) => [command.type, draft.undo(command)]));
  return made;
}
