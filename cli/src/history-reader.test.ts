import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Api } from "./api.ts";
import { HistoryReader } from "./history-reader.ts";
import type { HistoryEntry } from "./wire.ts";

/** A server with a history that may grow; its cursors are versions. */
function historyOf(initial: number) {
  const entries: HistoryEntry[] = [];
  const grow = (by: number): void => {
    for (let n = 0; n < by; n++)
      entries.push({ version: entries.length + 1, at: "", kind: "event", state: "open" });
  };
  grow(initial);
  const get: Api["get"] = async <Body>(_path: string, query: Parameters<Api["get"]>[1] = {}) => {
    const after = Number(query["cursor"] ?? query["afterVersion"] ?? 0);
    const items = entries.slice(after, after + Number(query["limit"]));
    const last = after + items.length;
    return { items, cursor: last < entries.length ? String(last) : null } as Body;
  };
  return { get, grow };
}

const versionsOf = (entries: readonly HistoryEntry[]) => entries.map(({ version }) => version);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe("the reader of a history", () => {
  it("reads all pages, then only what came since", async () => {
    const history = historyOf(450);
    const reader = new HistoryReader(history, "run");
    assert.deepEqual(versionsOf(await reader.readNew(1_000)), range(1, 450));
    assert.deepEqual(await reader.readNew(1_000), []);
    history.grow(200);
    assert.deepEqual(versionsOf(await reader.readNew(1_000)), range(451, 650));
    assert.equal(reader.version, 650);
  });

  it("reads from behind an entry on", async () => {
    const history = historyOf(450);
    const reader = new HistoryReader(history, "run", 440);
    assert.deepEqual(versionsOf(await reader.readNew(10)), range(441, 450));
    history.grow(300);
    assert.deepEqual(versionsOf(await reader.readNew(1_000)), range(451, 750));
  });

  it("reads at most so many, and goes on there", async () => {
    const reader = new HistoryReader(historyOf(450), "run");
    const portions: number[][] = [];
    for (let portion = 0; portion < 5; portion++) portions.push(versionsOf(await reader.readNew(100)));
    assert.deepEqual(portions, [
      range(1, 100),
      range(101, 200),
      range(201, 300),
      range(301, 400),
      range(401, 450),
    ]);
    assert.deepEqual(versionsOf(await reader.readNew(0)), []);
  });
});
