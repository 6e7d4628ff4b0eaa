/** What is known of a trial from outside: nothing here was read from a table of the engine. */
import type { LedgerEntry } from "../provider/ledger.ts";
import type { HistoryEntry } from "./engine-api.ts";
import type { Stop } from "./shop-processes.ts";

export interface Evidence {
  /** What the callers saw: orders that were acknowledged, and those that were asked for without an answer. */
  readonly callers: { readonly acknowledged: readonly string[]; readonly unanswered: readonly string[] };
  /** What the public API of the engine tells of each run of the flow `purchase`. */
  readonly runs: readonly PurchaseRun[];
  /** What could not be taken in: by a run, as a reply, or by a service. */
  readonly deadLetters: number;
  /** What the provider has booked. */
  readonly ledger: readonly LedgerEntry[];
  /** What the tickets service holds. */
  readonly tickets: readonly HeldTicket[];
  /** What lies in the topics of Kafka, or has gone into the queues of RabbitMQ. */
  readonly records: readonly TappedRecord[];
  /** State entries of each engine, by its metrics, while nobody was killed, stopped or overrun. */
  readonly entriesByEngine: readonly number[];
  /** Runs that ended before this saw no fault and no more load than the shop carries. */
  readonly calmUntilMs: number;
  /** How each process that was told to stop did so. */
  readonly stops: readonly Stop[];
  /** From the last order to the reading of the runs. */
  readonly waitedMs: number;
}

/** The run of an order. */
export interface PurchaseRun {
  readonly runId: string;
  /** Its key. */
  readonly orderId: string | null;
  readonly state: string;
  readonly outcome: string | null;
  readonly parked: string | null;
  readonly createdAtMs: number;
  /** When it came into its state. */
  readonly enteredAtMs: number;
  readonly history: readonly HistoryEntry[];
}

export interface HeldTicket {
  readonly ticketId: string;
  readonly orderId: string;
  readonly concertId: string;
  readonly seat: number;
  readonly isVoid: boolean;
}

/** A command or a reply, and where it lies: over RabbitMQ in which of the queues beside each other. */
export interface TappedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly runId: string;
  /** Of a reply the command that it answers; null where it answers none. */
  readonly commandId: string | null;
  readonly isReply: boolean;
}
