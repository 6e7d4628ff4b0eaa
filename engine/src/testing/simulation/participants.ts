/**
 * Those who carry out commands, in all their moods. Each does its work and keeps its books (participant-ledger.ts); what it then says
 * may be late, wrong, lost or nothing at all.
 */
import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";
import type { ErrorKind } from "@sluice/contracts/problem";
import { engineError, hasCode } from "../../core/errors.ts";
import type { PlainError } from "../../core/errors.ts";
import type { Settlement } from "../../core/inputs.ts";
import type { TakeReply, TransactionalParticipant, Transport } from "../../core/ports.ts";
import type { MemoryTransaction } from "../../stores/memory/memory-transaction.ts";
import { memoryTransport } from "../../transports/memory/memory-transport.ts";
import type { Coverage } from "./coverage.ts";
import type { Faults } from "./faults.ts";
import { FAN_PREFIX } from "./draft-states.ts";
import { NEVER_AGAIN } from "./flow-draft.ts";
import type { LateAnswers } from "./late-answers.ts";
import { UNDO_PREFIX } from "./participant-ledger.ts";
import type { ParticipantLedger } from "./participant-ledger.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import type { Report } from "./violation.ts";

export interface ParticipantPorts {
  readonly faults: Faults;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly coverage: Coverage;
  readonly ledger: ParticipantLedger;
  readonly late: LateAnswers;
  readonly report: Report;
  readonly handleMs: number;
}

/** How often a query of a poll finds nothing yet. */
const NO_NEWS_RATE = 0.5;
/** How late a command may arrive. */
const LATE_MS_MAX = 200;

export class Participants {
  readonly #ports: ParticipantPorts;
  /** What a participant beyond the transaction has once said it says again: it knows the command by its id. */
  readonly #said = new Map<string, Settlement>();
  #onTheWay = 0;

  constructor(ports: ParticipantPorts) {
    this.#ports = ports;
  }

  /** Commands that have not arrived yet, and that nobody waits for. */
  get onTheWay(): number {
    return this.#onTheWay;
  }

  // -------------------------------------------------------------- in the batch's transaction

  transactional(channel: string, process: SimulatedProcess): TransactionalParticipant {
    return {
      channel,
      commandTypes: [],
      handleMs: this.#ports.handleMs,
      handle: (type, commands, transaction) =>
        this.#handle(type, commands, transaction as MemoryTransaction, process),
    };
  }

