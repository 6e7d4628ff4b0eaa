/** What a drawing of a flow shows, whatever it is drawn with. */
import { quote } from "./findings.ts";
import { readFlow } from "./flow-view.ts";
import type { FlowView, StateView, TimerView } from "./flow-view.ts";

/** How many runs are in a state now. A row of `Store.countStates` is one. */
export interface DiagramCount {
  readonly state: string;
  readonly runs: number;
  readonly parked: number;
}

export interface DrawnFlow {
  readonly title: string;
  /** The limit on the whole run, in words. */
  readonly deadline: string | null;
  readonly initial: string | null;
  readonly states: readonly DrawnState[];
  readonly edges: readonly DrawnEdge[];
}

export interface DrawnState {
  readonly name: string;
  readonly businessState: string | null;
  /** Null while the run goes on. */
  readonly outcome: string | null;
  /** What the state asks of others: its commands and its poll. */
  readonly work: readonly string[];
  readonly runs: number;
  readonly parked: number;
}

/** All that leads from one state to another by events, or all that does by timers. */
export interface DrawnEdge {
  readonly from: string;
  readonly to: string;
  readonly isTimer: boolean;
  readonly labels: readonly string[];
}

export function drawFlow(definition: unknown, counts: readonly DiagramCount[] = []): DrawnFlow {
  const flow = readFlow(definition);
  const version = flow.raw["version"];
  return {
    title: `${flow.name}${typeof version === "number" ? ` v${version}` : ""}`,
    deadline:
      flow.deadline === null
        ? null
        : `${describeTimer(flow.deadline)}: ${flow.deadline.target ?? flow.deadline.event ?? "?"}`,
    initial: flow.initial !== null && flow.states.has(flow.initial) ? flow.initial : null,
    states: [...flow.states.values()].map((state) => drawState(state, counts)),
    edges: [...flow.states.values()].flatMap((state) => drawEdges(flow, state)),
  };
}

/** `1 run`, `12 runs`. */
export function countRuns(runs: number): string {
  return runs === 1 ? "1 run" : `${runs} runs`;
}

function drawState(state: StateView, counts: readonly DiagramCount[]): DrawnState {
  const own = counts.filter((count) => count.state === state.name);
  const every = state.poll?.raw["every"];
  return {
    name: state.name,
    businessState: state.businessState,
    outcome: state.isFinal ? (state.outcome ?? "") : null,
    work: [
      ...state.send.map(({ type }) => type),
      ...(state.poll?.send ?? []).map(
        ({ type }) => `${type} every ${typeof every === "string" ? every : "?"}`,
      ),
    ],
    runs: own.reduce((sum, { runs }) => sum + runs, 0),
    parked: own.reduce((sum, { parked }) => sum + parked, 0),
  };
}

function drawEdges(flow: FlowView, state: StateView): readonly DrawnEdge[] {
  if (state.isFinal) return [];
  const edges = new Map<string, { to: string; isTimer: boolean; labels: string[] }>();
  const add = (target: string, isTimer: boolean, label: string): void => {
    if (!flow.states.has(target)) return;
    const key = `${isTimer} ${target}`;
    const edge = edges.get(key);
    if (edge === undefined) edges.set(key, { to: target, isTimer, labels: [label] });
    else if (!edge.labels.includes(label)) edge.labels.push(label);
  };
  for (const { event, target, isGuarded } of state.on) {
    const raising = state.timers.filter((timer) => timer.event === event).map(describeTimer);
    const label = [isGuarded ? `${event} [guard]` : event, ...raising].join(", ");
    add(target ?? state.name, raising.length > 0, target === null ? `${label} (stays)` : label);
  }
  for (const timer of state.timers) {
    if (timer.target !== null) add(timer.target, true, describeTimer(timer));
  }
  return [...edges.values()].map((edge) => ({ from: state.name, ...edge }));
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
