/**
 * Messages that cross a boundary between the engine and its participants, over any transport.
 * They are JSON; a transport adds headers of its own (`Idempotency-Key` over HTTP carries `commandId`).
 */

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

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
