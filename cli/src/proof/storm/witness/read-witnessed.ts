import { randomUUID } from "node:crypto";
import type { HistoryEntry, Run } from "@sluice/engine";
import { createPostgresStore } from "@sluice/engine/postgres";
import type { DeadLetterRow, StoredHistory } from "@sluice/engine/random-flows";
import type { Sql } from "@sluice/host/postgres";
import type { Witnessed } from "../oracle/witnessed.ts";
import type { World } from "../world.ts";
import { getTally } from "./store/get-tally.ts";
import { listEffects } from "./store/list-effects.ts";
import { listHistoryRows } from "./store/list-history-rows.ts";
import { listLaneSteps } from "./store/list-lane-steps.ts";
import { listLetters } from "./store/list-letters.ts";
import { listOwedOutcomes } from "./store/list-owed-outcomes.ts";
import { listRunIds } from "./store/list-run-ids.ts";
import { listStrays } from "./store/list-strays.ts";

/** Of a world at rest. */
export async function readWitnessed({
  sql,
  databaseUrl,
}: Pick<World, "sql" | "databaseUrl">): Promise<Witnessed> {
  const letters = await listLetters(sql, "ever");
  return {
    histories: await readHistories(sql, databaseUrl, letters),
    letters: await listLetters(sql, "now"),
    effects: await listEffects(sql),
    tally: await getTally(sql),
    laneSteps: await listLaneSteps(sql),
    strays: await listStrays(sql),
    owed: await listOwedOutcomes(sql),
  };
}

async function readHistories(
  sql: Sql,
  databaseUrl: string,
  letters: readonly DeadLetterRow[],
): Promise<readonly StoredHistory[]> {
  const runs = await readRuns(sql, databaseUrl);
  const rows = Map.groupBy(await listHistoryRows(sql), ({ runId }) => runId);
  const lettersOf = Map.groupBy(letters, ({ runId }) => runId);
  return runs.map((run) => ({
    run,
    entries: (rows.get(run.runId) ?? []).flatMap(({ entries }) => JSON.parse(entries) as HistoryEntry[]),
    letters: new Map((lettersOf.get(run.runId) ?? []).map((letter) => [letter.version, letter])),
  }));
}

const RUNS_MAX = 500;

async function readRuns(sql: Sql, databaseUrl: string): Promise<readonly Run[]> {
  const store = createPostgresStore({ target: databaseUrl, engineId: randomUUID() });
  try {
    const runIds = await listRunIds(sql);
    const runs: Run[] = [];
    for (let at = 0; at < runIds.length; at += RUNS_MAX)
      runs.push(...(await store.getRuns(runIds.slice(at, at + RUNS_MAX))));
    return runs;
  } finally {
    await store.close();
  }
}
