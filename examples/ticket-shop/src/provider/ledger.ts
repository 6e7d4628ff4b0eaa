/**
 * The provider's ledger: an append-only table in a SQLite file of its own, far from the shop's database, so that it can
 * bear witness when that database was killed.
 * B1  An order is charged, refused or closed once: whichever is written first stands, also between two processes.
 * B2  A charge is given back once at the most.
 * B3  What was written survives the death of this process. (Not of the machine: a real provider would wait for the disk.)
 */
import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";
import type { LogPort } from "@sluice/engine";
import { LedgerTrouble } from "./ledger-trouble.ts";

/** `closed`: the order was unknown for so long that it will never be charged. */
export type Settlement = "charged" | "refused" | "closed";

export interface Order {
  readonly orderId: string;
  readonly amountMinor: number;
  readonly currency: string;
}

export interface LedgerEntry {
  /** Counts the entries; a page of the ledger goes on after it. */
  readonly number: number;
  readonly entryId: string;
  readonly orderId: string;
  readonly kind: Settlement | "refunded";
  readonly amountMinor: number;
  readonly currency: string;
  readonly atMs: number;
}

const SCHEMA = `
  create table if not exists entries (
    number integer primary key,
    entry_id text not null unique,
    order_id text not null,
    kind text not null check (kind in ('charged', 'refused', 'closed', 'refunded')),
    amount_minor integer not null,
    currency text not null,
    at_ms integer not null
  ) strict;
  create unique index if not exists one_settlement on entries (order_id) where kind <> 'refunded';
  create unique index if not exists one_refund on entries (order_id) where kind = 'refunded';`;

const COLUMNS = `number, entry_id as entryId, order_id as orderId, kind, amount_minor as amountMinor, currency, at_ms as atMs`;

/** How long a statement waits for another process that writes the same file. */
const BUSY_MS = 5_000;

/** Every method throws PROVIDER_UNAVAILABLE (unavailable) or PROVIDER_TIMEOUT (timeout) when the disk does not do its part. */
export class Ledger {
  readonly #trouble: LedgerTrouble;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #settlement: StatementSync;
  readonly #refund: StatementSync;
  readonly #page: StatementSync;

  /** Opens the ledger in this file, or makes it. The log is told when it cannot be used, and when it can be again. */
  constructor(file: string, log: Pick<LogPort, "warn">) {
    this.#trouble = new LedgerTrouble(file, log);
    this.#database = this.#trouble.watch(() => openDatabase(file));
    this.#insert = this.#database.prepare(
      `insert into entries (entry_id, order_id, kind, amount_minor, currency, at_ms) values (?, ?, ?, ?, ?, ?) on conflict do nothing`,
    );
    this.#settlement = this.#database.prepare(
      `select ${COLUMNS} from entries where order_id = ? and kind <> 'refunded'`,
    );
    this.#refund = this.#database.prepare(
      `select ${COLUMNS} from entries where order_id = ? and kind = 'refunded'`,
    );
    this.#page = this.#database.prepare(
      `select ${COLUMNS} from entries where number > ? order by number limit ?`,
    );
  }

  /** Settles an order, and answers how it is settled: so, or otherwise if that happened before. `isNew` tells which. */
  settle(kind: Settlement, order: Order): { readonly entry: LedgerEntry; readonly isNew: boolean } {
    return this.#trouble.watch(() => {
      const isNew = this.#append(kind, order);
      return { entry: requireEntry(this.#settlement.get(order.orderId)), isNew };
    });
  }

  /** Gives a charge back; the second time it answers the first refund. */
  refund(order: Order): LedgerEntry {
    return this.#trouble.watch(() => {
      this.#append("refunded", order);
      return requireEntry(this.#refund.get(order.orderId));
    });
  }

  getSettlement(orderId: string): LedgerEntry | null {
    return this.#trouble.watch(() => toEntry(this.#settlement.get(orderId)));
  }

  list(afterNumber: number, limit: number): readonly LedgerEntry[] {
    return this.#trouble.watch(() => this.#page.all(afterNumber, limit).map(requireEntry));
  }

  close(): void {
    this.#database.close();
  }

  #append(kind: LedgerEntry["kind"], { orderId, amountMinor, currency }: Order): boolean {
    const isNew =
      this.#insert.run(randomUUID(), orderId, kind, amountMinor, currency, Date.now()).changes > 0;
    if (isNew) this.#trouble.end();
    return isNew;
  }
}

function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: BUSY_MS });
  database.exec("pragma journal_mode = wal; pragma synchronous = normal");
  database.exec(SCHEMA);
  return database;
}

function toEntry(row: object | undefined): LedgerEntry | null {
  return row === undefined ? null : (row as LedgerEntry);
}

function requireEntry(row: object | undefined): LedgerEntry {
  const entry = toEntry(row);
  if (entry === null) throw new Error("the ledger does not hold what was just written to it");
  return entry;
}
