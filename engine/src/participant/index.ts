/** The participant kit: how any service carries out the commands of flows. */

// In the process of the engine
export { transactional } from "./transactional.ts";
export type { TransactionalHandlers, TransactionalOptions } from "./transactional.ts";
export { local } from "./local.ts";
export type { LocalHandlers, LocalOptions } from "./local.ts";

// In a process of its own, behind HTTP
export { receiveCommand } from "./receive-command.ts";
export type { CommandReply, Receiver, RemoteHandlers } from "./receive-command.ts";
export type { Delivery } from "./parse-command.ts";
export { memoryInbox } from "./inbox.ts";
export type { Inbox, MemoryInboxOptions } from "./inbox.ts";

// In a process of its own, behind a broker
export { serveCommands } from "./serve-commands.ts";
export type { CommandServer } from "./serve-commands.ts";
export type { ServeOptions, ServeRetry } from "./serve-options.ts";
export type { CommandDelivery, CommandOutcome, CommandSource, TakeDelivery } from "./command-source.ts";
export { decodeCommand, encodeReply } from "@sluice/contracts/broker-message";
export type { BrokerMessage, ReceivedMessage } from "@sluice/contracts/broker-message";

// For all of them
export type { AnyTypes, ParticipantTypes } from "./participant-types.ts";
