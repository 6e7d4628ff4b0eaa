import assert from "node:assert/strict";
import { after, test } from "node:test";
import { engineError } from "../../../core/errors.ts";
import { openApi } from "../fixtures/open-engine.ts";
import { until } from "../fixtures/until.ts";
import { createRunFeeds } from "./run-feeds.ts";
import type { FeedClient } from "./run-feeds.ts";
import { streamRun } from "./run-stream.ts";

const { engine } = await openApi({ after }, { engine: { dataBytesMax: 200_000 } });
const { client } = engine;
const BEAT_MS = 60_000;

async function startOrder(): Promise<string> {
  const { runId } = await client.start("order", { data: { seat: "A1", amountMinor: 4_500 } });
  await until("its seat is held", async () =>
    (await client.require(runId)).version === 2 ? true : undefined,
  );
  return runId;
}

/** The client, with its calls counted, and on command without its store. */
function counted() {
  const calls = { history: 0, require: 0, refused: 0, watchers: 0 };
  const source = {
    isAway: false as boolean,
    calls,
    async history(query) {
      calls.history++;
      return whileHere(() => client.history(query));
    },
    async require(runId) {
      calls.require++;
      return whileHere(() => client.require(runId));
    },
    watch(runId, written) {
      calls.watchers++;
      const unwatch = client.watch(runId, written);
      return () => {
        calls.watchers--;
        unwatch();
      };
    },
  } satisfies FeedClient & { isAway: boolean; calls: object };
  const whileHere = async <T>(read: () => Promise<T>): Promise<T> => {
    if (!source.isAway) return read();
    calls.refused++;
    throw engineError("FLOW_STORE_UNAVAILABLE", "away");
  };
  return source;
}

/** Reads a stream to its end, and shows the first line of each event as it comes. */
async function read(blocks: AsyncIterable<Buffer>, lines: string[] = []): Promise<readonly string[]> {
  for await (const block of blocks)
    lines.push(
      ...block
        .toString("utf8")
        .split("\n\n")
        .slice(0, -1)
        .map((event) => event.split("\n", 1)[0] ?? ""),
    );
  return lines;
}

test("a stream goes on without news while the store is away", async () => {
  const run = await client.require(await startOrder());
  const source = counted();
  const { signal: stop } = new AbortController();
  const lines: string[] = [];
  const reading = read(
    streamRun(createRunFeeds(source), { run, afterVersion: 0, beatMs: BEAT_MS, stop }),
    lines,
  );
  await until("the first entries", async () => (lines.length === 3 ? true : undefined));
  source.isAway = true;
  await client.send(run.runId, { type: "Paid", data: {} });
  await until("it has looked in vain", async () => (source.calls.refused >= 2 ? true : undefined));
  source.isAway = false;
  await client.send(run.runId, { type: "Closed", data: {} });
  assert.deepEqual(await reading, ["retry: 1000", "id: 1", "id: 2", "id: 3", "id: 4", "event: end"]);
});

test("a stream that is stopped while it waits ends at once and watches no more", async () => {
  const run = await client.require(await startOrder());
  const source = counted();
  const stop = new AbortController();
  const stream = streamRun(createRunFeeds(source), {
    run,
    afterVersion: 2,
    beatMs: BEAT_MS,
    stop: stop.signal,
  });
  assert.equal(String((await stream.next()).value), "retry: 1000\n\n");
  const rest = stream.next();
  stop.abort();
  assert.equal((await rest).done, true);
  assert.equal(source.calls.watchers, 0);
});

test("a stream that may not go on says why, and nothing else", async () => {
  const run = await client.require(await startOrder());
  const stop = new AbortController();
  const stream = streamRun(createRunFeeds(client), {
    run,
    afterVersion: 0,
    beatMs: BEAT_MS,
    stop: stop.signal,
  });
  assert.equal(String((await stream.next()).value), "retry: 1000\n\n");
  stop.abort(engineError("FLOW_UNAUTHENTICATED", "the key has ended"));
  const data = { code: "FLOW_UNAUTHENTICATED", kind: "unauthenticated", detail: "the key has ended" };
  assert.equal(String((await stream.next()).value), `event: refused\ndata: ${JSON.stringify(data)}\n\n`);
  assert.equal((await stream.next()).done, true);
});

test("a run is read once for all who follow it, however many they are", async () => {
  const run = await client.require(await startOrder());
  const source = counted();
  const feeds = createRunFeeds(source);
  const { signal: stop } = new AbortController();
  const READERS = 200;
  const EVENTS = 10;
  const streams = Array.from({ length: READERS }, () => {
    const lines: string[] = [];
    return { lines, ended: read(streamRun(feeds, { run, afterVersion: 0, beatMs: BEAT_MS, stop }), lines) };
  });
  const seen = (version: number) =>
    until(`all have entry ${version}`, async () =>
      streams.every(({ lines }) => lines.at(-1) === `id: ${version}`) ? true : undefined,
    );
  await seen(2);
  for (let nth = 1; nth <= EVENTS; nth++) {
    await client.send(run.runId, { type: "Closed", data: {} }).catch(() => {});
    await seen(2 + nth);
  }
  assert.ok(source.calls.history <= 2 * (EVENTS + 1), `${source.calls.history} reads`);
  assert.equal(source.calls.watchers, 1);
  await client.send(run.runId, { type: "Paid", data: {} });
  await client.send(run.runId, { type: "Closed", data: {} });
  const [first, ...others] = await Promise.all(streams.map(({ ended }) => ended));
  assert.equal(first?.length, 1 + 2 + EVENTS + 2 + 1);
  for (const lines of others) assert.deepEqual(lines, first);
  assert.equal(source.calls.watchers, 0);
});

test("a block holds few entries where they are large, and the next is read when that one is taken", async () => {
  const run = await client.require(await startOrder());
  const note = "x".repeat(100_000);
  for (let nth = 0; nth < 6; nth++)
    await client.send(run.runId, { type: "Closed", data: { note } }).catch(() => {});
  const source = counted();
  const now = await client.require(run.runId);
  const { signal: stop } = new AbortController();
  const stream = streamRun(createRunFeeds(source), { run: now, afterVersion: 2, beatMs: BEAT_MS, stop });
  await stream.next();
  assert.equal(source.calls.history, 0);
  const sizes: number[] = [];
  for (let reads = 1; reads <= 2; reads++) {
    const { value } = (await stream.next()) as { readonly value: Buffer };
    sizes.push(value.length);
    assert.equal(source.calls.history, reads);
  }
  assert.ok(
    sizes.every((bytes) => bytes > 300_000 && bytes < 400_000),
    String(sizes),
  );
  await stream.return(undefined);
  assert.equal(source.calls.watchers, 0);
});

test("a run that is stored no longer ends its streams", async () => {
  const run = await client.require(await startOrder());
  const source = { ...counted(), require: async () => client.require(run.runId.replace(/.$/, "x")) };
  const { signal: stop } = new AbortController();
  const stream = streamRun(createRunFeeds(source), { run, afterVersion: 2, beatMs: BEAT_MS, stop });
  await assert.rejects(read(stream), { code: "FLOW_UNKNOWN_RUN" });
  assert.equal(source.calls.watchers, 0);
});
