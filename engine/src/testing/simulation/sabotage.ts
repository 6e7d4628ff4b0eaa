import type { ListDueTimes } from "../../core/flow.ts";
import type { Store, TransactionalParticipant, Transport } from "../../core/ports.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";

/** A fault planted behind a port, to see whether the simulation finds it. */
export interface Sabotage {
  store?(store: Store, database: MemoryDatabase): Store;
  transport?(transport: Transport): Transport;
  participant?(participant: TransactionalParticipant): TransactionalParticipant;
  dueTimes?(list: ListDueTimes): ListDueTimes;
}
