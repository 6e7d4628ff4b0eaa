/**
 * Random flows that a load would accept: every state is reached and leads to an end, loops end, and each wait has a way out. States
 * stand in a row; the main way goes from each to the next, the others ahead, or back a limited number of times.
 */
import type {
  CommandDefinition,
  FlowDefinition,
  PollDefinition,
  Projection,
  RetryDefinition,
  StateDefinition,
  TimerDefinition,
  TransitionDefinition,
  TransitionsDefinition,
} from "../../core/flow.ts";
import { COMMAND_FAILED } from "../../core/flow.ts";
import { EVENT_DATA, GUARDS, RUN_DATA, UPDATES, goBack, joinA, joinB } from "./flow-palette.ts";
import type { GeneratedFlow } from "./flow-palette.ts";
import type { Random } from "./random.ts";

/** Who carries out commands; the simulation binds each. */
export const CHANNELS = ["stock", "seats", "local", "remote"] as const;
/** An error code that a retry never repeats. */
export const NEVER_AGAIN = "SIM_NEVER_AGAIN";

/** Beyond the minute of timers that an engine keeps in memory. */
export const TIMER_FAR_MS = 65_000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function generateFlow(random: Random, name: string, isLong: boolean): GeneratedFlow {
  return new Draft(random, name, isLong).finish();
}

class Draft {
  readonly #random: Random;
  readonly #name: string;
  readonly #isLong: boolean;
  readonly #waiting: readonly string[];
  readonly #events = new Set<string>();
  readonly #outside: string[] = [];
  readonly #commands: Record<string, CommandDefinition> = {};

  constructor(random: Random, name: string, isLong: boolean) {
    this.#random = random;
    this.#name = name;
    this.#isLong = isLong;
    this.#waiting = Array.from({ length: random.whole(1, 6) }, (_, at) => `s${at}`);
  }

