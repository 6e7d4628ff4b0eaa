/** `sluice bench engine`: a database of its own, the measurement, and what people and scripts get to see of it. */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT_LOG } from "@sluice/host/log";
import { startEmbeddedPostgres } from "@sluice/host/postgres";
import type { PostgresTarget } from "@sluice/host/postgres";
import { printJson, styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import type { JsonOption } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { renderTable } from "../table.ts";
import { benchEngine } from "./engine-bench.ts";
import type { BenchPlan, BenchResult, BenchRow, ParticipantKind } from "./engine-bench.ts";

export interface BenchFlags extends JsonOption {
  readonly seconds?: number;
  readonly inFlight?: readonly number[];
  readonly participants?: readonly ParticipantKind[];
  readonly databaseUrl?: string;
}

export async function bench(cli: Cli, flags: BenchFlags): Promise<ExitCode> {
  const plan: BenchPlan = {
    seconds: flags.seconds ?? 5,
    inFlight: flags.inFlight ?? [1, 50, 1_000],
    kinds: flags.participants ?? ["transactional", "http"],
    lanes: 16,
  };
  const result = await withDatabase(flags.databaseUrl, (target) =>
    benchEngine({
      target,
      plan,
      signal: cli.interruption(),
      progress: (what) => cli.stderr.write(`${what} …\n`),
    }),
  );
  if (flags.json === true) printJson(cli, { plan, cores: availableParallelism(), ...result });
  else cli.stdout.write(describe(cli, plan, result));
  return result.findings.length === 0 ? EXIT.ok : EXIT.failed;
}

async function withDatabase<T>(
  url: string | undefined,
  work: (target: PostgresTarget) => Promise<T>,
): Promise<T> {
  if (url !== undefined) return work(url);
  // Not made here: the database's user may be another than ours, and makes it as its own.
  const directory = join(tmpdir(), `sluice-bench-${randomUUID()}`);
  const embedded = await startEmbeddedPostgres({ dataDirectory: directory, log: SILENT_LOG });
  try {
    return await work(embedded.target);
  } finally {
    await embedded.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function describe(cli: Cli, plan: BenchPlan, { rows, ceiling, findings }: BenchResult): string {
  const table = renderTable<BenchRow>(
    rows,
    [
      { title: "participants", cell: (row) => row.participants },
      { title: "in flight", cell: (row) => String(row.inFlight), align: "right" },
      { title: "runs/s", cell: (row) => whole(row.runsPerSecond), align: "right" },
      { title: "transitions/s", cell: (row) => whole(row.transitionsPerSecond), align: "right" },
      { title: "of ceiling", cell: (row) => `${whole(100 * row.ofCeiling)} %`, align: "right" },
      { title: "p50 ms", cell: (row) => row.p50Ms.toFixed(1), align: "right" },
      { title: "p99 ms", cell: (row) => row.p99Ms.toFixed(1), align: "right" },
    ],
    styleOf(cli),
  );
  const audit =
    findings.length === 0
      ? "The audit found every invariant kept.\n"
      : `The audit found:\n${findings.slice(0, 20).join("\n")}\n`;
  return `${table}
Ceiling: ${whole(ceiling.transitionsPerSecond)} transitions/s, the same rows written by plain statements, ${ceiling.connections} connections, batches of ${ceiling.transitionsPerBatch}.
Conditions: ${availableParallelism()} cores for engine, participants and Postgres, fsync on, closed loop, ${plan.seconds} s for each figure.
${audit}`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
