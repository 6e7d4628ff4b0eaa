/** What the API shows where somebody has written by hand what nobody can read: everything else. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { defineFlow } from "@sluice/engine/definition";
import { createPostgresStore, postgresMigrations } from "@sluice/engine/postgres";
import { migrate } from "@sluice/host/postgres";
import type { Sql } from "@sluice/host/postgres";
import { testDatabase } from "@sluice/host/postgres-testing";
import { startMemoryServer } from "../fixtures/memory-server.ts";
import { until } from "../fixtures/until.ts";

/** The first event parks it. */
const order = defineFlow({
  name: "order",
  version: 1,
  events: { Checked: { type: "object" } },
  initial: "open",
  states: {
    open: {
      on: {
        Checked: {
          target: "closed",
          guard: () => {
            throw new Error("nobody can tell");
          },
        },
      },
    },
    closed: { final: "closed" },
  },
});

interface CallApi {
  get(path: string): Promise<{ readonly status: number; readonly body: unknown }>;
  post(path: string, body: object): Promise<{ readonly status: number; readonly body: unknown }>;
}

function callApi(url: string): CallApi {
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(url + path, init);
    return { status: answer.status, body: await answer.json() };
  };
  const headers = { "content-type": "application/json" };
  return {
    get: (path) => ask(path),
    post: (path, body) => ask(path, { method: "POST", headers, body: JSON.stringify(body) }),
  };
}

interface PageBody {
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly unreadable?: readonly { readonly id: string; readonly fault: string }[];
}

interface Written {
  readonly call: CallApi;
  readonly sql: Sql;
  /** Two parked runs, and of each the version of its dead letter. */
  readonly bad: string;
  readonly good: string;
  readonly version: number;
  /** Two jobs that have ended. */
  readonly badJob: string;
  readonly goodJob: string;
}

async function openWritten(t: TestContext): Promise<Written> {
  const database = await testDatabase(t, "unreadable");
  const { room, directory } = postgresMigrations;
  await migrate(database.sql, { room, migrations: directory, schema: "sluice" });
  const sql = await database.open({ schema: "sluice" });
  const store = createPostgresStore({ target: database.target, engineId: randomUUID() });
  const { url } = await startMemoryServer(t, { store, flows: [order] });
  const call = callApi(url);
  const park = async (): Promise<string> => {
    const { runId } = (await call.post("/v1/flows/order/runs", { data: {} })).body as { runId: string };
    const { status } = await call.post(`/v1/runs/${runId}/events`, { type: "Checked", data: {} });
    assert.equal(status, 202);
    return runId;
  };
  const [bad, good] = [await park(), await park()];
  await until("both are listed as parked", async () => {
    const { items } = (await call.get("/v1/runs?parked=true")).body as PageBody;
    return items.length === 2 ? true : undefined;
  });
  const job = async (): Promise<string> => {
    const body = { operation: { type: "redrive" }, filter: { flow: "order" }, dryRun: true };
    const { jobId } = (await call.post("/v1/jobs", body)).body as { jobId: string };
    await until("the job has ended", async () => {
      const { state } = (await call.get(`/v1/jobs/${jobId}`)).body as { state: string };
      return state === "done" ? true : undefined;
    });
    return jobId;
  };
  const [badJob, goodJob] = [await job(), await job()];
  const [letter] = await sql<{ version: number }[]>`select version from dead_letters where run_id = ${bad}`;
  return { call, sql, bad, good, version: letter?.version ?? assert.fail(), badJob, goodJob };
}

/** Writes into a row by hand, and puts back afterwards what stood there. */
async function withWritten(
  sql: Sql,
  table: string,
  update: string,
  look: () => Promise<void>,
): Promise<void> {
  await sql.unsafe(`create table kept as table ${table}; update ${table} set ${update}`);
  try {
    await look();
  } finally {
    await sql.unsafe(`delete from ${table}; insert into ${table} table kept; drop table kept`);
  }
}

async function assertPage(
  call: CallApi,
  path: string,
  id: string,
  goodIds: readonly string[],
): Promise<void> {
  const { status, body } = await call.get(path);
  const { items, unreadable } = body as PageBody;
  assert.equal(status, 200, JSON.stringify(body));
  const ids = items.map((item) => String(item["jobId"] ?? item["actionId"] ?? item["runId"]));
  assert.deepEqual(ids.toSorted(), goodIds.toSorted());
  assert.deepEqual(
    unreadable?.map((row) => row.id),
    [id],
  );
  assert.match(unreadable?.[0]?.fault ?? "", /run `sluice audit`, and restore the row from a backup$/);
}

async function assertUnreadable(call: CallApi, path: string): Promise<void> {
  const { status, body } = await call.get(path);
  const { code, detail } = body as { code: string; detail: string };
  assert.deepEqual([status, code], [500, "FLOW_UNREADABLE"]);
  assert.match(detail, /run `sluice audit`/);
}

describe("a row that nobody can read", () => {
  it("hides no other of its list, and is named with what is wrong", async (t) => {
    const { call, sql, bad, good, version, badJob, goodJob } = await openWritten(t);
    for (const column of ["entered_at", "updated_at"]) {
      await withWritten(sql, "run_search", `${column} = 'infinity' where run_id = '${bad}'`, () =>
        assertPage(call, "/v1/runs", bad, [good]),
      );
    }
    const settled = `{"kind":"settled","runId":"${bad}","commandId":"c","attempt":1,"settlement":{"type":"answered"}}`;
    for (const update of ["input = '{'", `input = '${settled}'`, "error = '[]'", "at = '-infinity'"]) {
      await withWritten(sql, "dead_letters", `${update} where run_id = '${bad}'`, () =>
        assertPage(call, "/v1/dead-letters", `${bad}:${version}`, [good]),
      );
    }
    for (const update of [
      "subject = '['",
      "job = '{}'",
      "progress = '7'",
      "asked_at = 'infinity'",
      "job = null",
    ]) {
      await withWritten(sql, "actions", `${update} where action_id = '${badJob}'`, async () => {
        await assertPage(call, "/v1/jobs", badJob, [goodJob]);
        await assertPage(call, "/v1/audit?kind=runs", badJob, [goodJob]);
        await assertUnreadable(call, `/v1/jobs/${badJob}`);
        const first = (await call.get("/v1/jobs?limit=1")).body as { readonly cursor: string };
        assert.equal((await call.get(`/v1/jobs?limit=1&cursor=${first.cursor}`)).status, 200);
      });
    }
  });

  it("is an error that says so where it is asked for alone, whoever else asks at that moment", async (t) => {
    const { call, sql, bad, good } = await openWritten(t);
    for (const update of ["data = '{'", "control = '{}'", "entered_at = 'infinity'", "parked = 'tired'"]) {
      await withWritten(sql, "runs", `${update} where run_id = '${bad}'`, async () => {
        const [, other] = await Promise.all([
          assertUnreadable(call, `/v1/runs/${bad}`),
          call.get(`/v1/runs/${good}`),
        ]);
        assert.equal(other.status, 200);
        const { items } = (await call.get("/v1/dead-letters")).body as PageBody;
        const flows = new Map(items.map((item) => [item["runId"], item["flow"]]));
        assert.deepEqual([flows.get(bad), flows.get(good)], [null, "order"]);
      });
    }
    await withWritten(sql, "history", `entries = '[{' where run_id = '${bad}'`, () =>
      assertUnreadable(call, `/v1/runs/${bad}/history`),
    );
  });
});
