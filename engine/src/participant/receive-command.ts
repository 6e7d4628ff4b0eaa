import { readTraceContext } from "@sluice/contracts/broker-message";
import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";
import { isErrorKind } from "@sluice/contracts/problem";
import { engineError } from "../core/errors.ts";
import type { LogPort, Span, Tracer } from "../core/ports.ts";
import { NO_SPAN, NO_TRACER } from "../core/silent.ts";
import { callBounded, scheduleTimer } from "./bounded-call.ts";
import { requireHandler } from "./handlers.ts";
import type { AnyHandler } from "./handlers.ts";
import { beginHandling, failSpan } from "./handling-span.ts";
import type { Inbox } from "./inbox.ts";
import { resolveHandleMs } from "./options.ts";
import { parseCommand } from "./parse-command.ts";
import type { Delivery } from "./parse-command.ts";
import type { AnswerTo, AnyTypes, CommandOf, CommandType, ParticipantTypes } from "./participant-types.ts";

/** By command type, what carries out one command that came over a wire. `transaction` is the inbox's. */
export type RemoteHandlers<Types extends ParticipantTypes, Transaction> = {
  readonly [C in CommandType<Types>]?: (
    command: CommandOf<Types, C>,
    signal: AbortSignal,
    transaction: Transaction,
  ) => Promise<AnswerTo<Types, C>>;
};

export interface Receiver<Types extends ParticipantTypes, Transaction> {
  readonly handlers: RemoteHandlers<Types, Transaction>;
  /** Makes a repeated delivery harmless. */
  readonly inbox: Inbox<Transaction>;
  /** How long a handler may take, in ms. @default 5000 */
  readonly handleMs?: number;
  /** Ends the wait for a handler early; it is told by its own signal. @default never */
  readonly signal?: AbortSignal;
  /** Told of handlers that throw an error without a code, whose text does not leave the process. @default nobody */
  readonly log?: Pick<LogPort, "error">;
  /** @default nothing is traced */
  readonly tracer?: Tracer;
}

/** 200 with the event that answers the command; 202 without a body when the answer comes later, or a query has no news. */
export interface CommandReply {
  readonly status: 200 | 202;
  readonly body: EventMessage | undefined;
}

/**
 * Takes in one command that an engine sent over HTTP, whatever the web framework: headers and parsed body in, status and body out.
 * What it throws has a code and a kind; `toProblem` of the host makes the answer of it, and does so by itself on a server of the host.
 * @throws FLOW_COMMAND_REFUSED (invalid) for what is no command or has no handler · FLOW_COMMAND_TIMEOUT (timeout) past `handleMs`
 *   or when `signal` is aborted, the handler still counts as under way · FLOW_HANDLER_FAILED (unavailable) for an error without a code · FLOW_COMMAND_UNDONE (conflict) for
 *   one that was taken back before it came · the handler's own coded errors
 */
export async function receiveCommand<Types extends ParticipantTypes = AnyTypes, Transaction = undefined>(
  receiver: Receiver<Types, Transaction>,
  delivery: Delivery,
): Promise<CommandReply> {
  const command = parseCommand(delivery);
  const span = beginSpan(receiver.tracer ?? NO_TRACER, command, delivery);
  try {
    return await span.run(() => carryOut(receiver, command));
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** Part of the request's own span where the server traces requests, and else of what its headers name. */
function beginSpan(tracer: Tracer, command: CommandMessage, { headers }: Delivery): Span {
  if (!tracer.isOn) return NO_SPAN;
  const active = tracer.active();
  const named = readTraceContext(headers["traceparent"], headers["tracestate"]);
  return beginHandling(tracer, command, {
    kind: active === undefined ? "server" : "internal",
    name: `process ${command.type}`,
    parent: active ?? named,
  });
}

async function carryOut<Types extends ParticipantTypes, Transaction>(
  receiver: Receiver<Types, Transaction>,
  command: CommandMessage,
): Promise<CommandReply> {
  // The types have done their work: a command reaches the handler of its own type only.
  const byType = receiver.handlers as unknown as Readonly<
    Record<string, AnyHandler<[Transaction]> | undefined>
  >;
  const handler = requireHandler(byType, command.type);
  const bound = {
    name: `the handler of ${command.type}`,
    handleMs: resolveHandleMs(command.type, receiver.handleMs),
    schedule: scheduleTimer,
    ...(receiver.signal === undefined ? {} : { signal: receiver.signal }),
  };
  try {
    // The bound is around the inbox: a handler that is only slow stays the first, and a repeat waits for it instead of beside it.
    const event = await callBounded(bound, (signal) =>
      takeIn(receiver.inbox, command, (transaction) => handler(command, signal, transaction)),
    );
    // A handler in JavaScript may return nothing at all, which says the same.
    return event == null ? { status: 202, body: undefined } : { status: 200, body: event };
  } catch (error) {
    if (isCoded(error)) throw error;
    receiver.log?.error(
      { runId: command.runId, commandId: command.commandId, err: error },
      "a handler failed",
    );
    throw engineError("FLOW_HANDLER_FAILED", `the handler of ${command.type} failed; its log says why`, {
      cause: error,
    });
  }
}

function takeIn<Transaction>(
  inbox: Inbox<Transaction>,
  { commandId, undoes }: CommandMessage,
  work: (transaction: Transaction) => Promise<EventMessage | null>,
): Promise<EventMessage | null> {
  return undoes === undefined ? inbox.once(commandId, work) : inbox.undo(commandId, undoes, work);
}

function isCoded(error: unknown): boolean {
  return typeof error === "object" && error !== null && "kind" in error && isErrorKind(error.kind);
}
