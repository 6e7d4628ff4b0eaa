/**
 * Callers who come at a steady rate, whatever the engines do. Each starts a run and tells it things; they repeat what was not answered, say
 * the same twice and at the same time, say it in the wrong order, contradict themselves, lose patience, and write down what they were told.
 * What a caller does follows from the seed and its number; what it meets does not.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { JsonObject } from "@sluice/contracts/envelope";
import type { CallerLedger, EventRecord, GeneratedFlow, StartRecord } from "@sluice/engine/random-flows";
import { Random } from "@sluice/engine/random-flows";
import type { Run } from "../../../wire.ts";
import { askEvent, askStart } from "./ask.ts";
import type { Asking } from "./ask.ts";
import type { Outside } from "./outside.ts";

export interface CrowdPorts {
  readonly seed: number;
  readonly flows: readonly GeneratedFlow[];
  readonly outside: Outside;
  readonly ledger: CallerLedger;
  readonly callersPerSecond: number;
  readonly report: Asking["report"];
  /** Nobody asks any more, answered or not. */
  readonly signal: AbortSignal;
}

/** Callers inside at once, or those that come within some seconds; beyond it nobody comes in: on a slow machine the crowd is smaller, not the wait longer. */
const CALLERS_MAX = 60;
const CALLERS_SECONDS_MAX = 5;
const EVENTS_MAX = 5;
const THINK_MS_MAX = 1_200;
/** Longest list of a run: as many commands or runs does a fan-out of it make. */
const ITEMS_MAX = 3;
/** Now and then many come at one moment, with the same wish: what arrives together is decided together. */
const RUSH_RATE = 0.02;
const RUSH_CALLERS = 12;

const PLAIN_RATE = 0.1;
const TWIN_RATE = 0.25;
const REPEAT_RATE = 0.2;
const CONTRADICTION_RATE = 0.08;
const UNHEARD_RATE = 0.03;
const BAD_RATE = 0.05;
/** The others ask until they are answered. */
const IMPATIENT_RATE = 0.3;
const ATTEMPTS_MAX = 4;

export class Crowd {
  readonly #ports: CrowdPorts;
  readonly #inside = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #coming: Promise<void> = Promise.resolve();
  #callers = 0;

  constructor(ports: CrowdPorts) {
    this.#ports = ports;
  }

  get callers(): number {
    return this.#callers;
  }

  /** How many are still inside. */
  get inside(): number {
    return this.#inside.size;
  }

  open(): void {
    this.#coming = this.#letIn();
  }

  /** Nobody comes any more; those inside are waited for. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#coming;
    while (this.#inside.size > 0) await Promise.all(this.#inside);
  }

  async #letIn(): Promise<void> {
    const { seed, callersPerSecond } = this.#ports;
    const { signal } = this.#closing;
    const arrivals = new Random(seed).fork("arrivals");
    const insideMax = Math.max(CALLERS_MAX, callersPerSecond * CALLERS_SECONDS_MAX);
    while (!signal.aborted) {
      const guests = arrivals.chance(RUSH_RATE) ? RUSH_CALLERS : 1;
      for (let guest = 0; guest < guests && this.#inside.size < insideMax; guest++)
        this.#enter(new Caller(this.#ports, ++this.#callers, signal));
      await sleep(arrivals.exponential(1_000 / callersPerSecond), undefined, { signal }).catch(() => {});
    }
  }

  #enter(caller: Caller): void {
    const visit = caller.visit().finally(() => this.#inside.delete(visit));
    this.#inside.add(visit);
  }
}

type Wish = Pick<StartRecord, "flow" | "key" | "idempotencyKey" | "data">;

/** One caller, with chance of its own. */
class Caller {
  readonly #ports: CrowdPorts;
  readonly #random: Random;
  readonly #tag: string;
  readonly #asking: Asking;
  /** Then it says nothing new. */
  readonly #closing: AbortSignal;
  /** What it does beside what it waits for. */
  readonly #beside: Promise<unknown>[] = [];
  #events = 0;

  constructor(ports: CrowdPorts, number: number, closing: AbortSignal) {
    this.#ports = ports;
    this.#closing = closing;
    this.#tag = `t${number}`;
    this.#random = new Random(ports.seed).fork(`caller ${number}`);
    this.#asking = { ...ports, random: this.#random };
  }

