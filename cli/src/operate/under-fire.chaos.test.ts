import assert from "node:assert/strict";
import { randomInt, randomUUID } from "node:crypto";
import { env } from "node:process";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Store } from "@sluice/engine";
import { createPostgresStore } from "@sluice/engine/postgres";
import { SILENT_LOG } from "@sluice/host/log";
import { closePostgres, openPostgres, startEmbeddedPostgres } from "@sluice/host/postgres";
import { testDataDirectory } from "@sluice/host/postgres-testing";
import { fractionOf } from "../fixtures/chance.ts";
import { sluice } from "../fixtures/terminal.ts";
import { letGuestsIn } from "../fixtures/under-fire/guests.ts";
import type { Guestbook } from "../fixtures/under-fire/guests.ts";
import { BOOKINGS_APP, Life } from "../fixtures/under-fire/life.ts";
import { liftPauses, newLogbook, operateAllDay } from "../fixtures/under-fire/operators.ts";
import { PatientCaller } from "../fixtures/under-fire/patient-caller.ts";
import { breachesOf, patiently, readActions, readAll, undoneOf } from "../fixtures/under-fire/witness.ts";
import { until } from "../fixtures/until.ts";
import { findFreePort } from "../up/free-port.ts";

/** How long there is fire; `SLUICE_FIRE_SECONDS` makes it longer. */
const SECONDS = Number(env["SLUICE_FIRE_SECONDS"] ?? 30);
/** `SLUICE_FIRE_SEED` repeats faults, duties and instants of an earlier trial, as far as the machine allows. */
const SEED = env["SLUICE_FIRE_SEED"] ?? String(randomInt(2 ** 31));

/** The share of the time in which only the first version is served, so that there are runs to migrate. */
const VERSION_1_SHARE = 0.35;
/** From one birth to the next death. */
const CALM_MS_MAX = 6_000;
/** It dies so often at the least, however long that takes on a machine that does other things as well. */
const DEATHS_MIN = 4;
const OPERATORS = ["anna", "ben", "cleo"];
/** How much longer there may be fire until operators have done everything they do at least once, and it has died often enough. */
const LONGER_MS_MAX = 180_000;
/** How long a caller asks until somebody answers, and how long it may take until all runs have ended. */
const PATIENCE_MS = 120_000;
const SETTLE_MS = 120_000;
const TEST_MS = SECONDS * 1_000 + LONGER_MS_MAX + 300_000;

const PROMISE =
  "operations end as they were told, once for each run, while runs come and the engine is killed";

test(PROMISE, { timeout: TEST_MS }, async (t) => {
  t.diagnostic(`SLUICE_FIRE_SEED=${SEED}`);
  const { life, caller, databaseUrl, store, sql } = await openBookings(t);
  const guests: Guestbook = { runIds: [], events: [] };
  const logbook = newLogbook();
  const dayEnd = new AbortController();
  t.after(() => dayEnd.abort());
  const closing = dayEnd.signal;
  const isVersion2Served = () => life.isVersion2Served;
  const atWork = Promise.all([
    letGuestsIn({ caller, seed: SEED, closing }, guests),
    ...OPERATORS.map((by) =>
      operateAllDay({ caller, seed: SEED, by, runIds: guests.runIds, isVersion2Served, closing }, logbook),
    ),
  ]);

  const isDayDone = async () => undoneOf((await readActions(store)).values()).length === 0;
  await Promise.race([playWithFire(life, isDayDone), atWork]);
  dayEnd.abort();
  await atWork;
  await settle(caller, store);
  assert.equal(await life.stop(), 0, life.words);

  const witnessed = await readAll(store, sql);
  const { runs, actions, effects } = witnessed;
  const outcomes = Object.groupBy([...runs.values()], ({ row }) => `${row.outcome} in ${row.flowVersion}`);
  t.diagnostic(
    JSON.stringify({
      deaths: life.deaths,
      runs: runs.size,
      outcomes: Object.fromEntries(Object.entries(outcomes).map(([name, of]) => [name, of?.length])),
      actions: actions.size,
      jobs: logbook.jobs.size,
      asked: Object.fromEntries(logbook.counts),
      effects: effects.length,
    }),
  );
  assert.deepEqual(breachesOf(witnessed, guests, logbook), []);
  assert.ok(life.deaths >= DEATHS_MIN, `the engine died ${life.deaths} times`);
  assert.deepEqual(undoneOf(actions.values()), [], "operators have done everything they do");
  const audit = ["audit", "--database-url", databaseUrl, "--app", BOOKINGS_APP, "--quiet-database", "--json"];
  const { exitCode, stdout, stderr } = await sluice(audit);
  assert.equal(exitCode, 0, stdout + stderr);
});

async function openBookings(t: TestContext) {
  const database = await startEmbeddedPostgres({
    dataDirectory: testDataDirectory(t),
    tcpPort: await findFreePort("127.0.0.1"),
    log: SILENT_LOG,
  });
  t.after(() => database.stop());
  const databaseUrl = database.tcpUrl ?? assert.fail("no TCP address");
  const port = await findFreePort("127.0.0.1");
  const life = new Life(t, { port, databaseUrl, seed: SEED });
  await life.start();
  const store = createPostgresStore({ target: databaseUrl, engineId: randomUUID() });
  t.after(() => store.close());
  const sql = await openPostgres(databaseUrl, { applicationName: "witness", connectionsMax: 1 });
  t.after(() => closePostgres(sql));
  const caller = new PatientCaller(`http://127.0.0.1:${port}`, PATIENCE_MS);
  return { life, caller, databaseUrl, store, sql };
}

/**
 * Kills the engine at random instants; at one of them the second version of the flow arrives. However chance falls, it goes on until
 * nothing is left that has to happen, or for LONGER_MS_MAX.
 */
async function playWithFire(life: Life, isDayDone: () => Promise<boolean>): Promise<void> {
  const startedMs = performance.now();
  const passed = (): number => (performance.now() - startedMs) / (SECONDS * 1_000);
  const isLate = (): boolean => performance.now() - startedMs > SECONDS * 1_000 + LONGER_MS_MAX;
  const isOver = async (): Promise<boolean> =>
    passed() >= 1 && (isLate() || (life.deaths >= DEATHS_MIN && (await isDayDone())));
  for (let nth = 0; !(await isOver()); nth++) {
    await sleep(CALM_MS_MAX * fractionOf(SEED, "calm", nth));
    await life.die();
    if (passed() > VERSION_1_SHARE) life.serveVersion2();
    await life.start();
  }
}

/** What stands still goes on, and what is parked is redriven until nothing is. */
async function settle(caller: PatientCaller, store: Store): Promise<void> {
  await liftPauses(caller);
  let redrives = 0;
  const isSettled = async (): Promise<boolean> => {
    const open = await store.listRuns({ isOpen: true, limit: 1 });
    const jobs = await store.listActions({ state: "running", limit: 1 });
    if (jobs.items.length > 0) return false;
    if (open.items.length === 0) return true;
    const { parkedRuns } = await store.totals();
    if (parkedRuns > 0)
      await caller.post("/v1/dead-letters/redrive", { filter: { flow: "booking" } }, `settle-${redrives++}`);
    return false;
  };
  await until("all runs and jobs to end", () => patiently(isSettled), SETTLE_MS);
}
