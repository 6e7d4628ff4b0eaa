/**
 * Commands of a broker, carried out by the handlers of a service.
 * V1  Commands of one run are carried out one at a time, in the order in which they came; other runs do not wait for them.
 * V2  A delivery is acknowledged only after its effect and answer are in the inbox and its reply is published; until then it comes again.
 * V3  A delivery that is no command is a dead letter at once; what fails is tried again here a few times, then the engine decides.
 * V4  `stop` begins nothing new: what is not under way yet, or waits to be tried again, is left to come again elsewhere.
 */
import { decodeCommand, encodeReply } from "@sluice/contracts/broker-message";
import type { BrokerMessage, DecodedCommand } from "@sluice/contracts/broker-message";
import type { CommandMessage, EventMessage, FailureMessage, ReplyMessage } from "@sluice/contracts/envelope";
import { hasCode } from "@sluice/contracts/problem";
import { toAnswerEvent } from "../core/answer-event.ts";
import { backoffMs } from "../core/backoff.ts";
import { engineError, toPlainError } from "../core/errors.ts";
import { InOrder } from "../core/in-order.ts";
import type { LogPort, Span, Tracer } from "../core/ports.ts";
import { rest } from "../core/rest.ts";
import { RETRIED } from "../core/retried.ts";
import { NO_LOG, NO_METER, NO_SPAN, NO_TRACER } from "../core/silent.ts";
import { scheduleTimer } from "./bounded-call.ts";
import type { CommandDelivery, CommandOutcome, CommandSource } from "./command-source.ts";
import { beginHandling, failSpan, processArrival } from "./handling-span.ts";
import type { Inbox } from "./inbox.ts";
import type { AnyTypes, ParticipantTypes } from "./participant-types.ts";
import { pruneAgain } from "./pruning.ts";
import { receiveCommand } from "./receive-command.ts";
import type { Receiver } from "./receive-command.ts";
import { ServeMetrics } from "./serve-metrics.ts";
import type { HandledAs } from "./serve-metrics.ts";
import { resolveServeOptions } from "./serve-options.ts";
import type { ResolvedServeOptions, ServeOptions } from "./serve-options.ts";

export interface CommandServer {
  /** True, or why no commands come: for `/readyz`. */
  health(): true | string;
  /**
   * Takes no more commands, waits for those under way at most `stopMs`, publishes their replies and lets go of the source. What is not done
   * by then is not acknowledged and comes again, here or elsewhere.
   */
  stop(): Promise<void>;
}

/**
 * Takes commands from a broker and carries them out, until it is stopped. A handler's event is published as the answer; `null` publishes
 * nothing, and `encodeReply` makes the message of an answer that comes later. A handler that throws an error of a kind that is worth another
 * attempt is tried again here (`retry`), and then the engine is told, whose state decides.
 *
 * ```ts
 * const server = await serveCommands<FlowTypes<typeof purchase>, TransactionSql>({
 *   source: kafkaCommands({ … }),
 *   inbox: postgresInbox(sql),
 *   handlers: { IssueTicket: (command, signal, sql) => issueTicket(sql, command.data) },
 * });
 * ```
 * @throws FLOW_BAD_OPTION (invalid) · whatever the source throws when it cannot start
 * @see docs/decisions/0021-brokers.md
 */
export async function serveCommands<Types extends ParticipantTypes = AnyTypes, Transaction = undefined>(
  options: ServeOptions<Types, Transaction>,
): Promise<CommandServer> {
  const service = new Service(options, resolveServeOptions(options));
  await options.source.start((delivery) => service.take(delivery));
  service.prune(options.inbox);
  return { health: () => service.health(), stop: () => service.stop() };
}

class Service<Types extends ParticipantTypes, Transaction> {
  readonly #source: CommandSource;
  readonly #receiver: Receiver<Types, Transaction>;
  readonly #options: ResolvedServeOptions;
  readonly #order: InOrder;
  readonly #metrics: ServeMetrics;
  readonly #log: LogPort;
  readonly #tracer: Tracer;
  /** Begins nothing new, and nothing again. */
  readonly #draining = new AbortController();
  /** Waits for nobody any more. */
  readonly #ended = new AbortController();

  constructor(given: ServeOptions<Types, Transaction>, options: ResolvedServeOptions) {
    const { source, handlers, inbox, log = NO_LOG, meter = NO_METER, tracer = NO_TRACER } = given;
    const { handleMs, concurrencyMax } = options;
    this.#source = source;
    this.#options = options;
    this.#log = log;
    this.#tracer = tracer;
    this.#receiver = { handlers, inbox, handleMs, log, signal: this.#ended.signal };
    this.#order = new InOrder(concurrencyMax);
    this.#metrics = new ServeMetrics(meter, source.name, Object.keys(handlers));
  }

  health(): true | string {
    return this.#draining.signal.aborted ? `${this.#source.name} is stopping` : this.#source.health();
  }

