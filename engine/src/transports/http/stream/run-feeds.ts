/**
 * The runs that are followed here: each is looked at once, however many read it.
 * F1  A feed lives from its first reader to its last; after that it watches nothing and keeps nothing.
 * F2  That this process has written the run makes it look at once; what another writes is noticed by looking.
 * F3  While the store is away there is no news. What else goes wrong, such as a run that is kept no longer, ends the feed for all readers.
 */
import type { Client } from "../../../client/client.ts";
import type { Run } from "../../../core/run.ts";
import { RunPages } from "./run-pages.ts";
import type { PageBudget, RunPage } from "./run-pages.ts";
import { whileAway } from "./while-away.ts";

/** A change made by another process is noticed by looking, first soon, then less and less often. */
const LOOK_FIRST_MS = 50;
export const LOOK_MS_MAX = 1_000;

export type FeedClient = Pick<Client, "require" | "history" | "watch">;

/** How far a run is. */
export type RunHead = Pick<Run, "runId" | "state" | "outcome" | "version">;

/** A run as one reader follows it. */
export interface RunFeed {
  /** As it was when it was last looked at. */
  readonly head: RunHead;
  /** What follows a version; null when there is nothing, or while the store is away. */
  read(afterVersion: number): Promise<RunPage | null>;
  /** Resolves with the next news, after `waitMs`, or when the reader is to stop. @throws what looking has thrown */
  wait(waitMs: number): Promise<void>;
  /** To be called once, when the reader has gone. */
  leave(): void;
}

export interface RunFeeds {
  /** `run`: as it has just been read; `stop` ends a wait of this reader. */
  join(run: Run, stop: AbortSignal): RunFeed;
}

export function createRunFeeds(client: FeedClient): RunFeeds {
  const feeds = new Map<string, SharedFeed>();
  const budget: PageBudget = { keptBytes: 0 };
  const open = (run: Run): SharedFeed => {
    const feed = new SharedFeed(client, run, new RunPages(client, run.runId, budget), () => {
      if (feeds.get(run.runId) === feed) feeds.delete(run.runId);
    });
    feeds.set(run.runId, feed);
    return feed;
  };
  return { join: (run, stop) => (feeds.get(run.runId) ?? open(run)).join(run, stop) };
}

class SharedFeed {
  readonly #client: FeedClient;
  readonly #pages: RunPages;
  /** Nobody is to join it any more. */
  readonly #closed: () => void;
  readonly #waiting = new Set<Wait>();
  readonly #wake = new Wake();
  #head: RunHead;
  #readers = 0;
  #unwatch: () => void = () => {};
  #failure: { readonly error: unknown } | null = null;

  constructor(client: FeedClient, run: Run, pages: RunPages, closed: () => void) {
    this.#client = client;
    this.#pages = pages;
    this.#closed = closed;
    this.#head = headOf(run);
  }

  join(run: Run, stop: AbortSignal): RunFeed {
    this.#offer(run);
    if (this.#readers++ === 0) {
      this.#unwatch = this.#client.watch(run.runId, () => this.#wake.now());
      void this.#look(run.runId);
    }
    const head = (): RunHead => this.#head;
    // Listened to once: at each wait it would cost more than the news.
    const wait: Wait = { end: () => {} };
    stop.addEventListener("abort", () => wait.end(), { once: true });
    return {
      get head() {
        return head();
      },
      read: (afterVersion) => this.#pages.read(afterVersion),
      wait: async (waitMs) => {
        if (waitMs > 0 && !stop.aborted) await this.#wait(waitMs, wait);
        if (this.#failure !== null) throw this.#failure.error;
      },
      leave: () => this.#leave(),
    };
  }

  #leave(): void {
    if (--this.#readers > 0) return;
    this.#unwatch();
    this.#pages.close();
    this.#closed();
    this.#wake.now();
  }

  async #look(runId: string): Promise<void> {
    let lookMs = LOOK_FIRST_MS;
    try {
      while (this.#readers > 0 && this.#head.outcome === null) {
        const isTold = await this.#wake.wait(lookMs);
        if (this.#readers === 0) return;
        const run = await whileAway(() => this.#client.require(runId));
        const isNews = run !== null && this.#offer(run);
        lookMs = isNews || isTold ? LOOK_FIRST_MS : Math.min(LOOK_MS_MAX, 2 * lookMs);
      }
    } catch (error) {
      this.#failure = { error };
      this.#closed();
      this.#tellAll();
    }
  }

  /** Whether it was news. */
  #offer(run: Run): boolean {
    if (run.version <= this.#head.version) return false;
    this.#head = headOf(run);
    this.#tellAll();
    return true;
  }

  #tellAll(): void {
    for (const wait of this.#waiting) wait.end();
  }

  async #wait(waitMs: number, wait: Wait): Promise<void> {
    if (this.#failure !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => wait.end(), waitMs);
      wait.end = () => {
        clearTimeout(timer);
        this.#waiting.delete(wait);
        resolve();
      };
      this.#waiting.add(wait);
    });
  }
}

/** What a reader waits in. */
interface Wait {
  end: () => void;
}

function headOf({ runId, state, outcome, version }: Run): RunHead {
  return { runId, state, outcome, version };
}

/** Something to wait for that may come before anybody waits. */
class Wake {
  #isSet = false;
  #wakeUp: () => void = () => {};

  now(): void {
    this.#isSet = true;
    this.#wakeUp();
  }

  /** Resolves after `ms`, or as soon as something came; whether it did. */
  async wait(ms: number): Promise<boolean> {
    if (!this.#isSet) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wakeUp = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const wasSet = this.#isSet;
    this.#isSet = false;
    return wasSet;
  }
}
