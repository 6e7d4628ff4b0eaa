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

// For both
export type { AnyTypes, ParticipantTypes } from "./participant-types.ts";
