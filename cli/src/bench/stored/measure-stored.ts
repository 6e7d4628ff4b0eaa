/** The same cases beside more and more stored runs: what growth costs. */
import { statfsSync } from "node:fs";
import { cliError } from "../../errors.ts";
import { NOTHING_FOUND, toRow } from "../bench-run.ts";
import type { BenchParts, Found } from "../bench-run.ts";
import { caseText } from "../case-text.ts";
import { renewSchemas } from "../database/bench-database.ts";
import { measureCase } from "../measure-case.ts";
import { megabytes, whole } from "../numbers.ts";
import type { BenchCase } from "../plan.ts";
import type { BenchRow } from "../result.ts";
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

/**
 * From the fewest to the most, each on tables of its own. The stored runs are copies of one run of the first case. Nothing is audited: that would
 * read all of them.
 * @throws CLI_BAD_ARGUMENT (invalid) when the disk cannot hold the most
 */
export async function measureStored(
  parts: BenchParts,
  sizes: readonly number[],
  cases: readonly BenchCase[],
): Promise<Found> {
  const rows: BenchRow[] = [];
  const [first] = cases;
  requireSpace(parts, Math.max(...sizes));
  for (const storedRuns of sizes.toSorted((a, b) => a - b)) {
    if (first === undefined || parts.signal.aborted) break;
    await fill(parts, first, storedRuns);
    for (const each of cases) {
      if (parts.signal.aborted) break;
      parts.progress(`${whole(storedRuns)} stored: ${caseText(each)}`);
      const measured = await measureCase({ ...parts, case: each });
      if (!parts.signal.aborted) rows.push(toRow(each, measured, { subject: "sluice", storedRuns }));
    }
  }
  return { ...NOTHING_FOUND, rows };
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
    `--stored ${runs} needs some ${megabytes(needed)} on the disk of ${folder}, which has ${megabytes(bavail * bsize)}; store fewer, or name a database elsewhere with --database-url`,
  );
}
