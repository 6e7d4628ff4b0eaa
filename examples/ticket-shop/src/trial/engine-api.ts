/** What an engine tells over HTTP, as far as the judge asks. */
import { setTimeout as sleep } from "node:timers/promises";
import { Agent } from "undici";

export interface HistoryEntry {
  readonly version: number;
  readonly kind: string;
  /** After this entry. */
  readonly state: string;
  readonly type?: string;
  readonly eventId?: string;
  readonly commandId?: string;
  readonly attempt?: number;
}

export interface RunRow {
  readonly runId: string;
  readonly key: string | null;
  readonly state: string;
  readonly outcome: string | null;
  readonly parked: string | null;
  readonly createdAt: string;
  readonly enteredAt: string;
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly cursor: string | null;
}

interface FlowCounts {
  readonly counts: readonly { readonly state: string; readonly runs: number }[];
}

export interface RunCounts {
  readonly open: number;
  readonly ended: number;
}

const FINAL_STATES = new Set(["closed", "failed", "expired", "refunded", "canceled"]);
const CONNECTIONS_MAX = 16;
const ANSWER_MS = 30_000;
const PAGE_MAX = 200;
const LOOK_MS = 250;

export class EngineApi {
  readonly #origin: string;
  readonly #agent = new Agent({
    connections: CONNECTIONS_MAX,
    headersTimeout: ANSWER_MS,
    bodyTimeout: ANSWER_MS,
  });

  constructor(url: string) {
    this.#origin = new URL(url).origin;
  }

  /** Runs of the flow `purchase`; those that changed since then, where a time is given. They are in the list some 200 ms after they changed. */
  listRuns(sinceMs?: number): Promise<readonly RunRow[]> {
    const since = sinceMs === undefined ? "" : `&updatedSince=${new Date(sinceMs).toISOString()}`;
    return this.#readPages<RunRow>(`/v1/runs?flow=purchase${since}`);
  }

  readHistory(runId: string): Promise<readonly HistoryEntry[]> {
    return this.#readPages<HistoryEntry>(`/v1/runs/${runId}/history?`);
  }

  /** How many runs of the flow `purchase` there are; they are counted some 200 ms after they changed. */
  async countRuns(): Promise<RunCounts> {
    const { counts } = JSON.parse(await this.#get("/v1/flows/purchase")) as FlowCounts;
    const sumOf = (isFinal: boolean): number =>
      counts.reduce((sum, { state, runs }) => (FINAL_STATES.has(state) === isFinal ? sum + runs : sum), 0);
    return { open: sumOf(false), ended: sumOf(true) };
  }

  /**
   * Waits until so many runs have ended and no other is open; false when that is not so within `boundMs`. An engine that has too much to do to
   * answer is asked again.
   */
  async waitUntilEnded(ended: number, boundMs: number, signal: AbortSignal): Promise<boolean> {
    const untilMs = performance.now() + boundMs;
    for (;;) {
      const counts = await this.countRuns().catch(() => null);
      if (counts !== null && counts.open === 0 && counts.ended >= ended) return true;
      if (performance.now() > untilMs || signal.aborted) return false;
      await sleep(LOOK_MS);
    }
  }

  async countDeadLetters(): Promise<number> {
    return (await this.#readPages("/v1/dead-letters?")).length;
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  async #readPages<Item>(path: string): Promise<readonly Item[]> {
    const items: Item[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const from: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page = JSON.parse(await this.#get(`${path}&limit=${PAGE_MAX}${from}`)) as Page<Item>;
      items.push(...page.items);
      cursor = page.cursor;
    }
    return items;
  }

  async #get(path: string): Promise<string> {
    const { statusCode, body } = await this.#agent.request({ origin: this.#origin, path, method: "GET" });
    const text = await body.text();
    if (statusCode === 200) return text;
    throw new Error(`${this.#origin}${path} answered HTTP ${statusCode}, expected 200: ${text}`);
  }
}
