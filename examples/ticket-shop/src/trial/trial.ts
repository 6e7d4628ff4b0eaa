/** A trial of the shop across processes: users in a closed loop, arrivals that rise until it breaks, a rolling restart, and the judgement. */
import type { ShopBroker } from "../broker.ts";
import { newTotals, runCrowd } from "../crowd/crowd.ts";
import type { CrowdOptions, CrowdTotals } from "../crowd/crowd.ts";
import { progressLine } from "../crowd/report.ts";
import { ShopClient } from "../crowd/shop-client.ts";
import { climb, percentilesOf } from "./climb.ts";
import type { ClimbOptions, Percentiles, Step } from "./climb.ts";
import { collectEvidence, countEntries } from "./collect-evidence.ts";
import { EngineApi } from "./engine-api.ts";
import type { TappedRecord } from "./evidence.ts";
import { RECONCILED_MS_MAX, judge } from "./laws.ts";
import type { Verdict } from "./laws.ts";
import { stepLine } from "./report.ts";
import { restartAll } from "./rolling-restart.ts";
import type { Restarts } from "./rolling-restart.ts";
import type { ShopProcesses, Stop } from "./shop-processes.ts";

export interface TrialPlan {
  /** Together at both engines, half at each. */
  readonly crowd: Omit<CrowdOptions, "signal">;
  readonly climb: Pick<ClimbOptions, "rates" | "seconds" | "bounds">;
}

export interface TrialParts {
  readonly shop: ShopProcesses;
  readonly broker: ShopBroker;
  /** What the tap on RabbitMQ has seen so far; over Kafka nothing, whose topics are read in the end. */
  readonly published: readonly TappedRecord[];
  readonly databaseUrl: string;
  /** Told line by line how far it is. */
  readonly say: (line: string) => void;
  /** Ends the trial, which then rejects. */
  readonly signal: AbortSignal;
}

export interface TrialResult {
  readonly closedLoop: ClosedLoop;
  readonly steps: readonly Step[];
  readonly restart: { readonly stops: readonly Stop[]; readonly orders: number; readonly errors: Errors };
  /** All runs of the trial by their end. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly verdicts: readonly Verdict[];
}

export type Errors = Readonly<Record<string, number>>;

export interface ClosedLoop {
  readonly seconds: number;
  readonly orders: number;
  readonly ended: number;
  readonly ordersPerSecond: number;
  readonly errors: Errors;
  /** Of calls, each from its own start: a closed loop waits with the shop. */
  readonly calls: Percentiles;
  /** From the start of a run to its end, by the clock of the engine. */
  readonly closed: Percentiles;
  readonly entriesByEngine: readonly number[];
}

const CONNECTIONS_MAX = 512;
/** Inside the shop at a time; those who come by schedule beyond them wait outside. */
const BUYERS_MAX = 1_000;
const DRAIN_MS_MAX = 30_000;
const SAY_MS = 10_000;
/** A few people, who see whether somebody stops. */
const RESTART_CROWD = { users: 6, usersPerSecond: 6, thinkMsMin: 200, thinkMsMax: 600 };

export async function runTrial(parts: TrialParts, plan: TrialPlan): Promise<TrialResult> {
  const [first, second] = parts.shop.engines;
  const shops = [
    new ShopClient(first.url, CONNECTIONS_MAX),
    new ShopClient(second.url, CONNECTIONS_MAX),
  ] as const;
  const api = new EngineApi(first.url);
  try {
    return await new Trial(parts, plan, shops, api).run();
  } finally {
    await Promise.all([...shops.map((each) => each.close()), api.close()]);
  }
}

class Trial {
  readonly #parts: TrialParts;
  readonly #plan: TrialPlan;
  readonly #shops: readonly [ShopClient, ShopClient];
  readonly #api: EngineApi;
  readonly #totals: CrowdTotals[] = [];

  constructor(parts: TrialParts, plan: TrialPlan, shops: readonly [ShopClient, ShopClient], api: EngineApi) {
    this.#parts = parts;
    this.#plan = plan;
    this.#shops = shops;
    this.#api = api;
  }

