/**
 * Messages that cross a boundary between the engine and its participants, over any transport.
 * They are JSON; a transport adds headers of its own (`Idempotency-Key` over HTTP carries `commandId`).
 */
import type { ErrorKind } from "./problem.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Asks a participant for a step. `commandId` is `<run>:<version>:<n>`: the same for each attempt, so an inbox can know it again. */
export interface CommandMessage<Type extends string = string, Data = Json> {
  readonly commandId: string;
  /** Imperative and in PascalCase: `IssueTicket`. */
  readonly type: Type;
  readonly runId: string;
  readonly flow: string;
  readonly flowVersion: number;
  /** One try of this command, counted from 1. */
  readonly attempt: number;
  readonly data: Data;
  /**
   * The step that this one takes back: the id of a command, which a participant remembers, so that the other does nothing when it comes
   * late; or `<run>:<version>:<type>` of an event that told what was done.
   */
  readonly undoes?: string;
  /** The query of a poll: another one follows until an event has come, so nobody waits for the answer to this one. */
  readonly isQuery?: true;
}

/** Something that happened, told to a run. With an `id` a repeat changes nothing and answers as the first time. */
export interface EventMessage<Type extends string = string, Data = Json> {
  readonly id?: string;
  /** Past tense and in PascalCase: `TicketIssued`. */
  readonly type: Type;
  readonly data: Data;
  /**
   * The command that it answers, for an answer that comes later: it counts for that command alone, and comes too late when nobody waits for
   * that any more. Without it the event may answer any command that waits for such, the oldest first.
   */
  readonly commandId?: string;
}

/**
 * What a participant or anybody else tells a run over a broker. Each kind may come again: an event is known by its id, an answer and a
 * failure by the command and the attempt that they are about, and a run that has moved on takes no notice.
 */
export type ReplyMessage =
  /** Something happened. */
  | {
      readonly kind: "event";
      readonly runId: string;
      readonly event: { readonly id: string; readonly type: string; readonly data: Json };
    }
  /** The event that answers a command, at once or later. It counts whichever attempt brought it. */
  | {
      readonly kind: "answer";
      readonly runId: string;
      readonly commandId: string;
      readonly attempt: number;
      readonly event: { readonly type: string; readonly data: Json };
    }
  /** One attempt of a command has failed; the `retry` of its state says what follows. */
  | {
      readonly kind: "failure";
      readonly runId: string;
      readonly commandId: string;
      readonly attempt: number;
      readonly error: FailureMessage;
    };

/** An error as it travels: what the other side may do about it, and no stack. */
export interface FailureMessage {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly retryAfterMs?: number;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const COMMAND_FIELDS: Readonly<Record<keyof CommandMessage & string, (value: Json | undefined) => boolean>> =
  {
    commandId: isText,
    type: isText,
    runId: isText,
    flow: isText,
    flowVersion: isCount,
    attempt: isCount,
    data: (value) => value !== undefined,
    undoes: (value) => value === undefined || isText(value),
    isQuery: (value) => value === undefined || value === true,
  };

/** Why something is no command; null when it is one. Fields nobody knows here are let through: a newer engine may send more. */
export function findCommandFault(body: unknown): string | null {
  if (!isJsonObject(body)) return "the body is no JSON object, expected a command";
  for (const [name, fits] of Object.entries(COMMAND_FIELDS))
    if (!fits(body[name])) return `field ${name} of the command is missing or of another type`;
  return null;
}

function isText(value: Json | undefined): boolean {
  return typeof value === "string" && value !== "";
}

function isCount(value: Json | undefined): boolean {
  return Number.isInteger(value) && (value as number) >= 1;
}
