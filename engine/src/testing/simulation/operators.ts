/**
 * Operators: they look at runs and do to them what operators may, at any moment, as people do who repeat what was not answered. When
 * everything else has come to rest they put right what is left, until every run has ended.
 */
import type { Answer } from "../../core/decision.ts";
import { engineError } from "../../core/errors.ts";
import { CANCELED } from "../../core/flow.ts";
import type { Operation } from "../../core/inputs.ts";
import type { Run } from "../../core/run.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import { fromStoredRun } from "../../stores/memory/stored-run.ts";
import type { SimulatedEngine } from "./cluster.ts";
import type { CommitLog } from "./commit-log.ts";
import type { Coverage } from "./coverage.ts";
import type { GeneratedFlow } from "./generate-flow.ts";
import type { OperationRecord, OperatorLedger } from "./operator-ledger.ts";
import type { Outside } from "./outside.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Report } from "./violation.ts";

interface OperatorPorts {
  readonly outside: Outside;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly coverage: Coverage;
  readonly report: Report;
  readonly ledger: OperatorLedger;
  readonly log: CommitLog;
  readonly database: MemoryDatabase;
  readonly flows: readonly GeneratedFlow[];
  /** Until when operators do things out of the blue. */
  readonly untilMs: number;
}

/** After so many attempts to put a run right with a light hand it is forced to its end. */
const ROUNDS_GENTLE_MAX = 5;

export class Operators {
  readonly #ports: OperatorPorts;
  #busy = 0;
  #ids = 0;

  constructor(ports: OperatorPorts) {
    this.#ports = ports;
  }

  get busy(): number {
    return this.#busy;
  }

