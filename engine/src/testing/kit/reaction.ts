/** What a fake participant does when it is asked. */
import type { EventMessage, Json } from "@sluice/contracts/envelope";
import type { ErrorKind } from "@sluice/contracts/problem";
import type { Duration } from "../../core/duration.ts";
import type { ForReading } from "./flow-words.ts";
import type { Nothing } from "./happening.ts";

export interface Answering<E extends string = string, D = unknown> {
  readonly kind: "answer";
  readonly type: E;
  readonly data: D;
}

export interface Failing {
  readonly kind: "fail";
  readonly code: string;
  readonly errorKind: ErrorKind;
  readonly times: number;
}

export interface AnsweringLater<A = Answering> {
  readonly kind: "later";
  /** Null: the test sends the event itself. */
  readonly answer: { readonly after: Duration; readonly event: A } | null;
}

export interface Hanging {
  readonly kind: "hang";
}

/** To one attempt of a command. */
export type Reaction<Command, Answer> =
  | AnsweringOf<Answer>
  | AnsweringLater<AnsweringOf<Answer>>
  | Failing
  | Hanging
  | ((command: Command) => EventOf<Answer> | null | Promise<EventOf<Answer> | null>);

type AnsweringOf<Answer> =
  Answer extends EventMessage<infer E, infer D> ? Answering<E, ForReading<D>> : never;
type EventOf<Answer> =
  Answer extends EventMessage<infer E, infer D> ? { readonly type: E; readonly data: ForReading<D> } : never;

/** Carries the command out and answers with this event. */
export function answer<E extends string>(type: E): Answering<E, Nothing>;
export function answer<E extends string, const D extends Json>(type: E, data: D): Answering<E, D>;
export function answer(type: string, data: Json = {}): Answering {
  return { kind: "answer", type, data };
}

/**
 * Lets attempts fail: so many, or all that come. The kind decides what the flow does next: after `unavailable` it tries again, after
 * `invalid` it does not.
 */
export function fail(
  code: string,
  times: number = Number.POSITIVE_INFINITY,
  kind: ErrorKind = "unavailable",
): Failing {
  return { kind: "fail", code, errorKind: kind, times };
}

/**
 * Takes the command; the answer comes later, after this time or as an event that the test sends. To the query of a poll that says that
 * there is no news.
 */
export function later(): AnsweringLater<never>;
export function later<A extends Answering>(after: Duration, event: A): AnsweringLater<A>;
export function later(after?: Duration, event?: Answering): AnsweringLater {
  return { kind: "later", answer: after === undefined || event === undefined ? null : { after, event } };
}

/** Never comes back: the attempt ends with a timeout after `handleMs`, and nobody knows whether it took effect. */
export function hang(): Hanging {
  return { kind: "hang" };
}
