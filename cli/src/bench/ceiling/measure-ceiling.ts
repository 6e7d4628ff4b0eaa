/**
 * What Postgres itself can take: the rows of the same transitions, in the same tables, written in batches by plain statements with no engine.
 * The rows are those of a run that the engine has stored a moment ago, with fresh ids that grow as the engine's do. Left out are the search
 * projection, which the engine writes beside, and all work but sending: the texts are encoded before the clock starts.
 */
import { systemClock } from "@sluice/engine";
import { openPostgres } from "@sluice/host/postgres";
import type { PostgresTarget, Sql } from "@sluice/host/postgres";
import type { Sample } from "./sample.ts";
import { CEILING_SCHEMA, createCeilingTables, dropCeilingTables } from "./tables.ts";
import { prepareVisits, writeVisit } from "./write-visit.ts";
import type { PreparedVisit } from "./write-visit.ts";

export interface Ceiling {
  readonly connections: number;
  readonly runsPerBatch: number;
  readonly runsPerSecond: number;
}

/** How it is tried; the best is the ceiling. Two connections are what the engine has; more are for what they may bring. */
const TRIES: readonly Omit<Ceiling, "runsPerSecond">[] = [
  { connections: 2, runsPerBatch: 500 },
  { connections: 2, runsPerBatch: 1_000 },
  { connections: 4, runsPerBatch: 500 },
];

/** Of the time that each way is tried, so much again before it. */
const WARM_UP_SHARE = 0.3;

export async function measureCeiling(
  target: PostgresTarget,
  sample: Sample,
  seconds: number,
  signal: AbortSignal,
): Promise<Ceiling> {
  const connectionsMax = Math.max(...TRIES.map(({ connections }) => connections));
  const options = { applicationName: "sluice-bench-ceiling", connectionsMax, schema: CEILING_SCHEMA };
  const sql = await openPostgres(target, options);
  try {
    const found: Ceiling[] = [];
    for (const attempt of TRIES) {
      await createCeilingTables(sql, target, connectionsMax);
      const share = seconds / TRIES.length;
      const lanes = Array.from({ length: attempt.connections }, (_, lane) => ({ lane, outboxPosition: 0 }));
      await writeFor(sql, { sample, lanes, ...attempt, seconds: WARM_UP_SHARE * share, signal });
      const runsPerSecond = await writeFor(sql, { sample, lanes, ...attempt, seconds: share, signal });
      found.push({ ...attempt, runsPerSecond });
    }
    await dropCeilingTables(sql);
    return found.reduce((best, each) => (each.runsPerSecond > best.runsPerSecond ? each : best));
  } finally {
    await sql.end();
  }
}

/** A connection writes one lane. Its outbox rows go on from measurement to measurement. */
interface Lane {
  readonly lane: number;
  outboxPosition: number;
}

interface Writing {
  readonly sample: Sample;
  readonly lanes: readonly Lane[];
  readonly runsPerBatch: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** Runs per second, all of their visits written. */
async function writeFor(
  sql: Sql,
  { sample, lanes, runsPerBatch, seconds, signal }: Writing,
): Promise<number> {
  const visits = prepareVisits(sample, runsPerBatch);
  const startedMs = performance.now();
  const isOver = (): boolean => performance.now() - startedMs >= seconds * 1_000 || signal.aborted;
  const shares = await Promise.all(lanes.map((lane) => writeRuns(sql, visits, lane, runsPerBatch, isOver)));
  const runs = shares.reduce((sum, share) => sum + share, 0);
  return runs / ((performance.now() - startedMs) / 1_000);
}

/** Writes batch after batch of fresh runs, each with all its visits; a batch under way when time is up counts by the visits it had. */
async function writeRuns(
  sql: Sql,
  visits: readonly PreparedVisit[],
  of: Lane,
  size: number,
  isOver: () => boolean,
): Promise<number> {
  const { newId } = systemClock();
  let written = 0;
  while (!isOver()) {
    const runIds = Array.from({ length: size }, newId);
    const bornAtMs = Date.now();
    for (const visit of visits) {
      if (isOver()) break;
      const { lane, outboxPosition } = of;
      of.outboxPosition += size;
      await writeVisit(sql, visit, { lane, runIds, bornAtMs, outboxPosition });
      written += size / visits.length;
    }
  }
  return written;
}