  async #handle(
    type: string,
    commands: readonly CommandMessage[],
    transaction: MemoryTransaction,
    process: SimulatedProcess,
  ): Promise<readonly (EventMessage | null)[]> {
    const { faults, coverage, ledger } = this.#ports;
    await process.call({ name: `handles ${type}` }, () => Promise.resolve());
    if (faults.strikes("handlerHangs")) await this.#hang(commands, transaction, process);
    const events = commands.map((command) => {
      ledger.takeEffect(command, transaction);
      return this.#answerInBatch(command, transaction);
    });
    if (commands.some(() => faults.strikes("handlerThrows"))) {
      coverage.count("handler threw");
      if (commands.length > 1) coverage.count("handler group halved");
      throw new Error("the simulated handler throws, after it has written");
    }
    if (events.length > 0 && faults.strikes("handlerAnswersWrongly")) {
      coverage.count("handler answered wrong count");
      return events.slice(1);
    }
    return events;
  }

  /** Never returns, or returns when nobody waits any more; then its transaction must refuse it. */
  async #hang(
    commands: readonly CommandMessage[],
    transaction: MemoryTransaction,
    process: SimulatedProcess,
  ): Promise<void> {
    const { coverage, random, report, ledger, handleMs } = this.#ports;
    coverage.count("handler hung");
    if (random.chance(0.5)) return new Promise(() => {});
    await process.pass("late handler", 2 * handleMs);
    try {
      for (const command of commands) ledger.takeEffect(command, transaction);
      report("I2", `a handler that came late has written to its transaction`);
    } catch (error) {
      if (hasCode(error, "FLOW_HANDLER_TIMEOUT")) coverage.count("handler came late");
      throw error;
    }
  }

  #answerInBatch(command: CommandMessage, transaction: MemoryTransaction): EventMessage | null {
    const { faults, coverage, late, random } = this.#ports;
    if (isQuery(command)) return random.chance(NO_NEWS_RATE) ? null : this.#goodAnswer(command);
    if (faults.strikes("handlerAnswersLater")) {
      coverage.count("handler answered later");
      late.oweWithCommit(command.runId, this.#laterAnswer(command), command.commandId, transaction);
      return null;
    }
    if (!faults.strikes("handlerAnswersWrongly")) return this.#goodAnswer(command);
    const isUndeclared = random.chance(0.5);
    coverage.count(isUndeclared ? "handler answered undeclared" : "handler answered bad data");
    return wrongAnswer(command, isUndeclared);
  }

  // -------------------------------------------------------------- beyond it

  remote(channel: string, process: SimulatedProcess, onStart: (take: TakeReply | null) => void): Transport {
    const { random } = this.#ports;
    return {
      channel,
      commandsPerSendMax: random.whole(1, 4),
      sendsMax: random.whole(1, 4),
      send: (commands) =>
        process.call({ name: "send", failure: UNREACHABLE }, () => this.#receiveAll(commands)),
      start: (take) => Promise.resolve(onStart(take)),
      stop: () => Promise.resolve(onStart(null)),
    };
  }

  async #receiveAll(commands: readonly CommandMessage[]): Promise<readonly Settlement[]> {
    const { faults, coverage } = this.#ports;
    const settlements = commands.map((command) =>
      faults.strikes("remoteArrivesLate") ? this.#receiveLate(command) : this.#receive(command),
    );
    if (!faults.strikes("remoteAnswersWrongly")) return settlements;
    coverage.count("remote answered too few");
    return settlements.slice(1);
  }

  local(channel: string, process: SimulatedProcess): Transport {
    const { faults, coverage, random } = this.#ports;
    return memoryTransport({
      channel,
      sendsMax: random.whole(1, 10),
      deliver: async (command) => {
        const settlement = await process.call({ name: `does ${command.type}` }, async () =>
          this.#receive(command),
        );
        if (faults.strikes("localFails")) {
          coverage.count("local failed");
          throw new Error("the simulated local handler throws, after it has done its work");
        }
        if (settlement.type === "failed")
          throw Object.assign(new Error(settlement.error.message), settlement.error);
        return settlement.type === "answered" ? settlement.event : null;
      },
    });
  }

  /** The attempt is given up, and arrives all the same. What the participant then says nobody hears. */
  #receiveLate(command: CommandMessage): Settlement {
    const { coverage, random, scheduler } = this.#ports;
    coverage.count("remote came late");
    this.#onTheWay++;
    scheduler.schedule(random.between(1, LATE_MS_MAX), `${command.commandId} → late`, () => {
      this.#onTheWay--;
      this.#receive(command);
    });
    // Some flows do not try again, and take back what has not even happened yet.
    return failed(unreachable("timeout", random.pick(["FLOW_COMMAND_TIMEOUT", NEVER_AGAIN])));
  }

  #receive(command: CommandMessage): Settlement {
    const { faults, coverage, ledger, random } = this.#ports;
    if (faults.strikes("remoteFails")) {
      coverage.count("remote refused");
      return failed(this.#refusal());
    }
    const isFirst = ledger.deliver(command);
    if (!isFirst) coverage.count("remote delivered again");
    if (ledger.comesFirst(command)) coverage.count("undo came first");
    if (ledger.hasTakenBack(command.commandId)) {
      if (isFirst) coverage.count("undo won against a late command");
      return { type: "delivered" };
    }
    const said = this.#said.get(command.commandId) ?? this.#settle(command);
    this.#said.set(command.commandId, said);
    if (said.type === "no-news") coverage.count("remote had no news");
    if (!faults.strikes("remoteLost")) return said;
    coverage.count("remote answer lost");
    return failed(unreachable("timeout", random.pick(["FLOW_COMMAND_TIMEOUT", "ECONNRESET"])));
  }

  #settle(command: CommandMessage): Settlement {
    const { faults, coverage, late, random } = this.#ports;
    if (isQuery(command) && random.chance(NO_NEWS_RATE)) return { type: "no-news" };
    if (faults.strikes("remoteAnswersWrongly")) {
      const isUndeclared = random.chance(0.5);
      coverage.count(isUndeclared ? "remote answered undeclared" : "remote answered bad data");
      return { type: "answered", event: wrongAnswer(command, isUndeclared) };
    }
    if (!isQuery(command) && faults.strikes("remoteAnswersLater")) {
      coverage.count("remote answered later");
      late.owe(command.runId, this.#laterAnswer(command), command.commandId);
      return { type: "delivered" };
    }
    return { type: "answered", event: this.#goodAnswer(command) };
  }

  #refusal(): PlainError {
    const { coverage, random } = this.#ports;
    const kind = random.pick(REFUSALS);
    if (kind === "invalid" || kind === "bug") coverage.count("remote failed");
    const error = unreachable(kind, random.chance(0.1) ? NEVER_AGAIN : "SIM_REFUSED");
    return kind === "overloaded" ? { ...error, retryAfterMs: random.whole(1, 100) } : error;
  }

  #laterAnswer(command: CommandMessage): EventMessage {
    const isNamed = isOneOfMany(command) || this.#ports.random.chance(0.5);
    return { ...this.#goodAnswer(command), ...(isNamed ? { commandId: command.commandId } : {}) };
  }

  #goodAnswer({ type }: CommandMessage): EventMessage {
    const { random } = this.#ports;
    const data = { n: random.whole(0, 9), ...(random.chance(0.03) ? { isBad: true } : {}) };
    const isRefused = !type.startsWith(UNDO_PREFIX) && random.chance(0.2);
    return { type: `${type}${isRefused ? "Refused" : "Done"}`, data };
  }
}

const REFUSALS: readonly ErrorKind[] = [
  "unavailable",
  "unavailable",
  "unavailable",
  "timeout",
  "timeout",
  "overloaded",
  "conflict",
  "invalid",
  "bug",
];

const UNREACHABLE = {
  before: () => engineError("FLOW_COMMAND_UNREACHABLE", "the simulated participant is not there"),
  after: () => engineError("FLOW_COMMAND_TIMEOUT", "the simulated participant does not answer"),
};

function unreachable(kind: ErrorKind, code: string): PlainError {
  return { code, kind, message: "the simulated participant says no" };
}

function failed(error: PlainError): Settlement {
  return { type: "failed", error };
}

function isQuery({ type }: CommandMessage): boolean {
  return type.startsWith("Ask");
}

/** One of several alike: a later answer to it has to say which of them it answers. */
function isOneOfMany({ type }: CommandMessage): boolean {
  return type.startsWith(FAN_PREFIX);
}

function wrongAnswer({ type }: CommandMessage, isUndeclared: boolean): EventMessage {
  return isUndeclared ? { type: "Misunderstood", data: {} } : { type: `${type}Done`, data: { n: "many" } };
}