  prune(inbox: Inbox<Transaction>): void {
    const { pruneEveryMs: everyMs } = this.#options;
    const pruned = (answers: number): void => this.#metrics.pruned(answers);
    const ports = { source: this.#source.name, everyMs, log: this.#log, pruned };
    void pruneAgain(inbox, ports, this.#draining.signal);
  }

  async stop(): Promise<void> {
    this.#draining.abort();
    const disarm = scheduleTimer(this.#options.stopMs, () => this.#ended.abort());
    try {
      await this.#source.stop(this.#ended.signal);
    } finally {
      disarm();
    }
  }

  async take(delivery: CommandDelivery): Promise<CommandOutcome> {
    const decoded = decodeCommand(delivery, this.#options);
    if ("fault" in decoded) return this.#bury(delivery, decoded.fault, decoded.message);
    return this.#order.run(decoded.command.runId, () => this.#trace(decoded));
  }

  #bury(delivery: CommandDelivery, reason: string, error: string): CommandOutcome {
    this.#metrics.dead(reason);
    this.#log.warn({ source: this.#source.name, key: delivery.key, reason }, `a dead letter: ${error}`);
    return { type: "dead", reason, error };
  }

  /** What the handler does, and its answer, are part of a span of their own. */
  async #trace(decoded: DecodedCommand): Promise<CommandOutcome> {
    if (!this.#tracer.isOn) return this.#carryOut(decoded, NO_SPAN);
    const { command, trace } = decoded;
    const span = beginHandling(this.#tracer, command, processArrival(this.#source, command, trace));
    try {
      return await span.run(() => this.#carryOut({ ...decoded, trace: span.context ?? trace }, span));
    } finally {
      span.end();
    }
  }

  async #carryOut(decoded: DecodedCommand, span: Span): Promise<CommandOutcome> {
    const { command } = decoded;
    const beganMs = performance.now();
    const done = (result: HandledAs): void =>
      this.#metrics.handled(command.type, result, performance.now() - beganMs);
    this.#metrics.begun();
    try {
      const event = await this.#untilDone(command);
      const outcome: CommandOutcome =
        event === undefined ? { type: "none" } : this.#reply(decoded, answerTo(command, event));
      done(event === undefined ? "later" : "answered");
      return outcome;
    } catch (error) {
      failSpan(span, error);
      // Nobody is left to wait for it: not a word to the engine, another delivery finds out.
      if (hasCode(error, "FLOW_STOPPING") || this.#ended.signal.aborted) throw error;
      done("failed");
      return this.#reply(decoded, failureOf(command, error));
    } finally {
      this.#metrics.ended();
    }
  }

  #reply({ envelope, trace }: DecodedCommand, reply: ReplyMessage): CommandOutcome {
    const source = `/sluice/participants/${this.#source.name}`;
    const message: BrokerMessage = encodeReply(reply, { envelope, trace, source, nowMs: Date.now() });
    return { type: "reply", message };
  }

  async #untilDone(command: CommandMessage): Promise<EventMessage | undefined> {
    for (let attempt = 1; ; attempt++) {
      if (this.#draining.signal.aborted) throw stopping(command);
      try {
        return (await receiveCommand(this.#receiver, { headers: {}, body: command })).body;
      } catch (error) {
        const waitMs = this.#waitMs(attempt, error);
        if (waitMs === null) throw error;
        this.#metrics.retried(command.type);
        const { runId, commandId, type } = command;
        this.#log.debug({ runId, commandId, type, attempt, waitMs, err: error }, "a command is tried again");
        await rest(scheduleTimer, waitMs, this.#draining.signal);
      }
    }
  }

  /** How long until the next attempt here; null when the engine is to decide. */
  #waitMs(attempt: number, error: unknown): number | null {
    const { retry } = this.#options;
    const { kind, retryAfterMs = 0 } = toPlainError(error, "FLOW_HANDLER_FAILED");
    // What was taken back stays so, and is refused for ever.
    const isFinal = !RETRIED[kind] || hasCode(error, "FLOW_COMMAND_UNDONE");
    if (isFinal || attempt >= retry.attemptsMax || retryAfterMs > retry.waitMsMax) return null;
    return Math.max(backoffMs(retry, attempt, Math.random()), retryAfterMs);
  }
}

/** A query is not waited for by the time its answer comes, so what it found is told as an event; its id makes a repeat harmless. */
function answerTo(
  { type, runId, commandId, attempt, isQuery }: CommandMessage,
  answer: EventMessage,
): ReplyMessage {
  const event = toAnswerEvent(type, answer);
  if (isQuery === true)
    return { kind: "event", runId, event: { id: `${commandId}:${event.type}`, ...event } };
  return { kind: "answer", runId, commandId, attempt, event };
}

function failureOf({ runId, commandId, attempt }: CommandMessage, thrown: unknown): ReplyMessage {
  const { code, kind, message, retryAfterMs } = toPlainError(thrown, "FLOW_HANDLER_FAILED");
  const error: FailureMessage = {
    code,
    kind,
    message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  return { kind: "failure", runId, commandId, attempt, error };
}

function stopping({ commandId }: CommandMessage): Error {
  return engineError("FLOW_STOPPING", `the service is stopping; command ${commandId} comes again`);
}
