/** An operator whose query matches a million runs: nobody waits for all of them, and nobody holds all of them. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { TestContext } from "node:test";
import { defineFlow } from "@sluice/engine/definition";
import type { Store } from "@sluice/engine";
import { createPostgresStore, postgresMigrations } from "@sluice/engine/postgres";
import { migrate } from "@sluice/host/postgres";
import type { Sql } from "@sluice/host/postgres";
import { testDatabase } from "@sluice/host/postgres-testing";
import { fillCopies } from "../bench/stored/fill.ts";
import { startMemoryServer } from "../fixtures/memory-server.ts";
import { until } from "../fixtures/until.ts";
import type { Job } from "../wire.ts";

const RUNS = 1_000_000;

/** For what takes no longer than beside a few runs, on a machine with much else to do. To meet all runs takes minutes. */
const AT_ONCE_MS = 10_000;

/** What one page of a job may hold, and what of the heap a million runs would not fit into. */
const PAGE_RUNS_MAX = 200;
const HEAP_BYTES_MAX = 400_000_000;

/** On a machine with much else to do. */
const TEST_MS_MAX = 1_200_000;

/** So many a job has met for sure before it is stopped. */
const SOME_RUNS = 1_000;

/** Waits for ever. */
const order = defineFlow({
  name: "order",
  version: 1,
  events: { Paid: { type: "object" } },
  initial: "open",
  states: { open: { businessState: "waiting", on: { Paid: "paid" } }, paid: { final: "paid" } },
});

const QUERIES = [
  "flow=order",
  "state=open",
  "flow=order&state=open",
  "businessState=waiting",
  "stuckForMs=60000",
];

interface Asked {
  /** Most runs that the store was asked for at once. */
  runs: number;
}

/** A store that takes note of what it is asked for. */
function noting(store: Store, asked: Asked): Store {
  const note = (runs: number): void => void (asked.runs = Math.max(asked.runs, runs));
  return {
    ...store,
    listRuns: (query) => {
      note(query.limit);
      return store.listRuns(query);
    },
    getRuns: (runIds) => {
      note(runIds.length);
      return store.getRuns(runIds);
    },
  };
}

interface Filled {
  readonly sql: Sql;
  readonly asked: Asked;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: object): Promise<{ readonly status: number; readonly body: T }>;
}

async function openFilled(t: TestContext): Promise<Filled> {
  const database = await testDatabase(t, "million");
  const { target } = database;
  const { room, directory } = postgresMigrations;
  await migrate(database.sql, { room, migrations: directory, schema: "sluice" });
  // To fill a table may take long.
  const sql = await database.open({ schema: "sluice", statementMs: 0 });
  const first = createPostgresStore({ target, engineId: "first" });
  // One lane, so that every copy is in its own.
  await first.openDeployment(1);
  const { engine } = await startMemoryServer(t, { store: first, flows: [order] });
  await engine.client.start("order", { data: { seat: "A1" } });
  await engine.stop();
  await fillCopies({ target, sql, flow: "order", outcome: null, lanes: 1, runs: RUNS });
  const asked = { runs: 0 };
  const store = noting(createPostgresStore({ target, engineId: "second" }), asked);
  const { url } = await startMemoryServer(t, { store, flows: [order] });
  const call = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(url + path, { ...init, signal: AbortSignal.timeout(AT_ONCE_MS) });
    return { status: answer.status, body: (await answer.json()) as never };
  };
  const headers = { "content-type": "application/json" };
  return {
    sql,
    asked,
    get: async (path) => {
      const { status, body } = await call(path);
      assert.equal(status, 200, JSON.stringify(body));
      return body;
    },
    post: (path, body) => call(path, { method: "POST", headers, body: JSON.stringify(body) }),
  };
}

/** Starts a job over all runs, sees it go on, stops it when it has met some, and answers how far it came. */
async function playJob({ get, post, asked }: Filled, job: object): Promise<Job> {
  asked.runs = 0;
  const heapBytes = process.memoryUsage().heapUsed;
  const { status, body } = await post<Job>("/v1/jobs", { ...job, filter: { flow: "order" } });
  assert.deepEqual([status, body.state, body.seen], [202, "running", 0]);
  const path = `/v1/jobs/${body.jobId}`;
  const look = () => get<Job>(path);
  const early = await until("it goes on", async () => {
    const now = await look();
    return now.seen > 0 ? now : undefined;
  });
  assert.ok(early.seen < RUNS && early.endedAt === null, "its progress is visible while it works");
  await until("it has met some", async () => (await look()).seen >= early.seen + SOME_RUNS, 120_000);
  assert.ok(process.memoryUsage().heapUsed - heapBytes < HEAP_BYTES_MAX);
  assert.equal((await post(`${path}/stop`, {})).status, 200);
  const ended = await until("it has stopped", async () => {
    const now = await look();
    return now.endedAt === null ? undefined : now;
  });
  assert.ok(asked.runs <= PAGE_RUNS_MAX, `${asked.runs} runs were asked for at once`);
  assert.deepEqual([ended.state, ended.applied, ended.refused], ["stopped", ended.seen, {}]);
  assert.ok(ended.seen < RUNS);
  return ended;
}

const countMoved = async (sql: Sql): Promise<number> => {
  const [row] = await sql<{ moved: number }[]>`
    select count(*)::integer as moved from runs where version > 1 and outcome = 'canceled'`;
  return row?.moved ?? 0;
};

it(
  "answers a query that matches a million runs at once, page by page, and works on them in the background until it is stopped",
  {
    timeout: TEST_MS_MAX,
  },
  async (t) => {
    const filled = await openFilled(t);
    const { sql, get } = filled;

    const { items } = await get<{ items: readonly { readonly runs: number }[] }>("/v1/flows");
    assert.deepEqual(
      items.map(({ runs }) => runs),
      [RUNS],
    );
    for (const query of QUERIES) {
      const page = await get<{ items: readonly unknown[]; cursor: string | null }>(`/v1/runs?${query}`);
      assert.equal(page.items.length, 50, query);
      const next = await get<typeof page>(`/v1/runs?${query}&cursor=${page.cursor}`);
      assert.equal(next.items.length, 50, query);
      assert.notDeepEqual(next.items[0], page.items[0]);
    }
    const cancel = { operation: { type: "cancel", compensate: false } };
    const tried = await playJob(filled, { ...cancel, dryRun: true });
    assert.deepEqual(
      tried.examples.map(({ from, to }) => [from, to]),
      Array.from({ length: 5 }, () => ["open", "canceled"]),
    );
    assert.equal(await countMoved(sql), 0);

    const done = await playJob(filled, cancel);
    assert.equal(await countMoved(sql), done.applied);
  },
);
