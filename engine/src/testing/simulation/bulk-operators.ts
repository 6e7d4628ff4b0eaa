/**
 * Operators who do something to many runs at once, or let a part of a flow stand still for a while. What they asked for is kept by the
 * engine: they ask until they are told so, and no more.
 */
import type { Operation } from "../../core/inputs.ts";
import type { Paused } from "../../client/operator.ts";
import type { RunFilter } from "../../core/ports.ts";
import type { Coverage } from "./coverage.ts";
import type { GeneratedFlow } from "./generate-flow.ts";
import type { Outside } from "./outside.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

interface BulkPorts {
  readonly outside: Outside;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly coverage: Coverage;
  readonly flows: readonly GeneratedFlow[];
  /** Until when something new is asked for. */
  readonly untilMs: number;
}

/** A job as it was acknowledged. */
export interface JobRecord {
  readonly actionId: string;
  readonly operation: Operation;
  readonly by: string;
  readonly isDryRun: boolean;
}

const PAUSE_MS_MAX = 600;
/** How the name of each of them begins. */
export const BULK_OPERATOR = "bulk operator";

export class BulkOperators {
  readonly jobs: JobRecord[] = [];
  readonly #ports: BulkPorts;
  #busy = 0;
  #ids = 0;

  constructor(ports: BulkPorts) {
    this.#ports = ports;
  }

  get busy(): number {
    return this.#busy;
  }

  start(count: number): void {
    const { scheduler, random, untilMs } = this.#ports;
    for (let left = count; left > 0; left--)
      this.#begin(async () => {
        await scheduler.sleep(random.between(0, untilMs), "an operator looks at a flow");
        await (random.chance(0.5) ? this.#startJob() : this.#pause());
      });
  }

  #begin(work: () => Promise<void>): void {
    this.#busy++;
    void work().finally(() => this.#busy--);
  }

  async #startJob(): Promise<void> {
    const { outside, random, coverage, scheduler } = this.#ports;
    const flow = random.pick(this.#ports.flows);
    const operation = this.#choose(flow);
    const filter: RunFilter = { flow: flow.name, ...(random.chance(0.2) ? { parked: true } : {}) };
    const isDryRun = random.chance(0.15);
    const runsPerSecond = random.chance(0.3) ? random.whole(5, 50) : null;
    const asked = this.#asked();
    const ending = await outside.persist("job", Number.POSITIVE_INFINITY, ({ operator }) =>
      operator.startJob({ operation, filter, isDryRun, runsPerSecond }, asked),
    );
    if (ending.type !== "done") return;
    const { actionId } = ending.value;
    this.jobs.push({ actionId, operation, isDryRun, by: asked.by });
    coverage.count(isDryRun ? "job tried out" : "job started");
    if (!random.chance(0.15)) return;
    await scheduler.sleep(random.between(0, 100), "an operator has second thoughts");
    await outside.persist("job stop", 3, ({ operator }) => operator.stopJob(actionId, this.#asked()));
  }

  #choose({ versions }: GeneratedFlow): Operation {
    const { random } = this.#ports;
    return random.pick<Operation>([
      { type: "cancel", compensate: random.chance(0.7) },
      { type: "redrive" },
      { type: "retry" },
      { type: "skip" },
      { type: "migrate", toVersion: Math.max(...versions.map(({ version }) => version)) },
      { type: "migrate", toVersion: Math.max(...versions.map(({ version }) => version)) },
    ]);
  }

  /** Whoever pauses something also lets it go on. A request to pause that arrives after that, or comes again, pauses nothing. */
  async #pause(): Promise<void> {
    const { outside, random, coverage, scheduler } = this.#ports;
    const what = this.#chooseWhat();
    const asked = this.#asked();
    const ask = () =>
      outside.persist("pause", Number.POSITIVE_INFINITY, ({ operator }) => operator.pause(what, asked));
    await ask();
    coverage.count(PAUSED[what.scope]);
    await scheduler.sleep(random.between(0, PAUSE_MS_MAX), "an operator waits");
    await this.#resume(what);
    if (!random.chance(0.3)) return;
    coverage.count("pause repeated late");
    await ask();
  }

  async #resume(what: Paused): Promise<void> {
    const asked = this.#asked();
    const { outside } = this.#ports;
    await outside.persist("resume", Number.POSITIVE_INFINITY, ({ operator }) => operator.resume(what, asked));
  }

  #chooseWhat(): Paused {
    const { random } = this.#ports;
    const { name: flow, versions } = random.pick(this.#ports.flows);
    const { states, commands = {} } = random.pick(versions);
    const scope = random.pick(["flow", "state", "command"] as const);
    const names = Object.keys(scope === "state" ? states : commands);
    if (scope === "flow" || names.length === 0) return { flow, scope: "flow", name: "" };
    return { flow, scope, name: random.pick(names) };
  }

  #asked(): { readonly by: string; readonly idempotencyKey: string } {
    const id = ++this.#ids;
    return { by: `${BULK_OPERATOR} ${id}`, idempotencyKey: `b${id}` };
  }
}

const PAUSED = { flow: "flow paused", state: "state paused", command: "command paused" } as const;