  async run(): Promise<TrialResult> {
    const { shop, broker, published, databaseUrl, say, signal } = this.#parts;
    const closedLoop = await this.#closedLoop();
    const calmUntilMs = Date.now();
    signal.throwIfAborted();
    const steps = await this.#climb();
    signal.throwIfAborted();
    say("every process is stopped and started again, while 6 people buy");
    const restart = await this.#restart();
    const waitedMs = await this.#settle(RECONCILED_MS_MAX);
    say("reading what callers, engine, provider and tickets service know …");
    const evidence = await collectEvidence({
      api: this.#api,
      shop,
      broker,
      published,
      databaseUrl,
      totals: this.#totals,
      deadLettersBefore: restart.deadLetters,
      entriesByEngine: closedLoop.entriesByEngine,
      calmUntilMs,
      stops: [],
      waitedMs,
    });
    const stops = [...restart.stops, ...(await shop.stop())];
    return {
      closedLoop,
      steps,
      restart: {
        stops,
        orders: restart.totals.reduce((sum, { orders }) => sum + orders.length, 0),
        errors: errorsOf(restart.totals),
      },
      outcomes: countBy(evidence.runs.map(({ outcome, state }) => outcome ?? state)),
      verdicts: judge({ ...evidence, stops }),
    };
  }

  async #closedLoop(): Promise<ClosedLoop> {
    const { shop, say, signal } = this.#parts;
    const { crowd } = this.#plan;
    const totals = newTotals();
    this.#totals.push(totals);
    say(`${crowd.users} users in a closed loop, for ${crowd.seconds} s`);
    const before = await countEntries(shop.engines);
    const beganAtMs = Date.now();
    const progress = setInterval(() => say(progressLine(totals, Date.now() - beganAtMs)), SAY_MS);
    const half = { ...crowd, usersPerSecond: crowd.usersPerSecond / 2, signal };
    await Promise.all(
      this.#shops.map((each, number) =>
        runCrowd(each, { ...half, users: sideOf(crowd.users, number), seed: crowd.seed + number }, totals),
      ),
    ).finally(() => clearInterval(progress));
    const seconds = (Date.now() - beganAtMs) / 1000;
    await this.#settle(DRAIN_MS_MAX);
    const after = await countEntries(shop.engines);
    const ended = (await this.#api.listRuns(beganAtMs)).filter(({ outcome }) => outcome !== null);
    const { latencies } = totals;
    return {
      seconds,
      orders: totals.orders.length,
      ended: ended.length,
      ordersPerSecond: totals.orders.length / seconds,
      errors: errorsOf([totals]),
      calls: { p50Ms: latencies.percentileMs(0.5), p99Ms: latencies.percentileMs(0.99) },
      closed: percentilesOf(
        ended.map(({ createdAt, enteredAt }) => Date.parse(enteredAt) - Date.parse(createdAt)),
      ),
      entriesByEngine: after.map((entries, number) => entries - (before[number] ?? 0)),
    };
  }

  async #climb(): Promise<readonly Step[]> {
    const { say, signal } = this.#parts;
    const { crowd, climb: plan } = this.#plan;
    say(`arrivals by schedule, ${plan.seconds} s each, until it breaks`);
    const climber = { shops: this.#shops, api: this.#api, stepped: (step: Step) => say(stepLine(step)) };
    const { concertId, seed } = crowd;
    const { steps, totals } = await climb(climber, {
      ...plan,
      buyersMax: BUYERS_MAX,
      concertId,
      seed,
      signal,
      drainMs: DRAIN_MS_MAX,
    });
    this.#totals.push(...totals);
    return steps;
  }

  async #restart(): Promise<Restarts> {
    const { concertId, seed } = this.#plan.crowd;
    const restart = await restartAll(this.#parts.shop, this.#shops, {
      ...RESTART_CROWD,
      concertId,
      seed: seed + 2,
      signal: this.#parts.signal,
    });
    this.#totals.push(...restart.totals);
    return restart;
  }

  /** Waits until every order has ended that was ever acknowledged, and answers how long that took. */
  async #settle(boundMs: number): Promise<number> {
    const { signal } = this.#parts;
    const beganMs = performance.now();
    const orders = this.#totals.reduce((sum, each) => sum + each.orders.length, 0);
    await this.#api.waitUntilEnded(orders, boundMs, signal);
    signal.throwIfAborted();
    return performance.now() - beganMs;
  }
}

/** Of an odd number the first engine gets one more. */
function sideOf(users: number, number: number): number {
  return number === 0 ? Math.ceil(users / 2) : Math.floor(users / 2);
}

function errorsOf(totals: readonly CrowdTotals[]): Errors {
  const errors: Record<string, number> = {};
  for (const { errors: some } of totals)
    for (const [cause, count] of some) errors[cause] = (errors[cause] ?? 0) + count;
  return errors;
}

function countBy(words: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
