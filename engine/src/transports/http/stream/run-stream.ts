/**
 * A run as a stream of events: each history entry once and in order, then how the run ended.
 * S1  Entries are read from the store from behind the last one sent, so none is missed and none comes twice, wherever the run is owned.
 * S2  Nothing is read ahead of the reader: what is not wanted yet stays in the store.
 * S3  While the store is away the stream goes on without news; an error would end it for good in a browser.
 * S4  A reader that may have no more, since its key has ended, is told why and gets nothing else.
 */
import { CodedError } from "@sluice/contracts/problem";
import type { Run } from "../../../core/run.ts";
import { BEAT_BLOCK, endBlock, OPENING_BLOCK, refusedBlock } from "./blocks.ts";
import { LOOK_MS_MAX } from "./run-feeds.ts";
import type { RunFeeds } from "./run-feeds.ts";

export interface RunStreamOptions {
  /** As it has just been read. */
  readonly run: Run;
  /** The last entry that the reader has; 0 for none. */
  readonly afterVersion: number;
  /** Longest silence. */
  readonly beatMs: number;
  /** Aborted when the reader has gone or the process stops; with an error as its reason, when the reader may have no more of it. */
  readonly stop: AbortSignal;
}

/** The stream in blocks of whole events. */
export async function* streamRun(
  feeds: RunFeeds,
  { run, afterVersion, beatMs, stop }: RunStreamOptions,
): AsyncGenerator<Buffer> {
  const feed = feeds.join(run, stop);
  let version = afterVersion;
  try {
    yield OPENING_BLOCK;
    let sentAtMs = performance.now();
    while (!stop.aborted) {
      const { head } = feed;
      if (head.outcome !== null && version >= head.version) return void (yield endBlock(head));
      const isBehind = version < head.version;
      const page = isBehind ? await feed.read(version) : null;
      if (page !== null) {
        if (stop.aborted) break;
        yield page.bytes;
        version = page.lastVersion;
        sentAtMs = performance.now();
        continue;
      }
      const beatInMs = sentAtMs + beatMs - performance.now();
      await feed.wait(isBehind ? Math.min(LOOK_MS_MAX, beatInMs) : beatInMs);
      if (!stop.aborted && performance.now() - sentAtMs >= beatMs) {
        yield BEAT_BLOCK;
        sentAtMs = performance.now();
      }
    }
    if (stop.reason instanceof CodedError) yield refusedBlock(stop.reason);
  } finally {
    feed.leave();
  }
}
