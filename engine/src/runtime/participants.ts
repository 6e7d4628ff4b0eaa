/**
 * Calls transactional participants within a batch.
 * T1  The effect of a call is committed with the answers it gave, or not at all: a call that throws, or answers wrongly, is undone.
 * T2  One bad command spoils nobody else's: a failed call is halved until the bad ones stand alone.
 * T3  A handler that does not return in time ends the batch (its transaction cannot be trusted any more) and is paused; the batch
 *     is then decided again with its commands failed.
 */
import type { TraceContext } from "@sluice/contracts/broker-message";
import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";
import { checkAnswer } from "../core/rules/commands.ts";
import type { Settlement } from "../core/inputs.ts";
import { engineError, hasCode, toPlainError } from "../core/errors.ts";
import type { PlainError } from "../core/errors.ts";
import type { Batch, Clock, Tracer, TransactionalParticipant } from "../core/ports.ts";
import { traceCall } from "./attempt-trace.ts";
import type { DueCommand } from "./batch-work.ts";

export interface Settled {
  readonly due: DueCommand;
  readonly settlement: Settlement;
  /** Of the call. */
  readonly trace?: TraceContext;
}

/** Thrown out of a batch whose handler hangs. */
export class HandlerHangs extends Error {
  readonly handler: string;
  constructor(handler: string) {
    super(`handler ${handler} does not return`);
    this.handler = handler;
  }
}

interface Pause {
  readonly untilMs: number;
  readonly count: number;
}

/** First pause of a handler that hangs; it doubles up to the longest. */
const PAUSE_FIRST_MS = 1_000;
const PAUSE_MS_MAX = 30_000;

export class TransactionalParticipants {
  readonly #byChannel: ReadonlyMap<string, TransactionalParticipant>;
  readonly #clock: Clock;
  readonly #tracer: Tracer;
  readonly #pauses = new Map<string, Pause>();

  constructor(participants: readonly TransactionalParticipant[], clock: Clock, tracer: Tracer) {
    this.#byChannel = new Map(participants.map((participant) => [participant.channel, participant]));
    this.#clock = clock;
    this.#tracer = tracer;
  }

  serves(channel: string): boolean {
    return this.#byChannel.has(channel);
  }

  /** Settles commands by calling their handlers in the batch's transaction. */
  async call(batch: Batch, due: readonly DueCommand[]): Promise<Settled[]> {
    const settled: Settled[] = [];
    for (const [handler, group] of groupByHandler(due)) {
      const pausedMs = this.#pausedMs(handler);
      if (pausedMs > 0) {
        const error = handlerPaused(handler, pausedMs);
        settled.push(...group.map((each) => ({ due: each, settlement: { type: "failed", error } as const })));
      } else {
        const call = () => this.#callGroup(batch, handler, group);
        settled.push(...(await traceCall(this.#tracer, group, call)));
        this.#pauses.delete(handler);
      }
    }
    return settled;
  }

  /** Remembers that a handler hangs; its commands fail at once for a while, so that it stops nobody else's batches. */
  pause(handler: string): number {
    const count = (this.#pauses.get(handler)?.count ?? 0) + 1;
    const pauseMs = Math.min(PAUSE_MS_MAX, PAUSE_FIRST_MS * 2 ** (count - 1));
    this.#pauses.set(handler, { untilMs: this.#clock.monotonicMs() + pauseMs, count });
    return pauseMs;
  }

  #pausedMs(handler: string): number {
    return (this.#pauses.get(handler)?.untilMs ?? 0) - this.#clock.monotonicMs();
  }

  async #callGroup(batch: Batch, handler: string, group: readonly DueCommand[]): Promise<Settled[]> {
    const [first] = group;
    const participant = first === undefined ? undefined : this.#byChannel.get(first.command.channel);
    if (first === undefined || participant === undefined) return [];
    try {
      const events = await batch.withTransaction((transaction) =>
        this.#callHandler(participant, handler, group, transaction),
      );
      return group.map((due, at) => ({ due, settlement: settlementOf(events[at] ?? null, due) }));
    } catch (error) {
      if (error instanceof HandlerHangs || hasCode(error, "FLOW_STORE_UNAVAILABLE")) throw error;
      if (group.length === 1)
        return [
          { due: first, settlement: { type: "failed", error: toPlainError(error, "FLOW_HANDLER_FAILED") } },
        ];
      const middle = group.length >> 1;
      const left = await this.#callGroup(batch, handler, group.slice(0, middle));
      return [...left, ...(await this.#callGroup(batch, handler, group.slice(middle)))];
    }
  }

  async #callHandler(
    participant: TransactionalParticipant,
    handler: string,
    group: readonly DueCommand[],
    transaction: unknown,
  ): Promise<readonly (EventMessage | null)[]> {
    const type = group[0]?.command.type ?? "";
    const abort = new AbortController();
    let disarm = (): void => {};
    const hangs = new Promise<never>((_, reject) => {
      disarm = this.#clock.schedule(participant.handleMs, () => {
        const error = new HandlerHangs(handler);
        reject(error);
        abort.abort(error);
      });
    });
    try {
      const answers = participant.handle(type, group.map(messageOf), transaction, abort.signal);
      const events = await Promise.race([answers, hangs]);
      checkAnswers(type, group, events);
      return events;
    } finally {
      disarm();
    }
  }
}

function groupByHandler(due: readonly DueCommand[]): Map<string, DueCommand[]> {
  const groups = new Map<string, DueCommand[]>();
  for (const each of due) {
    const handler = `${each.command.channel}/${each.command.type}`;
    const group = groups.get(handler);
    if (group === undefined) groups.set(handler, [each]);
    else group.push(each);
  }
  return groups;
}

/** The message a participant gets for a command. */
export function messageOf({
  runId,
  flow,
  command,
}: Pick<DueCommand, "runId" | "flow" | "command">): CommandMessage {
  return {
    commandId: command.id,
    type: command.type,
    runId,
    flow: flow.name,
    flowVersion: flow.version,
    attempt: command.attempt,
    data: command.data,
    ...(command.undoes === undefined ? {} : { undoes: command.undoes }),
    ...(command.purpose === "poll" ? { isQuery: true } : {}),
  };
}

function checkAnswers(
  type: string,
  group: readonly DueCommand[],
  events: unknown,
): asserts events is readonly (EventMessage | null)[] {
  if (!Array.isArray(events) || events.length !== group.length) {
    const found = Array.isArray(events) ? `${events.length} answers` : typeof events;
    throw engineError(
      "FLOW_BAD_ANSWER",
      `the handler of ${type} returned ${found} for ${group.length} commands, expected one event or null for each`,
    );
  }
  group.forEach(({ flow, command }, at) => {
    const event = (events as readonly (EventMessage | null)[])[at] ?? null;
    const fault = event === null ? null : checkAnswer(flow, command, event);
    if (fault !== null)
      throw engineError(fault.code as "FLOW_BAD_ANSWER" | "FLOW_UNDECLARED_EVENT", fault.message);
  });
}

function settlementOf(event: EventMessage | null, { command }: DueCommand): Settlement {
  if (event !== null) return { type: "answered", event };
  return command.purpose === "poll" ? { type: "no-news" } : { type: "delivered", isCarriedOut: true };
}

function handlerPaused(handler: string, pausedMs: number): PlainError {
  return {
    code: "FLOW_HANDLER_PAUSED",
    kind: "unavailable",
    message: `handler ${handler} did not return in time and is paused for ${Math.ceil(pausedMs)} ms`,
    retryAfterMs: Math.ceil(pausedMs),
  };
}