  /** Lets so many operations happen, each at a moment of its own. */
  start(count: number): void {
    const { scheduler, random, untilMs } = this.#ports;
    for (let left = count; left > 0; left--)
      this.#begin(async () => {
        await scheduler.sleep(random.between(0, untilMs), "an operator looks");
        await this.#interfere();
      });
  }

  /** Runs that have not ended. */
  unfinished(): readonly Run[] {
    return [...this.#ports.database.runs.values()]
      .map(fromStoredRun)
      .filter(({ outcome }) => outcome === null);
  }

  /** Does something about every run that has not ended. `round` counts from 1: gently first, then for good. */
  putRight(round: number): void {
    for (const run of this.unfinished()) {
      const operation = round > ROUNDS_GENTLE_MAX ? FORCE_TO_END : this.#choose(run, run.parked === null);
      this.#begin(() => this.#operate(run.runId, operation, Number.POSITIVE_INFINITY));
    }
  }

  #begin(work: () => Promise<void>): void {
    this.#busy++;
    void work().finally(() => this.#busy--);
  }

  async #interfere(): Promise<void> {
    const { random, log } = this.#ports;
    const runIds = [...log.runs.keys()];
    if (runIds.length === 0) return;
    const run = this.#look(random.pick(runIds));
    if (run === null) return;
    const patience = random.chance(0.8) ? Number.POSITIVE_INFINITY : random.whole(1, 3);
    await this.#operate(run.runId, this.#choose(run, random.chance(0.1)), patience);
  }

  #look(runId: string): Run | null {
    const stored = this.#ports.database.runs.get(runId);
    return stored === undefined ? null : fromStoredRun(stored);
  }

  /** What an operator would do about this run; now and then something that is not possible. */
  #choose(run: Run, isDrastic: boolean): Operation {
    const { random } = this.#ports;
    const cancel: Operation = { type: "cancel", compensate: random.chance(0.7) };
    const migrate = this.#migrate(run);
    if (run.parked !== null)
      return random.pick<Operation>([
        { type: "redrive" },
        { type: "redrive" },
        { type: "retry" },
        { type: "skip" },
        migrate,
        cancel,
        isDrastic ? cancel : this.#force(run),
      ]);
    if (isDrastic) return random.pick<Operation>([cancel, cancel, this.#force(run)]);
    if (random.chance(0.1)) return { type: "skip" };
    const isWaiting = run.commands.some(({ phase }) => phase !== "sending");
    return isWaiting && random.chance(0.5)
      ? { type: "retry" }
      : random.pick<Operation>([migrate, migrate, cancel]);
  }

  /** Mostly to the newest version. */
  #migrate(run: Run): Operation {
    const { random } = this.#ports;
    const versions = this.#flowOf(run)?.versions.map(({ version }) => version) ?? [];
    return {
      type: "migrate",
      toVersion: random.chance(0.8) ? Math.max(...versions) : random.pick([...versions, 99]),
    };
  }

  #force(run: Run): Operation {
    const { random } = this.#ports;
    const states = Object.keys(
      this.#flowOf(run)?.versions.find(({ version }) => version === run.flowVersion)?.states ?? {},
    );
    const state = random.chance(0.05) ? "nowhere" : random.pick([...states, CANCELED]);
    if (random.chance(0.7)) return { type: "force", state };
    return { type: "force", state, data: random.chance(0.8) ? { ...run.data, items: [7] } : { n: "many" } };
  }

  #flowOf({ flow }: Run): GeneratedFlow | undefined {
    return this.#ports.flows.find(({ name }) => name === flow);
  }

  async #operate(runId: string, operation: Operation, patience: number): Promise<void> {
    const { random, ledger, coverage } = this.#ports;
    const record = ledger.open(runId, `o${++this.#ids}`, operation);
    if (random.chance(0.15)) this.#begin(() => this.#ask(record, patience));
    await this.#ask(record, patience);
    if (random.chance(0.1)) {
      coverage.count("operation repeated");
      await this.#ask(record, patience);
    }
    if (record.answers.some(({ version }) => version !== null) && random.chance(0.1))
      await this.#contradict(record);
  }

  async #ask(record: OperationRecord, patience: number): Promise<void> {
    const { outside, coverage, report, log } = this.#ports;
    const { runId, id } = record.input;
    const ending = await outside.persist(`operation ${id}`, patience, (engine) =>
      submit(engine, record.input),
    );
    if (ending.type !== "done") record.isMaybe ||= ending.isMaybe;
    if (ending.type === "gave-up") return;
    if (ending.type === "refused") {
      record.refusal = ending.code;
      coverage.count("operation refused");
      if (ending.code === "FLOW_WOULD_STRAND") coverage.count("operation would strand");
      if (ending.code === "FLOW_MIGRATION_REFUSED") coverage.count("migration refused");
      if (ending.code === "FLOW_BAD_DATA") coverage.count("operation with bad data");
      return;
    }
    const answer = ending.value;
    if (answer.outcome === "accepted") {
      coverage.count("operation accepted");
      record.answers.push({ outcome: "accepted", version: null });
    } else if (answer.outcome === "applied")
      record.answers.push({ outcome: "applied", version: answer.version });
    else report("I6", `operation ${id} of run ${runId} was answered ${JSON.stringify(answer)}`);
    if (!log.holdsInput(runId, id))
      report("I6", `operation ${id} of run ${runId} was acknowledged before it was durable`);
  }

  /** The same id for another operation is a mistake of the operator, and must be told so. */
  async #contradict({ input }: OperationRecord): Promise<void> {
    const { outside, coverage, report } = this.#ports;
    const other: Operation = { type: "force", state: "elsewhere" };
    const ending = await outside.persist(`operation ${input.id}, changed`, 3, (engine) =>
      submit(engine, { ...input, operation: other }),
    );
    if (ending.type === "refused" && ending.code === "FLOW_IDEMPOTENCY_CONFLICT")
      coverage.count("operation in conflict");
    else if (ending.type !== "gave-up" && !(ending.type === "done" && ending.value.outcome === "accepted"))
      report("I6", `another operation under the id ${input.id} was answered ${JSON.stringify(ending)}`);
  }
}

/** Possible for any run that has not ended: every flow has this state, and a run that enters it sends nothing. */
const FORCE_TO_END: Operation = { type: "force", state: "done" };

/** By the door that an API for operators would use. @throws what the rules refuse with */
async function submit(engine: SimulatedEngine, input: OperationRecord["input"]): Promise<Answer> {
  const answer = await engine.runtime.submit(input);
  if (answer.outcome !== "rejected") return answer;
  throw engineError(answer.error.code, answer.error.message);
}
