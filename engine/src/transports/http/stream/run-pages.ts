/**
 * Pages of a run's history as streams send them, read once for all readers at the same place.
 * G1  A page holds what follows a version, at least one entry. A history only grows, so what was read stays true.
 * G2  A page is bounded in entries and in bytes, and so is what is kept of pages: by each run, and by all together.
 */
import type { Client } from "../../../client/client.ts";
import { historyBlock } from "./blocks.ts";
import { whileAway } from "./while-away.ts";

/** Entries read at once. */
const PAGE_ENTRIES_MAX = 200;
/** Bytes of JSON read at once: the entry that reaches it is the last. A reader that takes nothing holds no more than its page. */
const PAGE_BYTES_MAX = 262_144;
/** Pages that a run keeps for readers who come to the same place a little later. */
const PAGES_KEPT_MAX = 4;
/** What all runs together keep; past it pages are read again. */
const KEPT_BYTES_MAX = 33_554_432;

export interface RunPage {
  /** Its entries as events. Shared: nobody may write into it. */
  readonly bytes: Buffer;
  readonly lastVersion: number;
}

/** How many bytes the pages of all runs hold. */
export interface PageBudget {
  keptBytes: number;
}

export class RunPages {
  readonly #client: Pick<Client, "history">;
  readonly #runId: string;
  readonly #budget: PageBudget;
  /** By the version before the first entry. */
  readonly #kept = new Map<number, RunPage>();
  readonly #reading = new Map<number, Promise<RunPage | null>>();
  #isClosed = false;

  constructor(client: Pick<Client, "history">, runId: string, budget: PageBudget) {
    this.#client = client;
    this.#runId = runId;
    this.#budget = budget;
  }

  /** What follows a version; null when there is nothing, or while the store is away. */
  async read(afterVersion: number): Promise<RunPage | null> {
    const known = this.#kept.get(afterVersion);
    if (known !== undefined) return known;
    const underWay = this.#reading.get(afterVersion);
    if (underWay !== undefined) return underWay;
    const reading = this.#readNow(afterVersion).finally(() => this.#reading.delete(afterVersion));
    this.#reading.set(afterVersion, reading);
    return reading;
  }

  /** Keeps nothing any more. */
  close(): void {
    this.#isClosed = true;
    for (const version of this.#kept.keys()) this.#drop(version);
  }

  async #readNow(afterVersion: number): Promise<RunPage | null> {
    const query = {
      runId: this.#runId,
      afterVersion,
      limit: PAGE_ENTRIES_MAX,
      bytesMax: PAGE_BYTES_MAX,
    };
    const items = (await whileAway(() => this.#client.history(query)))?.items ?? [];
    const last = items.at(-1);
    if (last === undefined) return null;
    const page: RunPage = { bytes: historyBlock(items), lastVersion: last.version };
    this.#keep(afterVersion, page);
    return page;
  }

  #keep(afterVersion: number, page: RunPage): void {
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= PAGES_KEPT_MAX) this.#drop(oldest);
    if (this.#isClosed || this.#budget.keptBytes + page.bytes.length > KEPT_BYTES_MAX) return;
    this.#kept.set(afterVersion, page);
    this.#budget.keptBytes += page.bytes.length;
  }

  #drop(afterVersion: number): void {
    this.#budget.keptBytes -= this.#kept.get(afterVersion)?.bytes.length ?? 0;
    this.#kept.delete(afterVersion);
  }
}
