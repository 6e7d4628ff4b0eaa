/**
 * The act "previous-schema": databases that former versions have left, with runs in every plight, are opened by this one. It brings the schema
 * up to date, keeps what was promised before, and finishes every run; and a former version refuses the database from then on.
 */
import { mkdir, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasCode } from "@sluice/contracts/problem";
import { postgresMigrations } from "@sluice/engine/postgres";
import { Random } from "@sluice/engine/random-flows";
import type { Violation } from "@sluice/engine/random-flows";
import { migrate } from "@sluice/host/postgres";
import type { Sql } from "@sluice/host/postgres";
import { messageOf } from "../../arguments.ts";
import type { Act, Stage, Verdict } from "../act.ts";
import { openPointWorld } from "../points/point-world.ts";
import type { PointWorld } from "../points/point-world.ts";
import { POINT_OPTIONS } from "../points/point-options.ts";
import { PURCHASE, PURCHASE_FLOWS, SETTLING } from "../points/purchase-flow.ts";
import { findBreaches } from "../storm/oracle/find-breaches.ts";
import type { OperatedRun } from "../storm/oracle/check-origins.ts";
import { REST_MS_MAX, auditAtRest, settleQueues } from "../storm/rest.ts";
import { readWitnessed } from "../storm/witness/read-witnessed.ts";
import { finishRun, operate } from "./finish-run.ts";
import type { Finishing } from "./finish-run.ts";
import { listSnapshots, restoreSnapshot } from "./restore-snapshot.ts";
import type { Snapshot } from "./restore-snapshot.ts";
import { SNAPSHOT_RUNS, SNAPSHOT_SEED } from "./snapshot-runs.ts";

export const previousSchema: Act = {
  name: "previous-schema",
  summary: "a database of a former schema is migrated, and every run in it comes to its end",
  weight: 1,
  kinds: [],
  play: playSnapshots,
};

async function playSnapshots(stage: Stage): Promise<Verdict> {
  const breaches: Violation[] = [];
  const snapshots = await listSnapshots();
  let runs = 0;
  for (const snapshot of snapshots) {
    if (stage.stop.aborted || breaches.length > 0) break;
    stage.progress(`a database of schema ${snapshot.schemaNumber}`);
    const report = (promise: Violation["promise"], message: string): void =>
      void breaches.push({ promise, message: `from schema ${snapshot.schemaNumber}: ${message}` });
    const directory = join(stage.directory, `schema-${snapshot.schemaNumber}`);
    await mkdir(directory);
    runs += await playSnapshot({ ...stage, directory }, snapshot, report);
    if (breaches.length === 0 && !stage.isKept) await rm(directory, { recursive: true, force: true });
  }
  return {
    act: previousSchema.name,
    breaches,
    counts: { schemas: snapshots.length, runs },
    faults: [],
    takeoverMs: [],
    skipped: [],
    replay: breaches.length > 0 ? `--seed ${stage.seed}` : null,
  };
}

/** Answers how many runs came to their end. */
async function playSnapshot(
  { directory, env, stop, isKept }: Pick<Stage, "directory" | "env" | "stop" | "isKept">,
  snapshot: Snapshot,
  report: PointWorld["report"],
): Promise<number> {
  let hasFailed = false;
  const complain: PointWorld["report"] = (...breach) => {
    hasFailed = true;
    report(...breach);
  };
  try {
    const world = await openPointWorld({
      seed: SNAPSHOT_SEED,
      directory,
      env,
      stop,
      report: complain,
      prepare: (sql) => restoreSnapshot(sql, snapshot),
    });
    try {
      await refuseFormer(world.sql, snapshot, complain);
      const operations: OperatedRun[] = [];
      const runs = await finishAll({ world, operations });
      await judge({ world, operations });
      return runs;
    } finally {
      await world.close(isKept || hasFailed);
    }
  } catch (error) {
    if (!stop.aborted) complain("engine", `it came to nothing: ${messageOf(error)}`);
    return 0;
  }
}

/** Migrated it is, since an engine serves it. A former version knows fewer migrations, and must not touch what it does not know. */
async function refuseFormer(sql: Sql, { schemaNumber }: Snapshot, report: PointWorld["report"]) {
  const folder = fileURLToPath(postgresMigrations.directory);
  const names = (await readdir(folder)).toSorted().slice(0, schemaNumber);
  const migrations = await Promise.all(
    names.map(async (name) => ({
      name: name.replace(/\.sql$/, ""),
      sql: await readFile(join(folder, name), "utf8"),
    })),
  );
  try {
    await migrate(sql, { room: postgresMigrations.room, migrations, schema: "sluice" });
    report(
      "engine",
      "a former version takes the migrated database for its own, expected HOST_SCHEMA_TOO_NEW",
    );
  } catch (error) {
    if (!hasCode(error, "HOST_SCHEMA_TOO_NEW")) throw error;
  }
}

async function finishAll(finishing: Finishing): Promise<number> {
  const { world } = finishing;
  const runIds = await listRunIds(world.sql);
  const resume = { flow: PURCHASE, state: SETTLING };
  const asking = { ...world, random: new Random(world.seed), signal: world.stop };
  await operate(asking, "/v1/pauses/resume", resume);
  await Promise.all(
    SNAPSHOT_RUNS.map(async (run) => {
      const runId = runIds.get(run.wish.key);
      if (runId !== undefined) await finishRun(finishing, run, runId);
      else world.report("I6", `the run of ${run.wish.key} is not there any more`);
    }),
  );
  return runIds.size;
}

/** By their keys. */
async function listRunIds(sql: Sql): Promise<ReadonlyMap<string, string>> {
  const rows = await sql<{ key: string; runId: string }[]>`select key, run_id as "runId" from sluice.runs`;
  return new Map(rows.map(({ key, runId }) => [key, runId]));
}

async function judge({ world, operations }: Finishing): Promise<void> {
  const { stop, report, engines, ledger, seed } = world;
  const untilMs = performance.now() + REST_MS_MAX;
  await settleQueues(world, untilMs);
  await auditAtRest(world, untilMs);
  await engines.stop();
  if (stop.aborted) return;
  // Which transaction wrote a row is not known of rows that a script has brought.
  const witnessed = { ...(await readWitnessed(world)), strays: [] };
  const expectations = { seed, flows: PURCHASE_FLOWS, options: POINT_OPTIONS, ledger, operations };
  for (const { promise, message } of findBreaches(witnessed, expectations)) report(promise, message);
}
