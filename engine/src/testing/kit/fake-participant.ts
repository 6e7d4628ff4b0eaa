import type { CommandMessage, EventMessage, Json } from "@sluice/contracts/envelope";
import { CodedError } from "@sluice/contracts/problem";
import { durationMs } from "../../core/duration.ts";
import { engineError, toPlainError } from "../../core/errors.ts";
import type { Settlement } from "../../core/inputs.ts";
import type { TransactionalParticipant, Transport } from "../../core/ports.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import type { MemoryTransaction } from "../../stores/memory/memory-transaction.ts";
import type { EngineProcess } from "./engine-process.ts";
import type { AnyWords, FlowWords, Word } from "./flow-words.ts";
import type { Answering, AnsweringLater, Reaction } from "./reaction.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** By command type, what happens to one attempt after the other; the last reaction goes on. */
export type FakeScript<T extends Pick<FlowWords, "Commands" | "Answers">> = {
  readonly [C in Word<T["Commands"]>]?:
    Reaction<T["Commands"][C], T["Answers"][C]> | readonly Reaction<T["Commands"][C], T["Answers"][C]>[];
};

export interface FakeOptions {
  /**
   * `local`: outside the batch's transaction, at least once, as all participants but those whose tables share the database;
   * `transactional`: within it. @default "local"
   */
  readonly kind?: "local" | "transactional";
  /** How long one that hangs is waited for, in ms of virtual time. @default 5000 */
  readonly handleMs?: number;
}

/** A command that a fake participant was asked to carry out, under one id however often it came. */
export interface AskedCommand {
  readonly commandId: string;
  readonly runId: string;
  readonly type: string;
  readonly data: Json;
  /** Of an undo: the command it takes back. */
  readonly undoes: string | null;
  /** How often it came. */
  readonly deliveries: number;
}

/** What a fake participant needs of the engine it works for. */
export interface FakeHost {
  readonly process: EngineProcess;
  readonly time: VirtualTime;
  readonly database: MemoryDatabase;
  /** Tells a run that something happened, again and again until it is acknowledged. */
  tell(runId: string, event: EventMessage): void;
  /** Something that must not happen in a test has happened. */
  complain(message: string): void;
}

const HANDLE_MS_DEFAULT = 5_000;

/**
 * A participant that does what the test says and remembers what it was asked. It lives outside of the engine, so it survives when that dies.
 * What it remembers of transactional commands is part of the batch: what was undone it was never asked.
 *
 * ```ts
 * fakeParticipant<FlowTypes<typeof purchase>>("tickets", {
 *   IssueTicket: [fail("PRINTER_OUT", 2), answer("TicketIssued", { ticketId: "ticket-1", seat: 7 })],
 * });
 * ```
 */
export function fakeParticipant<T extends Pick<FlowWords, "Commands" | "Answers"> = AnyWords>(
  channel: string,
  script: FakeScript<T>,
  options: FakeOptions = {},
): FakeParticipant {
  return new FakeParticipant(channel, script as Script, options);
}

type AnyReaction = Reaction<CommandMessage, EventMessage>;
type Script = Readonly<Record<string, AnyReaction | readonly AnyReaction[] | undefined>>;

/** @see fakeParticipant */
export class FakeParticipant {
  readonly channel: string;
  readonly #script: Script;
  readonly #isTransactional: boolean;
  readonly #handleMs: number;
  readonly #asked = new Map<string, AskedCommand>();
  /** By command and attempt, so that an attempt that comes twice meets the same reaction. */
  readonly #chosen = new Map<string, AnyReaction>();
  /** Attempts so far, by command type. */
  readonly #attempts = new Map<string, number>();
  readonly #undone = new Set<string>();
  #host: FakeHost | null = null;

  constructor(
    channel: string,
    script: Script,
    { kind = "local", handleMs = HANDLE_MS_DEFAULT }: FakeOptions,
  ) {
    this.channel = channel;
    this.#script = script;
    this.#isTransactional = kind === "transactional";
    this.#handleMs = handleMs;
  }

  /** What it was asked so far, in the order in which each command came first. */
  get asked(): readonly AskedCommand[] {
    return this.#isTransactional ? this.#storedCommands() : [...this.#asked.values()];
  }

  /** The participant as one start of an engine reaches it. */
  open(host: FakeHost): Transport | TransactionalParticipant {
    this.#host = host;
    return this.#isTransactional ? this.#openTransactional(host) : this.#openLocal(host);
  }

  // -------------------------------------------------------------- outside the transaction

  #openLocal(host: FakeHost): Transport {
    return {
      channel: this.channel,
      commandsPerSendMax: 1,
      sendsMax: 1_000,
      send: (commands) =>
        host.process.pass(
          "send",
          commands.map(({ type }) => type),
          () => Promise.all(commands.map((command) => this.#settle(host, copyOf(command)))),
        ),
    };
  }

  async #settle(host: FakeHost, command: CommandMessage): Promise<Settlement> {
    this.#remember(command);
    try {
      const event = await this.#react(host, command);
      return event === null ? { type: "delivered" } : { type: "answered", event };
    } catch (error) {
      return { type: "failed", error: toPlainError(error, "FLOW_HANDLER_FAILED") };
    }
  }

