/** The same cases beside more and more stored runs: what growth costs. */
import { statfsSync } from "node:fs";
import { cliError } from "../../errors.ts";
import { NOTHING_FOUND, toRow } from "../bench-run.ts";
import type { BenchParts, Found } from "../bench-run.ts";
import { renewSchemas, shelve, unshelve } from "../database/bench-database.ts";
import { measureCase } from "../measure-case.ts";
import { megabytes, whole } from "../numbers.ts";
import type { BenchCase } from "../plan.ts";
import { rowKey } from "../result.ts";
import type { BenchRow } from "../result.ts";
import { median } from "../statistics.ts";
import { fillStored, storedBytes } from "./fill.ts";

/** What is measured at each size when nobody asked for other cases. */
export const STORED_CASES: readonly BenchCase[] = [1, 1_000].map((inFlight) => ({
  flow: "purchase",
  participants: "transactional",
  door: "library",
  inFlight,
  arrivalsPerSecond: null,
}));

/** A little more than a stored purchase takes, with its indexes and with what fills it. */
const BYTES_PER_RUN = 4_000;

/** Long enough for one run to end that can be copied. */
const PATTERN_SECONDS = 0.1;

/** So often each size is measured; the others come between, since a shared machine is another one a minute later. */
const ROUNDS = 3;

/**
 * All sizes are stored first, each in a schema of its own, and measured in turn, up and down. A row is the middle one of its case and size.
 * The stored runs are copies of one run of the first case. Nothing is audited: that would read all of them.
 * @throws CLI_BAD_ARGUMENT (invalid) when the disk cannot hold all
 */
export async function measureStored(
  parts: BenchParts,
  sizes: readonly number[],
  cases: readonly BenchCase[],
  rounds = ROUNDS,
): Promise<Found> {
  const [first] = cases;
  if (first === undefined) return NOTHING_FOUND;
  const ascending = [...new Set(sizes)].toSorted((a, b) => a - b);
  const { sql } = parts.database;
  requireSpace(
    parts,
    ascending.reduce((sum, size) => sum + size),
  );
  for (const size of ascending) {
    if (parts.signal.aborted) break;
    await fill(parts, first, size);
    await shelve(sql, size);
  }
  const rows: BenchRow[] = [];
  for (let round = 1; round <= rounds; round++)
    for (const storedRuns of round % 2 === 1 ? ascending : ascending.toReversed()) {
      if (parts.signal.aborted) break;
      parts.progress(`${round} of ${rounds}: ${whole(storedRuns)} stored`);
      rows.push(...(await measureBeside(parts, storedRuns, cases)));
    }
  return { ...NOTHING_FOUND, rows: middleOfEach(rows) };
}

async function measureBeside(
  parts: BenchParts,
  storedRuns: number,
  cases: readonly BenchCase[],
): Promise<BenchRow[]> {
  const { sql } = parts.database;
  const rows: BenchRow[] = [];
  await unshelve(sql, storedRuns);
  // What the others have left to be written falls into nobody's window.
  await sql`checkpoint`;
  for (const each of cases) {
    if (parts.signal.aborted) break;
    const measured = await measureCase({ ...parts, case: each });
    if (!parts.signal.aborted) rows.push(toRow(each, measured, { subject: "sluice", storedRuns }));
  }
  await shelve(sql, storedRuns);
  return rows;
}

/** By case and size, in the order in which they were measured first. */
function middleOfEach(rows: readonly BenchRow[]): BenchRow[] {
  return [...Map.groupBy(rows, rowKey).values()].flatMap((same) => {
    const middle = median(same.map(({ transitionsPerSecond }) => transitionsPerSecond));
    return same.filter(({ transitionsPerSecond }) => transitionsPerSecond === middle).slice(0, 1);
  });
}

async function fill(parts: BenchParts, pattern: BenchCase, storedRuns: number): Promise<void> {
  const { sql, target } = parts.database;
  parts.progress(`storing ${whole(storedRuns)} runs`);
  await renewSchemas(sql);
  const one: BenchCase = { ...pattern, inFlight: 1, arrivalsPerSecond: null };
  await measureCase({ ...parts, case: one, seconds: PATTERN_SECONDS });
  const startedMs = performance.now();
  await fillStored({ sql, target, flow: pattern.flow, runs: storedRuns });
  const seconds = (performance.now() - startedMs) / 1_000;
  parts.progress(
    `stored ${whole(storedRuns)} runs in ${whole(seconds)} s: ${megabytes(await storedBytes(sql))} with indexes`,
  );
}

function requireSpace({ database: { folder } }: BenchParts, runs: number): void {
  if (folder === null) return;
  const { bavail, bsize } = statfsSync(folder);
  const needed = runs * BYTES_PER_RUN;
  if (bavail * bsize >= needed) return;
  throw cliError(
    "CLI_BAD_ARGUMENT",
    `--stored needs for ${whole(runs)} runs some ${megabytes(needed)} on the disk of ${folder}, which has ${megabytes(bavail * bsize)}; store fewer, or name a database elsewhere with --database-url`,
  );
}
