/**
 * A run as a stream of events: each history entry once and in order, then how the run ended.
 * S1  Entries are read from the store from behind the last one sent, so none is missed and none comes twice, wherever the run is owned.
 *     That this process has written the run only makes it look sooner.
 * S2  Nothing is read ahead of the reader: what is not wanted yet stays in the store.
 * S3  While the store is away the stream goes on without news; an error would end it for good in a browser.
 */
import { kindOf } from "@sluice/contracts/problem";
import type { Client } from "../../../client/client.ts";
import type { HistoryEntry } from "../../../core/history.ts";
import type { Run } from "../../../core/run.ts";
import { viewHistoryEntry } from "./views.ts";

/** Entries read at once. */
const PAGE_ENTRIES = 200;
/** A change made by another process is noticed by looking, first soon, then less and less often. */
const LOOK_FIRST_MS = 50;
const LOOK_MS_MAX = 1_000;
/** How long a reader waits before it comes back after a break. */
const RETRY_MS = 1_000;

export interface RunStreamOptions {
  readonly runId: string;
  /** The last entry that the reader has; 0 for none. */
  readonly afterVersion: number;
  /** Longest silence. */
  readonly beatMs: number;
  /** Aborted when the reader has gone or the process stops. */
  readonly stop: AbortSignal;
}

/** The stream as text. @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
export async function* streamRun(
  client: Pick<Client, "get" | "history" | "watch">,
  { runId, afterVersion, beatMs, stop }: RunStreamOptions,
): AsyncGenerator<string> {
  const wake = createWake(stop);
  const unwatch = client.watch(runId, wake.now);
  let version = afterVersion;
  let lookMs = LOOK_FIRST_MS;
  let sentAtMs = performance.now();
  try {
    yield `retry: ${RETRY_MS}\n\n`;
    while (!stop.aborted) {
      const run = await whileAway(() => client.get(runId));
      const isNews = run !== null && run.version > version;
      while (run !== null && run.version > version && !stop.aborted) {
        const entries = await readEntries(client, runId, version);
        for (const entry of entries) {
          yield entryEvent(entry);
          version = entry.version;
        }
        if (entries.length === 0) break;
      }
      if (run?.outcome != null && version >= run.version) return void (yield endEvent(run));
      if (isNews) sentAtMs = performance.now();
      lookMs = isNews || wake.isSet ? LOOK_FIRST_MS : Math.min(LOOK_MS_MAX, 2 * lookMs);
      await wake.wait(Math.min(lookMs, sentAtMs + beatMs - performance.now()));
      if (!stop.aborted && performance.now() - sentAtMs >= beatMs) {
        yield ": beat\n\n";
        sentAtMs = performance.now();
      }
    }
  } finally {
    unwatch();
  }
}

async function readEntries(
  client: Pick<Client, "history">,
  runId: string,
  afterVersion: number,
): Promise<readonly HistoryEntry[]> {
  const page = await whileAway(() => client.history({ runId, afterVersion, limit: PAGE_ENTRIES }));
  return page?.items ?? [];
}

/** Null while the store is away. */
async function whileAway<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    const kind = kindOf(error);
    if (kind === "unavailable" || kind === "timeout") return null;
    throw error;
  }
}

function entryEvent(entry: HistoryEntry): string {
  return `id: ${entry.version}\nevent: entry\ndata: ${JSON.stringify(viewHistoryEntry(entry))}\n\n`;
}

function endEvent({ runId, state, outcome, version }: Run): string {
  return `event: end\ndata: ${JSON.stringify({ runId, state, outcome, version })}\n\n`;
}

/** Something to wait for that may come before anybody waits. */
function createWake(stop: AbortSignal) {
  let isSet = false;
  let wakeUp = (): void => {};
  const now = (): void => {
    isSet = true;
    wakeUp();
  };
  stop.addEventListener("abort", now, { once: true });
  return {
    now,
    get isSet() {
      return isSet;
    },
    /** Resolves after `ms`, or as soon as something came. */
    async wait(ms: number): Promise<void> {
      if (!isSet && ms > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wakeUp = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      isSet = false;
    },
  };
}
