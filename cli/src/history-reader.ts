import type { Api } from "./api.ts";
import type { HistoryEntry, Page } from "./wire.ts";

/** Most entries that the server gives at once. */
const PAGE_MAX = 200;

/** Reads the history of a run from its beginning, or from behind an entry, and later what came since. */
export class HistoryReader {
  readonly #api: Pick<Api, "get">;
  readonly #path: string;
  /** Opens the page that was the last one when it was read: it may have grown. */
  #cursor: string | undefined;
  #version: number;
  readonly #afterVersion: number;

  constructor(api: Pick<Api, "get">, runId: string, afterVersion = 0) {
    this.#api = api;
    this.#version = afterVersion;
    this.#afterVersion = afterVersion;
    this.#path = `/v1/runs/${encodeURIComponent(runId)}/history`;
  }

  /** Version of the newest entry that was read; 0 before the first. */
  get version(): number {
    return this.#version;
  }

  /** The entries that were not read before, at most so many. */
  async readNew(entriesMax: number): Promise<readonly HistoryEntry[]> {
    const entries: HistoryEntry[] = [];
    while (entries.length < entriesMax) {
      const page: Page<HistoryEntry> = await this.#api.get(this.#path, {
        ...(this.#afterVersion === 0 ? {} : { afterVersion: this.#afterVersion }),
        cursor: this.#cursor,
        limit: PAGE_MAX,
      });
      const fresh = page.items.filter(({ version }) => version > this.#version);
      const taken = fresh.slice(0, entriesMax - entries.length);
      entries.push(...taken);
      this.#version = taken.at(-1)?.version ?? this.#version;
      if (page.cursor === null || taken.length < fresh.length) break;
      this.#cursor = page.cursor;
    }
    return entries;
  }
}
