/** What a drawing of a flow shows, whatever it is drawn with. */
import { quote } from "./findings.ts";
import { CANCELED, COMPENSATING } from "./flow.ts";
import { isTarget, targetsOf } from "./flow-graph.ts";
import { isLoose } from "./flow-view.ts";
import type { FlowView, JoinView, SendView, StateView, TimerView, TransitionView } from "./flow-view.ts";
import { parsePointer } from "./pointer.ts";
import { readFlow } from "./read-flow.ts";

/** Before a command that a state sends, and before what takes back a command or what an event told. */
export const SEND_MARK = "→";
export const UNDO_MARK = "↩";

/** How many runs of a version are in a state now. A row of `Store.countStates` is one. */
export interface DiagramCount {
  readonly flowVersion: number;
  readonly state: string;
  readonly runs: number;
  readonly parked: number;
}

export interface DrawnFlow {
  readonly title: string;
  /** The limit on the whole run, and how many runs of other versions there are, in words. */
  readonly notes: readonly string[];
  readonly initial: string | null;
  readonly states: readonly DrawnState[];
  readonly edges: readonly DrawnEdge[];
}

export interface DrawnState {
  readonly name: string;
  readonly businessState: string | null;
  /** Null while the run goes on. */
  readonly outcome: string | null;
  /** What the state asks of others: its commands, each with what takes it back, and its poll. */
  readonly work: readonly DrawnWork[];
  readonly runs: number;
  readonly parked: number;
}

export interface DrawnWork {
  readonly text: string;
  readonly isUndo: boolean;
}

/** All that leads from one state to another in one way. */
export interface DrawnEdge {
  readonly from: string;
  readonly to: string;
  /** `compensation`: an event or timer that takes the completed steps back on the way. */
  readonly kind: "event" | "timer" | "compensation";
  readonly labels: readonly string[];
}

/** `allCounts` are those of every version; those of the one that is drawn stand in its states. */
export function drawFlow(definition: unknown, allCounts: readonly DiagramCount[] = []): DrawnFlow {
  const flow = readFlow(definition);
  const version = flow.raw["version"];
  const counts = allCounts.filter(({ flowVersion }) => flowVersion === version);
  return {
    title: `${flow.name}${typeof version === "number" ? ` v${version}` : ""}`,
    notes: describeFlow(flow, sumRuns(allCounts) - sumRuns(counts)),
    initial: flow.initial !== null && flow.states.has(flow.initial) ? flow.initial : null,
    states: [
      ...[...flow.states.values()].map((state) => drawState(flow, state, counts)),
      ...drawBuiltIn(flow, counts),
    ],
    edges: [...flow.states.values()].flatMap((state) => drawEdges(flow, state)),
  };
}

function describeFlow({ deadline }: FlowView, runsElsewhere: number): readonly string[] {
  return [
    ...(deadline === null ? [] : [`${describeTimer(deadline)}: ${deadline.target ?? deadline.event ?? "?"}`]),
    ...(runsElsewhere === 0 ? [] : [`${countRuns(runsElsewhere)} in other versions`]),
  ];
}

function sumRuns(counts: readonly DiagramCount[]): number {
  return counts.reduce((sum, { runs }) => sum + runs, 0);
}

/** `1 run`, `12 runs`. */
export function countRuns(runs: number): string {
  return runs === 1 ? "1 run" : `${runs} runs`;
}

function drawState(flow: FlowView, state: StateView, counts: readonly DiagramCount[]): DrawnState {
  const every = state.poll?.raw["every"];
  return {
    name: state.name,
    businessState: state.businessState,
    outcome: state.isFinal ? (state.outcome ?? "") : null,
    work: [
      ...state.send.flatMap((send) => drawStep(flow, state, send)),
      ...(state.poll?.send ?? []).map(({ type }) => ({
        text: `${type} every ${typeof every === "string" ? every : "?"}`,
        isUndo: false,
      })),
    ],
    ...countOf(state.name, counts),
  };
}

