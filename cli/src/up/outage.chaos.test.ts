import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { setInterval as ticks } from "node:timers/promises";
import { SILENT_LOG } from "@sluice/host/log";
import { closePostgres, openPostgres, startEmbeddedPostgres } from "@sluice/host/postgres";
import type { PostgresTarget } from "@sluice/host/postgres";
import { testDataDirectory } from "@sluice/host/postgres-testing";
import { sluice } from "../fixtures/terminal.ts";
import { until } from "../fixtures/until.ts";
import { PARCELS, startUp, urlOf } from "../fixtures/up-process.ts";
import { findFreePort } from "./free-port.ts";

const OUTAGE_MS = 30_000;
/** Between two requests of the one caller that keeps asking. */
const ASK_EVERY_MS = 100;

interface Asked {
  readonly key: string;
  readonly status: number;
  readonly retryAfter: string | null;
  readonly tookMs: number;
}

test("a database that is away for 30 s costs refusals with Retry-After, nothing acknowledged, and no restart", async (t) => {
  const dataDirectory = testDataDirectory(t);
  const tcpPort = await findFreePort("127.0.0.1");
  const start = () => startEmbeddedPostgres({ dataDirectory, tcpPort, log: SILENT_LOG });
  let database = await start();
  t.after(() => database.stop());
  const databaseUrl = database.tcpUrl ?? assert.fail("no TCP address");
  const up = startUp(t, { args: [], env: { SLUICE_DATABASE_URL: databaseUrl } });
  const url = urlOf(await up.ready());

  const asked: Asked[] = [];
  const caller = new AbortController();
  const asking = keepAsking(url, asked, caller.signal);
  await until("the first answers", () => asked.length > 5);

  await database.stop();
  const goneAtMs = performance.now();
  const before = asked.length;
  await until("readiness to go", async () => (await fetch(`${url}/readyz`)).status === 503);
  await until("30 s to pass", () => performance.now() - goneAtMs >= OUTAGE_MS, OUTAGE_MS + 10_000);
  const during = asked.slice(before + 1);
  database = await start();
  await keepPassword(database.target, databaseUrl);
  await until("readiness to come back", async () => (await fetch(`${url}/readyz`)).ok, 20_000);
  const after = asked.length;
  await until(
    "starts to be taken again",
    () => asked.slice(after).some(({ status }) => status === 201),
    20_000,
  );
  caller.abort();
  await asking;

  assert.ok(during.length > 20, `${during.length} requests were answered while the database was away`);
  for (const { status, retryAfter } of during) {
    // 504 is for a commit that was under way when the database went: it may have happened, and a repeat with the key is safe.
    assert.ok(status === 503 || status === 504, `status ${status} while the database was away`);
    assert.notEqual(retryAfter, null);
  }
  const acknowledged = asked.filter(({ status }) => status < 300);
  for (const { key } of acknowledged) {
    // The list follows its runs a moment behind.
    await until(`acknowledged ${key} to be listed`, async () => {
      const found = await fetch(`${url}/v1/runs?key=${key}`);
      return ((await found.json()) as { items: unknown[] }).items.length === 1;
    });
  }
  const audit = await sluice(["audit", "--database-url", databaseUrl, "--app", PARCELS, "--json"]);
  assert.equal(audit.exitCode, 0, audit.stdout + audit.stderr);
});

/** The embedded server has a new password at each start; the database of this test is somebody else's and keeps its own. */
async function keepPassword(target: PostgresTarget, databaseUrl: string): Promise<void> {
  const { username, password } = new URL(databaseUrl);
  const sql = await openPostgres(target, { applicationName: "test", connectionsMax: 1 });
  await sql.unsafe(`alter role ${username} password '${password}'`);
  await closePostgres(sql);
}

async function keepAsking(url: string, asked: Asked[], signal: AbortSignal): Promise<void> {
  for await (const _ of ticks(ASK_EVERY_MS)) {
    if (signal.aborted) return;
    const key = randomUUID();
    const startedMs = performance.now();
    const response = await fetch(`${url}/v1/flows/parcel/runs`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify({ key, data: { address: "Elm 1" } }),
    });
    await response.text();
    asked.push({
      key,
      status: response.status,
      retryAfter: response.headers.get("retry-after"),
      tookMs: performance.now() - startedMs,
    });
  }
}