  #remember(command: CommandMessage): void {
    const before = this.#asked.get(command.commandId);
    this.#asked.set(command.commandId, toAsked(command, (before?.deliveries ?? 0) + 1));
  }

  // -------------------------------------------------------------- within it

  #openTransactional(host: FakeHost): TransactionalParticipant {
    return {
      channel: this.channel,
      commandTypes: Object.keys(this.#script),
      handleMs: this.#handleMs,
      handle: (_, commands, transaction) =>
        Promise.all(
          commands.map((command) => {
            this.#rememberIn(transaction as MemoryTransaction, command);
            return this.#react(host, copyOf(command));
          }),
        ),
    };
  }

  #rememberIn(transaction: MemoryTransaction, command: CommandMessage): void {
    const key = `${this.#keyPrefix}${command.commandId}`;
    const before = transaction.get(key) as unknown as AskedCommand | undefined;
    transaction.set(key, { ...toAsked(command, (before?.deliveries ?? 0) + 1) });
  }

  #storedCommands(): AskedCommand[] {
    const values = [...(this.#host?.database.values ?? [])];
    return values
      .filter(([key]) => key.startsWith(this.#keyPrefix))
      .map(([, text]) => JSON.parse(text) as AskedCommand);
  }

  get #keyPrefix(): string {
    return `asked\n${this.channel}\n`;
  }

  // -------------------------------------------------------------- reactions

  async #react(host: FakeHost, command: CommandMessage): Promise<EventMessage | null> {
    if (command.undoes !== undefined) this.#undone.add(command.undoes);
    if (this.#undone.has(command.commandId))
      throw engineError("FLOW_COMMAND_UNDONE", `${command.type} was taken back before it came`);
    const reaction = this.#choose(host, command);
    if (typeof reaction === "function") return reaction(command);
    switch (reaction.kind) {
      case "answer":
        return toEvent(reaction);
      case "fail":
        throw new CodedError(reaction.code, reaction.errorKind, "the test says so");
      case "later":
        this.#answerLater(host, command, reaction.answer);
        return null;
      case "hang":
        return this.#hang(host, command);
    }
  }

  #choose(host: FakeHost, { commandId, attempt, type }: CommandMessage): AnyReaction {
    const key = `${commandId}#${attempt}`;
    const chosen = this.#chosen.get(key) ?? this.#nextReaction(host, type);
    this.#chosen.set(key, chosen);
    return chosen;
  }

  #nextReaction(host: FakeHost, type: string): AnyReaction {
    const attempt = (this.#attempts.get(type) ?? 0) + 1;
    this.#attempts.set(type, attempt);
    const reaction = reactionTo(this.#script[type], attempt);
    if (reaction !== undefined) return reaction;
    const message = `${this.channel} was asked ${type}, attempt ${attempt} of all, and has no reaction to that`;
    host.complain(message);
    throw engineError("FLOW_COMMAND_REFUSED", message);
  }

  #answerLater({ time, tell }: FakeHost, { runId, commandId }: CommandMessage, answer: LaterAnswer): void {
    if (answer === null) return;
    const event: EventMessage = { ...toEvent(answer.event), id: `later:${commandId}`, commandId };
    time.scheduler.schedule(durationMs(answer.after), `${this.channel} answers`, () => tell(runId, event));
  }

  /** Within a transaction the engine does not wait longer either; outside of it nobody else would end the wait. */
  async #hang({ time }: FakeHost, { type }: CommandMessage): Promise<never> {
    if (this.#isTransactional) return new Promise(() => {});
    await time.scheduler.sleep(this.#handleMs, `${this.channel} hangs`);
    throw engineError(
      "FLOW_COMMAND_TIMEOUT",
      `the handler of ${type} did not return within ${this.#handleMs} ms (handleMs); whether it took effect is unknown`,
    );
  }
}

type LaterAnswer = AnsweringLater["answer"];

/** The reaction to the n-th attempt. One that fails a number of times stands for so many. */
function reactionTo(script: Script[string], attempt: number): AnyReaction | undefined {
  const reactions = script === undefined ? [] : Array.isArray(script) ? script : [script as AnyReaction];
  let left = attempt;
  for (const [at, reaction] of reactions.entries()) {
    const isLast = at === reactions.length - 1;
    const times =
      typeof reaction !== "function" && reaction.kind === "fail" ? reaction.times : isLast ? left : 1;
    if (left <= times) return reaction;
    left -= times;
  }
  return undefined;
}

function toEvent({ type, data }: Answering): EventMessage {
  return { type, data: data as Json };
}

function toAsked(command: CommandMessage, deliveries: number): AskedCommand {
  const { commandId, runId, type, data, undoes = null } = command;
  return { commandId, runId, type, data, undoes, deliveries };
}

/** What crosses a boundary is a copy, so that neither side reaches into the other's memory. */
function copyOf(command: CommandMessage): CommandMessage {
  return structuredClone(command);
}