  async visit(): Promise<void> {
    const flow = this.#random.pick(this.#ports.flows);
    const runId = await this.#start(flow);
    if (runId !== null) await this.#tellAll(flow, runId);
    await Promise.all(this.#beside);
  }

  async #start(flow: GeneratedFlow): Promise<string | null> {
    const random = this.#random;
    const tag = this.#tag;
    const isPlain = random.chance(PLAIN_RATE);
    const hasKey = !isPlain && random.chance(0.6);
    const wish: Wish = {
      flow: flow.name,
      key: hasKey ? `k ${tag}` : null,
      idempotencyKey: isPlain || (hasKey && random.chance(0.5)) ? null : `i ${tag}`,
      data: { tag, n: random.whole(0, 9), items: this.#items() },
    };
    // A plain start is not repeated blindly: each attempt would be another run.
    const attemptsMax = isPlain ? 1 : this.#patience();
    if (!isPlain && random.chance(TWIN_RATE)) this.#beside.push(askStart(this.#asking, wish, attemptsMax));
    if (!isPlain && random.chance(CONTRADICTION_RATE))
      this.#beside.push(askStart(this.#asking, { ...wish, data: { tag, n: 100 } }, attemptsMax));
    const record = await askStart(this.#asking, wish, attemptsMax);
    if (!isPlain && record.runId !== null && random.chance(REPEAT_RATE))
      this.#beside.push(askStart(this.#asking, wish, attemptsMax));
    return record.runId;
  }

  async #tellAll(flow: GeneratedFlow, runId: string): Promise<void> {
    let before: EventRecord | null = null;
    for (let events = this.#random.whole(0, EVENTS_MAX); events > 0; events--) {
      await this.#think();
      if (this.#closing.aborted || this.#ports.signal.aborted) return;
      const isBeforeDecided = before?.answers.some(({ outcome }) => outcome !== "accepted") === true;
      const record: EventRecord = await this.#tell(flow, runId);
      if (before !== null && isBeforeDecided) this.#ports.ledger.inOrder.push([before, record]);
      before = record;
    }
  }

  async #think(): Promise<void> {
    const ms = this.#random.between(0, THINK_MS_MAX);
    await sleep(ms, undefined, { signal: this.#closing }).catch(() => {});
  }

  async #tell(flow: GeneratedFlow, runId: string): Promise<EventRecord> {
    const random = this.#random;
    const record: EventRecord = {
      runId,
      id: `${this.#tag}-e${++this.#events}`,
      type: await this.#chooseType(flow, runId),
      data: this.#chooseData(),
      answers: [],
      refusal: null,
      isMaybe: false,
    };
    this.#ports.ledger.events.push(record);
    const attemptsMax = this.#patience();
    if (random.chance(TWIN_RATE)) this.#beside.push(askEvent(this.#asking, record, attemptsMax));
    await askEvent(this.#asking, record, attemptsMax);
    if (random.chance(REPEAT_RATE)) this.#beside.push(askEvent(this.#asking, record, attemptsMax));
    return record;
  }

  /** Mostly what the run waits for, as far as one can see. */
  async #chooseType(flow: GeneratedFlow, runId: string): Promise<string> {
    const random = this.#random;
    const [first] = flow.versions;
    if (random.chance(UNHEARD_RATE) || first === undefined) return "Unheard";
    const seen = await this.#look(runId);
    const version = flow.versions.find((each) => each.version === seen?.flowVersion) ?? first;
    const taken = Object.keys(version.states[seen?.state ?? ""]?.on ?? {});
    const likely = taken.filter((type) => flow.outside.includes(type));
    if (likely.length > 0 && random.chance(0.75)) return random.pick(likely);
    return random.pick([...flow.outside, ...Object.keys(version.events ?? {})]);
  }

  async #look(runId: string): Promise<Pick<Run, "state" | "flowVersion"> | null> {
    const patience = { attemptsMax: 1, signal: this.#ports.signal };
    const ending = await this.#ports.outside.persist({ path: `/v1/runs/${runId}` }, this.#random, patience);
    return ending.type === "done" ? (ending.body as Run) : null;
  }

  #chooseData(): JsonObject {
    const random = this.#random;
    if (random.chance(BAD_RATE)) return { n: "x" };
    return { n: random.whole(0, 9), ...(random.chance(BAD_RATE) ? { isBad: true } : {}) };
  }

  #items(): readonly number[] {
    return Array.from({ length: this.#random.whole(0, ITEMS_MAX) }, () => this.#random.whole(0, 9));
  }

  #patience(): number {
    return this.#random.chance(IMPATIENT_RATE)
      ? this.#random.whole(1, ATTEMPTS_MAX)
      : Number.POSITIVE_INFINITY;
  }
}
