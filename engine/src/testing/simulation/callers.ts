/**
 * Callers: each starts a run and tells it things, as callers do who do not know what a lane is. They repeat what was not answered, send
 * twice, send nonsense, lose patience, and write down what they were told.
 */
import type { JsonObject } from "@sluice/contracts/envelope";
import type { FlowDefinition } from "../../core/flow.ts";
import type { Run } from "../../core/run.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import type { CallerLedger, EventRecord, StartRecord } from "./caller-ledger.ts";
import type { CommitLog } from "./commit-log.ts";
import type { Coverage, CoverageKind } from "./coverage.ts";
import { BULK_CHARS } from "./flow-palette.ts";
import type { GeneratedFlow } from "./generate-flow.ts";
import { RECORDED } from "./late-answers.ts";
import type { Outside } from "./outside.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Report } from "./violation.ts";

interface CallerPorts {
  readonly outside: Outside;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly coverage: Coverage;
  readonly report: Report;
  readonly ledger: CallerLedger;
  readonly log: CommitLog;
  readonly database: MemoryDatabase;
  readonly flows: readonly GeneratedFlow[];
  /** Until when callers come with something new. */
  readonly untilMs: number;
}

const EVENTS_MAX = 5;
const RUNS_MAX = 3;
/** Longest list of a run: as many commands or runs does a fan-out of it make. */
const ITEMS_MAX = 3;

export class Callers {
  readonly #ports: CallerPorts;
  #busy = 0;
  #ids = 0;

  constructor(ports: CallerPorts) {
    this.#ports = ports;
  }

  get busy(): number {
    return this.#busy;
  }

  start(count: number, crowd: number): void {
    for (let caller = 0; caller < count; caller++) this.#begin(() => this.#call());
    if (crowd > 0) this.#begin(() => this.#gather(crowd));
  }

