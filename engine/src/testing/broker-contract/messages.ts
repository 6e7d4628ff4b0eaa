/** What the suite of brokers sends, and how it waits. */
import { encodeCommand, encodeReply } from "@sluice/contracts/broker-message";
import type { BrokerMessage, ReceivedMessage } from "@sluice/contracts/broker-message";
import type { CommandMessage, ReplyMessage } from "@sluice/contracts/envelope";
import type { BrokerBounds } from "../broker-contract.ts";

export const BOUNDS: BrokerBounds = { bodyBytesMax: 10_000 };
export const IGNORED = new AbortController().signal;

/** The id of the run with this number. */
export function runOf(number: number): string {
  return `01980f3e-7a2b-7c31-9d1e-${String(number).padStart(12, "0")}`;
}

export function commandTo(run: number, number: number, data: object = {}): CommandMessage {
  const runId = runOf(run);
  return {
    commandId: `${runId}:${number}:0`,
    type: "Echo",
    runId,
    flow: "contract",
    flowVersion: 1,
    attempt: 1,
    data: { number, ...data },
  };
}

export function eventFor(run: number, id: string): ReplyMessage {
  return { kind: "event", runId: runOf(run), event: { id, type: "Told", data: { id } } };
}

/** The id of an event, of any other reply that of its command. */
export function nameOf(reply: ReplyMessage): string {
  return reply.kind === "event" ? reply.event.id : reply.commandId;
}

export function received({ key, headers, body }: BrokerMessage): ReceivedMessage {
  return { key, headers, body: bytesOf(body) };
}

export function receivedReply(reply: ReplyMessage): ReceivedMessage {
  return received(encodeReply(reply));
}

export function receivedCommand(command: CommandMessage): ReceivedMessage {
  return received(encodeCommand(command));
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Replies that nobody can read, with the reason that each must be buried for. */
export const UNREADABLE_REPLIES: readonly (readonly [reason: string, message: ReceivedMessage])[] = [
  ["not-json", { ...receivedReply(eventFor(1, "a")), body: bytesOf("{ no json") }],
  ["not-json", { ...receivedReply(eventFor(1, "b")), body: new Uint8Array([0xff, 0xfe, 0x00]) }],
  ["no-key", { key: null, headers: { "sluice-event-id": "c" }, body: bytesOf('{"type":"Told","data":{}}') }],
  ["no-id", { key: runOf(1), headers: {}, body: bytesOf('{"type":"Told","data":{}}') }],
  ["bad-shape", { ...receivedReply(eventFor(1, "d")), body: bytesOf("[]") }],
  ["too-large", { ...receivedReply(eventFor(1, "e")), body: bytesOf(`"${"x".repeat(10_000)}"`) }],
  [
    "unknown-content-type",
    { key: runOf(1), headers: { "content-type": "application/avro" }, body: bytesOf("?") },
  ],
];

/** Commands that nobody can read, alike. */
export const UNREADABLE_COMMANDS: readonly (readonly [reason: string, message: ReceivedMessage])[] = [
  ["not-json", { ...receivedCommand(commandTo(1, 1)), body: bytesOf("{ no json") }],
  ["bad-shape", { ...receivedCommand(commandTo(1, 2)), body: bytesOf('{"type":"Echo"}') }],
  [
    "unknown-content-type",
    { key: runOf(1), headers: { "content-type": "application/avro" }, body: bytesOf("?") },
  ],
];
