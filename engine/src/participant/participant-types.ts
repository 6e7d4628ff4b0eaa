import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";

/**
 * What a participant must know of the flows it serves: their commands, and the events that may answer each, by command type.
 * `FlowTypes<typeof purchase>` is one; `FlowTypes<typeof a> & FlowTypes<typeof b>` serves two flows on one channel.
 */
export interface ParticipantTypes {
  readonly Commands: Readonly<Record<string, CommandMessage<string, unknown>>>;
  readonly Answers: Readonly<Record<string, EventMessage<string, unknown>>>;
}

/** For participants that know no flow's types: any command, any event. */
export interface AnyTypes extends ParticipantTypes {
  readonly Commands: Readonly<Record<string, CommandMessage>>;
  readonly Answers: Readonly<Record<string, EventMessage>>;
}

/** The types of the commands there are. */
export type CommandType<Types extends ParticipantTypes> = keyof Types["Commands"] & string;

export type CommandOf<Types extends ParticipantTypes, C extends string> = Types["Commands"][C];

/** The event that answers a command, or null: the answer comes later as an event or, for the query of a poll, there is no news. */
export type AnswerTo<Types extends ParticipantTypes, C extends string> = Types["Answers"][C] | null;