  /** Many at the same moment, as when a sale begins: what arrives together is decided together. */
  async #gather(crowd: number): Promise<void> {
    await this.#rest(this.#ports.untilMs);
    const flow = this.#ports.random.pick(this.#ports.flows);
    for (let caller = 0; caller < crowd; caller++) this.#begin(async () => void (await this.#startRun(flow)));
  }

  #begin(work: () => Promise<void>): void {
    this.#busy++;
    void work().finally(() => this.#busy--);
  }

  async #call(): Promise<void> {
    const { random, untilMs } = this.#ports;
    await this.#rest(untilMs / 2);
    for (let runs = random.whole(1, RUNS_MAX); runs > 0; runs--) {
      const flow = random.pick(this.#ports.flows);
      const started = await this.#startRun(flow);
      if (started !== null) await this.#tell(flow, started);
      await this.#rest(untilMs / 8);
    }
  }

  async #rest(msMax: number): Promise<void> {
    const { scheduler, random, untilMs } = this.#ports;
    const leftMs = Math.max(0, untilMs - scheduler.nowMs);
    await scheduler.sleep(Math.min(leftMs, random.between(0, msMax)), "a caller rests");
  }

  // -------------------------------------------------------------- starts

  async #startRun(flow: GeneratedFlow): Promise<string | null> {
    const { random, coverage } = this.#ports;
    const tag = `t${++this.#ids}`;
    const kind = random.pick(["plain", "key", "idempotent", "both"] as const);
    const wish = {
      flow: flow.name,
      key: kind === "key" || kind === "both" ? `k ${tag}` : null,
      idempotencyKey: kind === "idempotent" || kind === "both" ? `i ${tag}` : null,
      data: { tag, n: random.whole(0, 9), items: this.#chooseItems() },
    };
    if (kind !== "plain" && random.chance(0.3)) this.#begin(async () => void (await this.#askStart(wish)));
    if (kind !== "plain" && random.chance(0.15))
      this.#begin(async () => void (await this.#askStart({ ...wish, data: { tag, n: 100 } })));
    const record = await this.#askStart(wish);
    if (kind !== "plain" && record.runId !== null && random.chance(0.15)) await this.#askStart(wish);
    if (record.refusal !== null) coverage.count("start in conflict");
    return record.runId;
  }

  async #askStart(wish: Pick<StartRecord, "flow" | "key" | "idempotencyKey" | "data">): Promise<StartRecord> {
    const { outside, ledger, coverage, report, log } = this.#ports;
    const record: StartRecord = { ...wish, runId: null, isDecided: false, refusal: null, isMaybe: false };
    ledger.starts.push(record);
    // A plain start is not repeated blindly: each attempt would be another run.
    const isPlain = wish.key === null && wish.idempotencyKey === null;
    const ending = await outside.persist("start", isPlain ? 1 : this.#patience(), (engine) =>
      engine.client.start(wish.flow, {
        data: wish.data,
        ...(wish.key === null ? {} : { key: wish.key }),
        ...(wish.idempotencyKey === null ? {} : { idempotencyKey: wish.idempotencyKey }),
      }),
    );
    if (ending.type === "refused") record.refusal = ending.code;
    if (ending.type !== "done") {
      record.isMaybe = ending.isMaybe;
      return record;
    }
    record.runId = ending.value.runId;
    record.isDecided = ending.value.isDecided;
    if (ending.value.isRepeat) coverage.count("start repeated");
    if (!ending.value.isDecided) coverage.count("start accepted");
    if (!log.holdsRun(record.runId))
      report("I6", `the start of run ${record.runId} was acknowledged before it was durable`);
    return record;
  }

  // -------------------------------------------------------------- events

  async #tell(flow: GeneratedFlow, runId: string): Promise<void> {
    const { random, ledger, outside, untilMs, coverage, report } = this.#ports;
    let before: EventRecord | null = null;
    for (let events = random.whole(0, EVENTS_MAX); events > 0; events--) {
      await this.#rest(untilMs / 10);
      const isBeforeDecided = before?.answers.some(({ outcome }) => outcome !== "accepted") === true;
      const record = await this.#sendEvent(flow, runId);
      if (before !== null && isBeforeDecided) ledger.inOrder.push([before, record]);
      before = record;
      if (this.#stored(runId)?.outcome != null && random.chance(0.7)) break;
    }
    if (!random.chance(0.3)) return;
    const waited = await outside.persist("wait", 1, (engine) => engine.client.waitFinal(runId, 100));
    if (waited.type !== "done" || waited.value === null) return;
    coverage.count("waited for the end");
    if (this.#stored(runId)?.outcome !== waited.value.outcome)
      report("I6", `run ${runId} was reported final with ${waited.value.outcome}, and is not stored so`);
  }

  async #sendEvent(flow: GeneratedFlow, runId: string): Promise<EventRecord> {
    const { random, ledger, coverage } = this.#ports;
    const record: EventRecord = {
      runId,
      id: `e${++this.#ids}`,
      type: this.#chooseType(flow, runId),
      data: this.#chooseData(),
      answers: [],
      refusal: null,
      isMaybe: false,
    };
    ledger.events.push(record);
    if (random.chance(0.2)) this.#begin(() => this.#askEvent(record));
    await this.#askEvent(record);
    if (random.chance(0.2)) {
      coverage.count("event repeated");
      await this.#askEvent(record);
    }
    if (record.answers.some(({ version }) => version !== null) && random.chance(0.08))
      await this.#contradict(record);
    return record;
  }

  async #askEvent(record: EventRecord): Promise<void> {
    const { outside, coverage, report, log } = this.#ports;
    const { runId, id, type, data } = record;
    const ending = await outside.persist(`event ${id}`, this.#patience(), (engine) =>
      engine.client.send(runId, { id, type, data }),
    );
    if (ending.type !== "done") record.isMaybe ||= ending.isMaybe;
    if (ending.type === "gave-up") return;
    if (ending.type === "refused" && !RECORDED.has(ending.code)) {
      record.refusal = ending.code;
      coverage.count(REFUSED[ending.code] ?? "event invalid");
      return;
    }
    if (ending.type === "refused") {
      coverage.count(ending.code === "FLOW_RUN_FINAL" ? "event after the end" : "event unexpected");
      record.answers.push({ outcome: "unexpected", version: null });
    } else {
      record.answers.push(ending.value);
      if (ending.value.outcome === "accepted") coverage.count("event accepted");
      if (ending.value.outcome === "queued") coverage.count("event queued");
    }
    if (!log.holdsInput(runId, id))
      report("I6", `event ${id} of run ${runId} was acknowledged before it was durable`);
  }

  /** The same id for something else is a mistake of the caller, and must be told so. */
  async #contradict(record: EventRecord): Promise<void> {
    const { outside, coverage, report } = this.#ports;
    const { runId, id, type } = record;
    const ending = await outside.persist(`event ${id}, changed`, 3, (engine) =>
      engine.client.send(runId, { id, type, data: { n: 1_000 } }),
    );
    if (ending.type === "refused" && ending.code === "FLOW_IDEMPOTENCY_CONFLICT")
      coverage.count("event in conflict");
    else if (ending.type !== "gave-up" && !(ending.type === "done" && ending.value.outcome === "accepted"))
      report("I6", `another event under the id ${id} of run ${runId} was answered ${JSON.stringify(ending)}`);
  }

  /** Most callers ask until they are answered; some give up early, some at once. */
  #patience(): number {
    const { random } = this.#ports;
    return random.chance(0.7) ? Number.POSITIVE_INFINITY : random.whole(1, 4);
  }

  #chooseType(flow: GeneratedFlow, runId: string): string {
    const { random } = this.#ports;
    if (random.chance(0.03)) return "Unheard";
    const stored = this.#stored(runId);
    const { states, events } = this.#versionOf(flow, stored?.flowVersion);
    const expected = Object.keys(states[stored?.compensation?.from ?? stored?.state ?? ""]?.on ?? {});
    const likely = expected.filter((type) => flow.outside.includes(type));
    if (likely.length > 0 && random.chance(0.75)) return random.pick(likely);
    return random.pick([...flow.outside, ...Object.keys(events)]);
  }

  #versionOf({ name, versions }: GeneratedFlow, wanted: number | undefined): FlowDefinition {
    const found = versions.find(({ version }) => version === wanted) ?? versions[0];
    if (found === undefined) throw new Error(`flow ${name} has no version`);
    return found;
  }

  #chooseItems(): readonly number[] {
    const { random } = this.#ports;
    return Array.from({ length: random.whole(0, ITEMS_MAX) }, () => random.whole(0, 9));
  }

  #chooseData(): JsonObject {
    const { random } = this.#ports;
    if (random.chance(0.03)) return { n: "x" };
    return {
      n: random.whole(0, 9),
      ...(random.chance(0.06) ? { isBad: true } : {}),
      ...(random.chance(0.06) ? { bulk: "x".repeat(2 * BULK_CHARS) } : {}),
    };
  }

  #stored(runId: string): StoredRun | null {
    const stored = this.#ports.database.runs.get(runId);
    return stored === undefined ? null : (JSON.parse(stored.text) as StoredRun);
  }
}

type StoredRun = Pick<Run, "state" | "outcome" | "flowVersion" | "compensation">;

const REFUSED: Readonly<Record<string, CoverageKind>> = {
  FLOW_HISTORY_FULL: "history full",
  FLOW_DATA_TOO_LARGE: "event made too much data",
};
