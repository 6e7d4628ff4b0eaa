import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import type { Answer } from "../core/decision.ts";
import type { EngineErrorCode } from "../core/errors.ts";
import type { FlowDefinition } from "../core/flow.ts";
import type { LaneInput } from "../core/inputs.ts";
import type { InboxRow } from "../core/ports.ts";
import { NO_LOG } from "../core/silent.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";
import { testRunId } from "../testing/rows.ts";
import { memoryDatabase, startEngine, until } from "./fixtures/memory-engine.ts";
import { InboxDrain } from "./inbox-drain.ts";
import type { QueueItem } from "./queue-item.ts";

/** More than are read at once. */
const MANY = 600;
const TAKEN: Answer = { outcome: "applied", version: 2, isRepeat: false };

const order: FlowDefinition = {
  name: "order",
  version: 1,
  events: { Paid: { type: "object" } },
  initial: "open",
  states: { open: { on: { Paid: "done" } }, done: { final: "done" } },
};

function event(run: number, id: string, lane = 0): InboxRow {
  const input: LaneInput = { kind: "event", runId: testRunId(run), id, type: "Paid", data: {} };
  return { inboxId: id, lane, input };
}

function operation(run: number, id: string): InboxRow {
  const runId = testRunId(run);
  const input: LaneInput = {
    kind: "operation",
    runId,
    id,
    operation: { type: "retry" },
    by: "ann",
    reason: null,
  };
  return { inboxId: id, lane: 0, input };
}

/** Events of as many runs. */
const crowd = (count = MANY): InboxRow[] =>
  Array.from({ length: count }, (_, n) => event(1_000 + n, `crowd-${n}`));

function keptFor(code: EngineErrorCode): Answer {
  return { outcome: "rejected", error: { code, message: "it waits", fields: {} } };
}

/** A drain over these rows, whose inputs wait in a queue until the test says what becomes of them. */
async function open(rows: readonly InboxRow[]) {
  const database = memoryDatabase();
  const memory = createMemoryStore({ database, engineId: "a" });
  await memory.appendInbox(rows);
  const queue: QueueItem[] = [];
  const lines: string[] = [];
  const world = { whileReading: (): void => {} };
  const drain = new InboxDrain({
    store: {
      listInbox: async (...query) => {
        const found = await memory.listInbox(...query);
        world.whileReading();
        return found;
      },
    },
    log: { ...NO_LOG, error: (_, line) => void lines.push(line) },
    enqueue: (item) => void queue.push(item),
    refused: () => {},
  });
  const beat = async (lanes: readonly number[] = [0]): Promise<string[]> => {
    await drain.drain(lanes);
    return queue.map(({ inboxId = "" }) => inboxId);
  };
  return {
    world,
    lines,
    beat,
    remove: (inboxId: string) => database.inbox.delete(inboxId),
    /** What is in the queue ends so; null leaves it there. */
    end: (how: (item: QueueItem) => Answer | Error | null): void => {
      for (const item of queue.splice(0)) {
        const told = how(item);
        if (told === null) queue.push(item);
        else if (told instanceof Error) item.fail?.(told);
        else {
          if (told === TAKEN) database.inbox.delete(item.inboxId ?? "");
          item.answer?.(told);
        }
      }
    },
  };
}

const UNSERVED = keptFor("FLOW_VERSION_UNSERVED");
const UNREADABLE = keptFor("FLOW_UNREADABLE");

describe("the durable inbox", () => {
  test("takes in what is behind more rows that stay than are read at once", async (t) => {
    const database = memoryDatabase();
    const store = createMemoryStore({ database, engineId: "sender" });
    const start = (flowVersion: number): InboxRow => {
      const runId = randomUUID();
      const identity = { runId, lane: 0, flow: "order", flowVersion, key: null, startId: runId };
      return { inboxId: runId, lane: 0, input: { kind: "start", ...identity, data: {} } };
    };
    await store.openDeployment(1);
    const last = start(1);
    await store.appendInbox([...Array.from({ length: MANY }, () => start(2)), last]);
    const engine = await startEngine(t, database, { flows: [order], options: { lanes: 1 } });
    await until("it runs", async () => (await engine.client.get(last.input.runId)) !== null);
    assert.equal((await engine.store.totals()).inbox, MANY);
  });

  test("comes back to rows that stay when it has been at the last one", async () => {
    const { beat, end } = await open([...crowd(), event(1, "last")]);
    await beat();
    end(() => UNSERVED);
    assert.ok((await beat()).includes("last"));
    end(() => UNSERVED);
    assert.ok((await beat()).includes("crowd-0"));
  });

  test("takes in no input before one of its run that stays, although it can be taken in meanwhile", async () => {
    const { beat, end } = await open([event(1, "first"), ...crowd(), event(1, "second"), event(2, "other")]);
    await beat();
    end(() => UNREADABLE);
    const behind = await beat();
    assert.deepEqual([behind.includes("second"), behind.includes("other")], [false, true]);
    end(() => TAKEN);
    assert.equal((await beat())[0], "first");
    end(({ inboxId }) => (inboxId === "first" ? TAKEN : UNREADABLE));
    assert.ok((await beat()).includes("second"));
  });

  test("tries of a run's inputs that stay only the first, and the others once it was taken in", async () => {
    const { beat, end } = await open([event(1, "first"), event(1, "second")]);
    await beat();
    end(() => UNSERVED);
    assert.deepEqual(await beat(), ["first"]);
    end(() => TAKEN);
    assert.deepEqual(await beat(), ["second"]);
  });

  test("goes on with a run whose first input has left the inbox elsewhere", async () => {
    const { beat, end, remove } = await open([event(1, "first"), event(1, "second")]);
    await beat();
    end(() => UNSERVED);
    remove("first");
    assert.deepEqual(await beat(), ["second"]);
  });

  test("holds no operation back behind an input that stays: it may be what brings the run on", async () => {
    const { beat, end } = await open([event(1, "first"), event(1, "second"), operation(1, "cure")]);
    await beat();
    end(() => UNSERVED);
    assert.deepEqual(await beat(), ["first", "cure"]);
  });

  test("meets an input that failed again before later ones of its run", async () => {
    const { beat, end, world } = await open([event(1, "first"), ...crowd(), event(1, "second")]);
    await beat();
    end(({ inboxId }) => (inboxId === "first" ? null : TAKEN));
    // The lane goes while the rows behind are being read.
    world.whileReading = () => {
      world.whileReading = () => {};
      end(() => new Error("the lane has gone"));
    };
    assert.deepEqual(await beat(), []);
    const again = await beat();
    assert.ok(again.includes("second"));
    assert.equal(again[0], "first");
  });

  test("is read from its first row for a lane that has come", async () => {
    const { beat, end } = await open([event(1, "elsewhere", 1), ...crowd(2 * MANY)]);
    await beat();
    end(() => UNSERVED);
    assert.equal((await beat([0, 1]))[0], "elsewhere");
  });

  test("tells once of a run that nobody can read, however often it meets its inputs", async () => {
    const { beat, end, lines } = await open([event(1, "first"), event(1, "second"), ...crowd()]);
    for (let beats = 0; beats < 5; beats++) {
      await beat();
      end(({ inboxId = "" }) => (inboxId.startsWith("crowd") ? UNSERVED : UNREADABLE));
    }
    assert.equal(lines.length, 1);
  });
});
