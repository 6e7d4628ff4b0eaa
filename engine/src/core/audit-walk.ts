/**
 * Whether a version of a flow can have led from each entry of a history to the next (I1). Of transitions with a guard each may have been
 * open; what an undo or an operator leads to may be any state.
 */
import type { CompiledFlow, CompiledState, CompiledTimer, CompiledTransition } from "./compile-flow.ts";
import { describeFaults } from "./decision.ts";
import { CANCELED, COMMAND_FAILED, COMPENSATING } from "./flow.ts";
import type { HistoryEntry } from "./history.ts";

/** What is wrong with an entry that follows on a state, by this version; null where nothing is. `from` is null before the first entry. */
export function entryFault(flow: CompiledFlow, from: string | null, entry: HistoryEntry): string | null {
  const { state: to, kind, type } = entry;
  if (!flow.states.has(to)) return `is in state ${to}, which the flow does not have`;
  const reached = new Goals(flow).of(from, entry);
  if (reached === "any" || reached.has(to)) return answerFault(flow, entry);
  const way = `${kind}${type === undefined ? "" : ` (${type})`}`;
  const known = [...reached].join(", ") || "none";
  return `leads from ${from === null ? "the start" : `state ${from}`} to ${to} by ${way}, expected one of: ${known}`;
}

/** The answer of a participant was held to its schema before it was taken. What comes from outside has a digest to be known by. */
function answerFault(flow: CompiledFlow, entry: HistoryEntry): string | null {
  const { kind, type = "", data, commandId, eventId, letter } = entry;
  const isAnswer = kind === "event" && commandId !== undefined && eventId === undefined;
  if (!isAnswer || letter !== undefined || type === COMMAND_FAILED || data === undefined) return null;
  const validate = flow.events.get(type);
  if (validate === undefined) return `tells of ${type}, which the flow does not declare`;
  const faults = validate(data);
  return faults === null ? null : `has data that breaks the schema of ${type}: ${describeFaults(faults)}`;
}

type Reached = ReadonlySet<string> | "any";

class Goals {
  readonly #flow: CompiledFlow;
  readonly #goals = new Set<string>();

  constructor(flow: CompiledFlow) {
    this.#flow = flow;
  }

  of(from: string | null, entry: HistoryEntry): Reached {
    if (from === null) return this.#arrive(this.#flow.initial);
    const state = this.#flow.states.get(from);
    // Told of the entry that led there.
    if (state === undefined) return "any";
    switch (entry.kind) {
      case "forced":
      case "migrated":
        return "any";
      case "undone":
        return from === COMPENSATING ? "any" : new Set();
      case "skipped":
        return from === COMPENSATING ? "any" : this.#stay(state);
      case "canceled":
        this.#goals.add(COMPENSATING);
        return this.#arrive(CANCELED);
      case "event":
        return from === COMPENSATING ? this.#only(from) : this.#take(state, entry.type ?? "");
      case "timer":
        return this.#fire(state, entry);
      default:
        return this.#only(from);
    }
  }

  #only(state: string): Reached {
    this.#goals.add(state);
    return this.#goals;
  }

  /** A timer raises an event, which stands with its data, or leads somewhere itself. */
  #fire(state: CompiledState, { type = "", data }: HistoryEntry): Reached {
    if (data !== undefined) return this.#take(state, type);
    switch (type) {
      case "retry":
      case "poll":
        return this.#only(state.name);
      case "after":
        return this.#ring(state, state.after);
      case "deadline":
        return this.#ring(state, [state.deadline]);
      case "give-up":
        return this.#ring(state, [state.poll?.giveUp ?? null]);
      default:
        return this.#ring(state, [this.#flow.deadline]);
    }
  }

  #ring(state: CompiledState, timers: readonly (CompiledTimer | null)[]): Reached {
    for (const timer of timers) if (timer !== null) this.#follow(state, timer);
    return this.#goals;
  }

  #take(state: CompiledState, event: string): Reached {
    for (const transition of state.on.get(event) ?? []) this.#follow(state, transition);
    // The last answer of a join ends the wait, also where no transition takes it.
    return state.join === null ? this.#goals : this.#stay(state);
  }

  #stay(state: CompiledState): Reached {
    this.#goals.add(state.name);
    this.#passJoin(state);
    return this.#goals;
  }

  #follow(
    from: CompiledState,
    { target, compensates }: Pick<CompiledTransition, "target" | "compensates">,
  ): void {
    if (compensates) this.#goals.add(COMPENSATING);
    if (target === null) this.#stay(from);
    else this.#arrive(target);
  }

  /** There, or past it: a join with nothing to wait for is passed at once. */
  #arrive(name: string): Reached {
    if (this.#goals.has(name)) return this.#goals;
    this.#goals.add(name);
    const state = this.#flow.states.get(name);
    if (state?.join?.wait === "all") this.#passJoin(state);
    return this.#goals;
  }

  #passJoin({ join }: CompiledState): void {
    if (join === null) return;
    for (const { target, compensates } of join.then) {
      if (compensates || join.undoesLosers) this.#goals.add(COMPENSATING);
      if (target !== null) this.#arrive(target);
    }
  }
}

/**
 * A history under every version of its flow: it does not say which one the run began with, and of those that explain it the run has one
 * until it is migrated.
 */
export class FlowWalk {
  readonly #versions: readonly CompiledFlow[];
  /** What first spoke against each version that the run may have. */
  #faults: Map<number, string | null>;

  constructor(versions: readonly CompiledFlow[]) {
    this.#versions = versions;
    this.#faults = new Map(versions.map(({ version }) => [version, null]));
  }

  version(wanted: number): CompiledFlow | undefined {
    return this.#versions.find(({ version }) => version === wanted);
  }

  /** `from` is null before the first entry. */
  add(from: string | null, entry: HistoryEntry): void {
    if (entry.kind === "migrated") this.#migrate();
    for (const flow of this.#versions) {
      if (this.#faults.get(flow.version) !== null) continue;
      const fault = entryFault(flow, from, entry);
      if (fault !== null) this.#faults.set(flow.version, `version ${entry.version} of the history ${fault}`);
    }
  }

  /** To any newer version than the oldest that explains what was before. Where none does, none is looked for. */
  #migrate(): void {
    const oldest = this.#versions.find(({ version }) => this.#faults.get(version) === null);
    if (oldest === undefined) return;
    const newer = this.#versions.filter(({ version }) => version > oldest.version);
    this.#faults = new Map(newer.map(({ version }) => [version, null]));
  }

  /** What speaks against this version; null where nothing does. */
  fault(version: number): string | null {
    const fault = this.#faults.get(version);
    return fault === undefined
      ? `the history was never migrated to version ${version}, which the run has`
      : fault;
  }
}
