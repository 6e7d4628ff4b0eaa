import assert from "node:assert/strict";
import { after, test } from "node:test";
import { engineError } from "../../../core/errors.ts";
import { openApi } from "../fixtures/open-engine.ts";
import { until } from "../fixtures/until.ts";
import { streamRun } from "./run-stream.ts";

const { engine } = await openApi({ after });
const { client } = engine;

async function startOrder(): Promise<string> {
  const { runId } = await client.start("order", { data: { seat: "A1", amountMinor: 4_500 } });
  await until("its seat is held", async () =>
    (await client.require(runId)).version === 2 ? true : undefined,
  );
  return runId;
}

test("a stream goes on without news while the store is away", async () => {
  const runId = await startOrder();
  let isAway = false;
  let refusals = 0;
  const whileHere = <T>(read: () => Promise<T>): Promise<T> => {
    if (!isAway) return read();
    refusals++;
    return Promise.reject(engineError("FLOW_STORE_UNAVAILABLE", "away"));
  };
  const flaky = {
    watch: client.watch,
    get: (id: string) => whileHere(() => client.get(id)),
    history: (query: Parameters<typeof client.history>[0]) => whileHere(() => client.history(query)),
  };
  const texts: string[] = [];
  const stop = new AbortController();
  const reading = (async () => {
    for await (const text of streamRun(flaky, {
      runId,
      afterVersion: 0,
      beatMs: 60_000,
      stop: stop.signal,
    }))
      texts.push(text);
  })();
  await until("the first entries", async () => (texts.length === 3 ? true : undefined));
  isAway = true;
  await client.send(runId, { type: "Paid", data: {} });
  await until("it has looked in vain", async () => (refusals >= 2 ? true : undefined));
  isAway = false;
  await client.send(runId, { type: "Closed", data: {} });
  await reading;
  assert.deepEqual(
    texts.map((text) => text.split("\n", 1)[0]),
    ["retry: 1000", "id: 1", "id: 2", "id: 3", "id: 4", "event: end"],
  );
});

test("a stream that is stopped while it waits ends at once and watches no more", async () => {
  const runId = await startOrder();
  const stop = new AbortController();
  let watchers = 0;
  const counting = {
    ...client,
    watch: (id: string, written: () => void) => {
      watchers++;
      const unwatch = client.watch(id, written);
      return () => {
        watchers--;
        unwatch();
      };
    },
  };
  const stream = streamRun(counting, { runId, afterVersion: 2, beatMs: 60_000, stop: stop.signal });
  assert.equal((await stream.next()).value, "retry: 1000\n\n");
  const rest = stream.next();
  stop.abort();
  assert.equal((await rest).done, true);
  assert.equal(watchers, 0);
});
