/**
 * What Postgres itself can take: the rows of the same transitions, written in batches by plain statements with no engine.
 * One run row written and one history row added per transition, a timer set and cleared, a ticket and a closed order per run,
 * the lane moved on per batch. Every row carries its own texts, as the engine's do, but they are encoded before the clock starts.
 * On two connections, as the engine has.
 */
import { randomUUID } from "node:crypto";
import { openPostgres } from "@sluice/host/postgres";
import type { PostgresTarget, Sql } from "@sluice/host/postgres";
import { TRANSITIONS_PER_RUN, orderData } from "./purchase.ts";

export interface CeilingResult {
  readonly connections: number;
  readonly transitionsPerBatch: number;
  readonly transitionsPerSecond: number;
}

const CONNECTIONS = 2;

/** Measured at several sizes of batch; the best is the ceiling. */
const BATCH_SIZES = [200, 500, 1_000];

export async function measureCeiling(
  target: PostgresTarget,
  seconds: number,
  signal: AbortSignal,
): Promise<CeilingResult> {
  const sql = await openPostgres(target, { applicationName: "sluice-bench", connectionsMax: CONNECTIONS });
  try {
    await createTables(sql);
    let best: CeilingResult | null = null;
    for (const transitionsPerBatch of BATCH_SIZES) {
      const transitionsPerSecond = await writeFor(
        sql,
        transitionsPerBatch,
        seconds / BATCH_SIZES.length,
        signal,
      );
      if (best === null || best.transitionsPerSecond < transitionsPerSecond) {
        best = { connections: CONNECTIONS, transitionsPerBatch, transitionsPerSecond };
      }
    }
    return best ?? { connections: CONNECTIONS, transitionsPerBatch: 0, transitionsPerSecond: Number.NaN };
  } finally {
    await sql.end();
  }
}

async function createTables(sql: Sql): Promise<void> {
  await sql.unsafe(`
    drop schema if exists bench_ceiling cascade;
    create schema bench_ceiling;
    create table bench_ceiling.lanes (lane integer primary key, batch_number bigint not null) with (fillfactor = 10);
    create table bench_ceiling.runs (
      run_id uuid primary key, flow text not null, lane integer not null, version integer not null, state text not null,
      data text not null, control text not null, created_at timestamptz not null, updated_at timestamptz not null
    ) with (fillfactor = 80);
    create table bench_ceiling.history (
      run_id uuid not null, version integer not null, at timestamptz not null, entries text not null, primary key (run_id, version)
    );
    create table bench_ceiling.timers (lane integer not null, due_at timestamptz not null, run_id uuid not null, primary key (lane, due_at, run_id));
    create table bench_ceiling.tickets (run_id uuid primary key);
    create table bench_ceiling.closed_orders (run_id uuid primary key);
    insert into bench_ceiling.lanes select n, 0 from generate_series(0, ${CONNECTIONS - 1}) as n;`);
}

async function writeFor(sql: Sql, size: number, seconds: number, signal: AbortSignal): Promise<number> {
  const texts = encodeTexts(size);
  const startedMs = performance.now();
  const untilMs = startedMs + seconds * 1_000;
  const lap = async (lane: number): Promise<number> => {
    let transitions = 0;
    while (performance.now() < untilMs && !signal.aborted) {
      const runIds = Array.from({ length: size }, () => randomUUID());
      for (let version = 1; version <= TRANSITIONS_PER_RUN; version++)
        await writeBatch(sql, lane, runIds, texts, version);
      transitions += size * TRANSITIONS_PER_RUN;
    }
    return transitions;
  };
  const counts = await Promise.all(Array.from({ length: CONNECTIONS }, (_, lane) => lap(lane)));
  return counts.reduce((sum, count) => sum + count, 0) / ((performance.now() - startedMs) / 1_000);
}

const DATA = JSON.stringify(orderData(randomUUID()));
const CONTROL = JSON.stringify({
  commands: [],
  timers: [{ number: 1, kind: "after", dueAtMs: 1_700_000_000_000 }],
  timerCount: 1,
  startId: null,
  startDigest: 1_234_567_890,
});
const ENTRIES = JSON.stringify([
  {
    version: 1,
    atMs: 1_700_000_000_000,
    state: "payment-pending",
    type: "PaymentStarted",
    eventId: randomUUID(),
    digest: 1_234_567_890,
    data: {},
    kind: "event",
  },
]);

/** The texts of a batch, as the array literals that Postgres reads. */
interface Texts {
  readonly data: string;
  readonly control: string;
  readonly entries: string;
}

function encodeTexts(size: number): Texts {
  const array = (text: string): string =>
    `{${Array.from({ length: size }, () => JSON.stringify(text)).join(",")}}`;
  return { data: array(DATA), control: array(CONTROL), entries: array(ENTRIES) };
}

async function writeBatch(
  sql: Sql,
  lane: number,
  runIds: readonly string[],
  texts: Texts,
  version: number,
): Promise<void> {
  await sql.begin(async (tx) => {
    const statements = [
      version === 1
        ? tx`insert into bench_ceiling.runs
               select id, 'purchase', ${lane}, 1, 'order-created', data, control, now(), now()
                 from unnest(${runIds}::uuid[], ${texts.data}::text::text[], ${texts.control}::text::text[]) as given (id, data, control)`
        : tx`update bench_ceiling.runs
                set version = ${version}, state = 'paid', data = given.data, control = given.control, updated_at = now()
               from unnest(${runIds}::uuid[], ${texts.data}::text::text[], ${texts.control}::text::text[]) as given (id, data, control)
              where run_id = id`,
      tx`insert into bench_ceiling.history
         select id, ${version}, now(), entries from unnest(${runIds}::uuid[], ${texts.entries}::text::text[]) as given (id, entries)`,
    ];
    if (version === 1)
      statements.push(
        tx`insert into bench_ceiling.timers select ${lane}, timestamptz '2100-01-01', id from unnest(${runIds}::uuid[]) as id`,
      );
    if (version === 2) {
      statements.push(tx`delete from bench_ceiling.timers
        where lane = ${lane} and due_at = timestamptz '2100-01-01' and run_id = any(${runIds}::uuid[])`);
    }
    if (version === 4)
      statements.push(tx`insert into bench_ceiling.tickets select * from unnest(${runIds}::uuid[])`);
    if (version === 5)
      statements.push(tx`insert into bench_ceiling.closed_orders select * from unnest(${runIds}::uuid[])`);
    statements.push(tx`update bench_ceiling.lanes set batch_number = batch_number + 1 where lane = ${lane}`);
    await Promise.all(statements);
  });
}