/** A command that a state sends, and below it what takes it back. */
function drawStep(flow: FlowView, state: StateView, { type, projection }: SendView): readonly DrawnWork[] {
  const child = flow.commands.get(type)?.child ?? null;
  const undo = state.undo.find((each) => each.type === type);
  return [
    { text: type + describeEach(projection) + (child === null ? "" : `, a run of ${child}`), isUndo: false },
    ...(undo?.send ?? []).map((send) => ({ text: send.type, isUndo: true })),
  ];
}

function describeEach(projection: unknown): string {
  const each = isLoose(projection) ? projection["each"] : undefined;
  if (each === undefined) return "";
  return typeof each === "string" ? ` for each of ${parsePointer(each)?.join(".") ?? each}` : " for each";
}

function countOf(name: string, counts: readonly DiagramCount[]): Pick<DrawnState, "runs" | "parked"> {
  const own = counts.filter(({ state }) => state === name);
  return {
    runs: sumRuns(own),
    parked: own.reduce((sum, { parked }) => sum + parked, 0),
  };
}

/** States that every flow has stand in a drawing where something leads to them, or runs are in them. */
function drawBuiltIn(flow: FlowView, counts: readonly DiagramCount[]): readonly DrawnState[] {
  const targets = new Set([...flow.states.keys()].flatMap((name) => targetsOf(flow, name)));
  return [COMPENSATING, CANCELED]
    .filter((name) => !flow.states.has(name))
    .filter((name) => targets.has(name) || counts.some(({ state, runs }) => state === name && runs > 0))
    .map((name) => ({
      name,
      businessState: null,
      outcome: name === CANCELED ? CANCELED : null,
      work: [],
      ...countOf(name, counts),
    }));
}

function drawEdges(flow: FlowView, state: StateView): readonly DrawnEdge[] {
  if (state.isFinal) return [];
  const edges = new Map<string, { to: string; kind: DrawnEdge["kind"]; labels: string[] }>();
  const add = (target: string, kind: DrawnEdge["kind"], label: string): void => {
    if (!isTarget(flow, target)) return;
    const key = `${kind} ${target}`;
    const edge = edges.get(key);
    if (edge === undefined) edges.set(key, { to: target, kind, labels: [label] });
    else if (!edge.labels.includes(label)) edge.labels.push(label);
  };
  for (const transition of state.on) {
    const { target, compensates } = transition;
    const raising = state.timers.filter(({ event }) => event === transition.event).map(describeTimer);
    const label = [describeEvent(transition), ...raising].join(", ");
    const kind = compensates ? "compensation" : raising.length > 0 ? "timer" : "event";
    add(
      target ?? state.name,
      kind,
      target === null ? `${label} (${state.join === null ? "stays" : "joins"})` : label,
    );
  }
  for (const transition of state.join?.then ?? []) {
    const label = describeJoin(state.join, transition);
    if (transition.target !== null)
      add(transition.target, transition.compensates ? "compensation" : "event", label);
  }
  for (const timer of state.timers) {
    if (timer.target !== null)
      add(timer.target, timer.compensates ? "compensation" : "timer", describeTimer(timer));
  }
  return [...edges.values()].map((edge) => ({ from: state.name, ...edge }));
}

function describeEvent({ event, isGuarded, undo }: TransitionView): string {
  const takenBack = (undo?.send ?? []).map(({ type }) => ` ${UNDO_MARK} ${type}`);
  return `${event ?? ""}${isGuarded ? " [guard]" : ""}${takenBack.join("")}`;
}

function describeJoin(join: JoinView | null, { isGuarded }: TransitionView): string {
  const when = join?.isAny === true ? "first answer" : "all answered";
  const losers = join?.raw["losers"] === "undo" ? ", others taken back" : "";
  return `${when}${losers}${isGuarded ? " [guard]" : ""}`;
}

function describeTimer({ kind, delay }: TimerView): string {
  const words = {
    after: "after",
    deadline: "deadline",
    "flow-deadline": "deadline",
    "give-up": "gives up after",
  };
  return `${words[kind]} ${typeof delay === "string" ? delay : quote(delay)}`;
}
