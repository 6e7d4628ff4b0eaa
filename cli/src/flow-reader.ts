import type { Api } from "./api.ts";
import type { Page, RunRow } from "./wire.ts";

const PAGE_MAX = 200;
/** In a flood beyond this some changes are not told: it is a look, not a record. */
const PAGES_PER_READ_MAX = 20;
/** Lists follow their runs with a lag that differs from lane to lane; so far back is looked each time. */
const OVERLAP_MS = 10_000;

/** Reads the changes of a flow's runs, from the moment it was opened on. A run that changes twice between two reads is seen once. */
export class FlowReader {
  readonly #api: Pick<Api, "get">;
  readonly #flow: string;
  #sinceMs: number;
  /** Versions that were told already, of the runs within the overlap. */
  readonly #told = new Map<string, { readonly version: number; readonly updatedAtMs: number }>();

  private constructor(api: Pick<Api, "get">, flow: string, sinceMs: number) {
    this.#api = api;
    this.#flow = flow;
    this.#sinceMs = sinceMs;
  }

  /** @throws FLOW_UNKNOWN_FLOW (missing) */
  static async open(api: Api, flow: string): Promise<FlowReader> {
    await api.get(`/v1/flows/${encodeURIComponent(flow)}`);
    // The server's clock, for ours may differ.
    const reader = new FlowReader(api, flow, await api.serverNowMs());
    return reader;
  }

  /** Runs as they are now, of those that changed since the last call; in the order of their changes. */
  async readNew(): Promise<readonly RunRow[]> {
    const rows = (await this.#readSince(this.#sinceMs)).filter((row) => this.#isNews(row));
    for (const { runId, version, updatedAt } of rows) {
      this.#told.set(runId, { version, updatedAtMs: Date.parse(updatedAt) });
    }
    const newestMs = Math.max(this.#sinceMs, ...rows.map(({ updatedAt }) => Date.parse(updatedAt)));
    this.#sinceMs = Math.max(this.#sinceMs, newestMs - OVERLAP_MS);
    this.#forget();
    return rows.toSorted(
      (a, b) => Date.parse(a.updatedAt) - Date.parse(b.updatedAt) || a.version - b.version,
    );
  }

  async #readSince(sinceMs: number): Promise<readonly RunRow[]> {
    const rows: RunRow[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < PAGES_PER_READ_MAX; pages++) {
      const page: Page<RunRow> = await this.#api.get("/v1/runs", {
        flow: this.#flow,
        updatedSince: new Date(sinceMs).toISOString(),
        limit: PAGE_MAX,
        cursor,
      });
      rows.push(...page.items);
      if (page.cursor === null) break;
      cursor = page.cursor;
    }
    return rows;
  }

  #isNews({ runId, version }: RunRow): boolean {
    return version > (this.#told.get(runId)?.version ?? 0);
  }

  #forget(): void {
    for (const [runId, { updatedAtMs }] of this.#told)
      if (updatedAtMs < this.#sinceMs) this.#told.delete(runId);
  }
}