  finish(): GeneratedFlow {
    const random = this.#random;
    const states: Record<string, StateDefinition> = {};
    this.#waiting.forEach((name, at) => (states[name] = this.#state(at)));
    states["done"] = { final: "ok", businessState: "closed" };
    // Only where some way leads there: a state that is never reached is refused at load.
    if (JSON.stringify(states).includes('"refused"')) states["refused"] = { final: "refused" };
    const definition: FlowDefinition = {
      name: this.#name,
      version: random.whole(1, 3),
      data: RUN_DATA,
      events: Object.fromEntries([...this.#events].map((type) => [type, EVENT_DATA])),
      commands: this.#commands,
      initial: "s0",
      ...(random.chance(0.25) ? { deadline: { delay: this.#delay(300, 2_500), target: "done" } } : {}),
      states,
    };
    return { definition, outside: this.#outside };
  }

  #state(at: number): StateDefinition {
    const kind = this.#random.pick(["wait", "work", "work", "ask"] as const);
    const state: Mutable<StateDefinition> =
      kind === "wait" ? this.#wait(at) : kind === "work" ? this.#work(at) : this.#ask(at);
    if (this.#random.chance(0.3)) state.businessState = this.#random.pick(["open", "closed"]);
    return state;
  }

  #wait(at: number): Mutable<StateDefinition> {
    const random = this.#random;
    const on: Record<string, TransitionsDefinition> = { [this.#say(`Went${at}`)]: this.#ways(at) };
    if (random.chance(0.4)) on[this.#say(`Turned${at}`)] = { target: this.#ahead(at), update: "merge" };
    if (random.chance(0.3)) on[this.#say(`Noted${at}`)] = { update: random.pick(UPDATES) };
    if (random.chance(0.3)) on[this.#say(`Returned${at}`)] = goBack(this.#behind(at), this.#ahead(at));
    const state: Mutable<StateDefinition> = { on };
    if (random.chance(0.5)) state.after = this.#timers(at, on);
    if (random.chance(0.2)) state.deadline = this.#leave(at, 50, 900);
    return state;
  }

  #work(at: number): Mutable<StateDefinition> {
    const random = this.#random;
    const on: Record<string, TransitionsDefinition> = {};
    const send: Record<string, Projection> = {};
    const first = this.#command(`Do${at}`);
    send[first.type] = this.#projection();
    on[first.refused] = this.#ahead(at);
    if (random.chance(0.35)) {
      const second = this.#command(`Also${at}`);
      send[second.type] = this.#projection();
      on[second.refused] = this.#ahead(at);
      const isJoin = random.chance(0.7);
      on[first.done] = isJoin ? joinA(this.#next(at)) : this.#ways(at);
      on[second.done] = isJoin ? joinB(this.#next(at)) : this.#next(at);
    } else {
      on[first.done] = random.chance(0.2) ? goBack(this.#behind(at), this.#next(at)) : this.#ways(at);
    }
    if (random.chance(0.5)) on[COMMAND_FAILED] = this.#ahead(at);
    if (random.chance(0.2)) on[this.#say(`Stopped${at}`)] = this.#ahead(at);
    const state: Mutable<StateDefinition> = { send, on, retry: this.#retry() };
    if (random.chance(0.3)) state.deadline = this.#leave(at, 100, 1_500);
    return state;
  }

  #ask(at: number): Mutable<StateDefinition> {
    const random = this.#random;
    const query = this.#command(`Ask${at}`);
    const on: Record<string, TransitionsDefinition> = {
      [query.done]: this.#ways(at),
      [query.refused]: this.#ahead(at),
    };
    if (random.chance(0.2)) on[this.#say(`Stopped${at}`)] = this.#ahead(at);
    const poll: Mutable<PollDefinition> = { send: { [query.type]: "data" }, every: this.#delay(10, 120) };
    if (random.chance(0.4)) poll.first = this.#delay(1, 50);
    if (random.chance(0.6)) poll.giveUp = this.#leave(at, 150, 900);
    if (random.chance(0.4)) {
      poll.factor = random.pick([1.5, 2, 3]);
      // A wait that grows without end would never come to rest.
      if (poll.giveUp === undefined || random.chance(0.5)) poll.max = "200ms";
    }
    return { on, poll };
  }

  /** Ways of an event: the next state, or a guarded turn before it. */
  #ways(at: number): TransitionsDefinition {
    const random = this.#random;
    const main: TransitionDefinition = random.chance(0.5)
      ? { target: this.#next(at) }
      : { target: this.#next(at), update: random.pick(UPDATES) };
    if (random.chance(0.6)) return main;
    return [{ target: this.#ahead(at), guard: random.pick(GUARDS) }, main];
  }

  #timers(
    at: number,
    on: Record<string, TransitionsDefinition>,
  ): TimerDefinition | readonly TimerDefinition[] {
    const leave = this.#leave(at, 5, 600);
    if (this.#random.chance(0.5)) return leave;
    const ticked = this.#declare(`Ticked${at}`);
    on[ticked] = this.#random.pick<TransitionsDefinition>([
      this.#ahead(at),
      goBack(this.#behind(at), this.#ahead(at)),
      { update: "merge" },
      [{ target: this.#ahead(at), guard: GUARDS[0] ?? "" }] as readonly TransitionDefinition[],
    ]);
    return [{ delay: this.#delay(5, 300), event: ticked }, leave];
  }

  #leave(at: number, minMs: number, maxMs: number): TimerDefinition {
    const isFar = this.#isLong && this.#random.chance(0.3);
    const delay = isFar ? this.#delay(TIMER_FAR_MS, 2 * TIMER_FAR_MS) : this.#delay(minMs, maxMs);
    return { delay, target: this.#ahead(at) };
  }

  #retry(): RetryDefinition {
    const random = this.#random;
    return {
      attempts: random.whole(1, 6),
      first: this.#delay(1, 60),
      factor: random.pick([1, 2]),
      max: "150ms",
      jitter: random.pick(["full", "none"] as const),
      never: [NEVER_AGAIN],
    };
  }

  #projection(): Projection {
    return this.#random.pick<Projection>([
      "data",
      { pick: ["tag", "n"] },
      (data) => ({ of: data["tag"] ?? null }),
    ]);
  }

  #command(type: string): { readonly type: string; readonly done: string; readonly refused: string } {
    const done = this.#declare(`${type}Done`);
    const refused = this.#declare(`${type}Refused`);
    this.#commands[type] = { channel: this.#random.pick(CHANNELS), answers: [done, refused] };
    return { type, done, refused };
  }

  #say(type: string): string {
    this.#outside.push(type);
    return this.#declare(type);
  }

  #declare(type: string): string {
    this.#events.add(type);
    return type;
  }

  #next(at: number): string {
    return this.#waiting[at + 1] ?? "done";
  }

  #ahead(at: number): string {
    return this.#random.pick([...this.#waiting.slice(at + 1), "done", "refused"]);
  }

  /** A former state, or the same one again. */
  #behind(at: number): string {
    return this.#random.pick(this.#waiting.slice(0, at + 1));
  }

  #delay(minMs: number, maxMs: number): `${number}ms` {
    return `${Math.round(this.#random.magnitude(minMs, maxMs))}ms`;
  }
}
