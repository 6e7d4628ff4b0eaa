import type { EventMessage } from "@sluice/contracts/envelope";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import type { MemoryTransaction } from "../../stores/memory/memory-transaction.ts";
import type { CommitLog } from "./commit-log.ts";
import type { SimulatedEngine } from "./cluster.ts";
import type { Outside } from "./outside.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Report } from "./violation.ts";

interface LateAnswerPorts {
  readonly database: MemoryDatabase;
  readonly log: CommitLog;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly report: Report;
  readonly entriesMax: number;
}

/** How late an answer may come. */
const LATE_MS_MAX = 150;

/** Answers that participants owe: each comes later as an event with an id, again and again until it is acknowledged. */
export class LateAnswers {
  readonly #ports: LateAnswerPorts;
  readonly #outside: () => Outside;
  /** Commands whose answer is owed once the batch that called for it is committed. */
  readonly #uncommitted = new Set<string>();
  #open = 0;

  constructor(ports: LateAnswerPorts, outside: () => Outside) {
    this.#ports = ports;
    this.#outside = outside;
    ports.log.onCommit(() => this.#oweCommitted());
  }

  get open(): number {
    return this.#open;
  }

  owe(runId: string, event: EventMessage, commandId: string): void {
    this.#open++;
    void this.#deliver(runId, { ...event, id: `late:${commandId}` }, commandId).finally(() => this.#open--);
  }

  /** The participant remembers in its own tables that it owes the answer. */
  oweWithCommit(runId: string, event: EventMessage, commandId: string, transaction: MemoryTransaction): void {
    transaction.set(owedKey(commandId), { runId, event: { ...event } });
    this.#uncommitted.add(commandId);
  }

  #oweCommitted(): void {
    for (const commandId of this.#uncommitted) {
      const text = this.#ports.database.values.get(owedKey(commandId));
      if (text === undefined) continue;
      this.#uncommitted.delete(commandId);
      const { runId, event } = JSON.parse(text) as { runId: string; event: EventMessage };
      this.owe(runId, event, commandId);
    }
  }

  async #deliver(runId: string, event: EventMessage & { id: string }, commandId: string): Promise<void> {
    const { scheduler, random, log } = this.#ports;
    await scheduler.sleep(random.between(1, LATE_MS_MAX), `late answer to ${commandId}`);
    const isByBroker = random.chance(0.5);
    const ending = await this.#outside().persist("late answer", Number.POSITIVE_INFINITY, (engine) =>
      sendTo(engine, runId, event, isByBroker),
    );
    const isTaken =
      (ending.type === "done" && ending.value) || (ending.type === "refused" && RECORDED.has(ending.code));
    if (isTaken && !log.holdsInput(runId, event.id) && !this.#isFull(runId))
      this.#ports.report("I6", `the late answer ${event.id} was acknowledged before it was durable`);
  }

  /** A run whose history is full takes no more events from outside. */
  #isFull(runId: string): boolean {
    return (this.#ports.log.runs.get(runId)?.entries.length ?? 0) >= this.#ports.entriesMax;
  }
}

/** Refusals that the history has recorded. */
export const RECORDED: ReadonlySet<string> = new Set(["FLOW_UNEXPECTED_EVENT", "FLOW_RUN_FINAL"]);

/** By the transport's own way in, as a broker's consumer does, or as any caller. True when the history must know the event's id now. */
async function sendTo(
  engine: SimulatedEngine,
  runId: string,
  event: EventMessage & { readonly id: string },
  isByBroker: boolean,
): Promise<boolean> {
  if (!isByBroker || engine.take === null) await engine.client.send(runId, event);
  else {
    const { id, type, data, commandId } = event;
    const isAnswer = commandId !== undefined;
    const taken = await engine.take(
      isAnswer
        ? { kind: "answer", runId, commandId, attempt: 1, event: { type, data } }
        : { kind: "event", runId, event: { id, type, data } },
    );
    // The history knows an answer by its command; whether that one still waited is the rules' to say.
    return !isAnswer && taken.outcome === "taken";
  }
  return true;
}

function owedKey(commandId: string): string {
  return `owed:${commandId}`;
}
