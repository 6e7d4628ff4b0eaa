/** `sluice bench engine`: the engine on a real Postgres, with participants of both kinds, beside the ceiling of the same run. */
import { randomUUID } from "node:crypto";
import { createEngine } from "@sluice/engine";
import type { AuditReport, TransactionalParticipant, Transport } from "@sluice/engine";
import { createPostgresStore } from "@sluice/engine/postgres";
import { openPostgres } from "@sluice/host/postgres";
import type { PostgresTarget } from "@sluice/host/postgres";
import { migrateEngine } from "../database/engine-schema.ts";
import { measureCeiling } from "./ceiling.ts";
import type { CeilingResult } from "./ceiling.ts";
import { closedLoop } from "./closed-loop.ts";
import type { LoopResult } from "./closed-loop.ts";
import { startHttpParticipants } from "./http-participants.ts";
import { countEffects, createTables, transactionalParticipants } from "./participants.ts";
import { TRANSITIONS_PER_RUN, purchase } from "./purchase.ts";

export type ParticipantKind = "transactional" | "http";

export interface BenchPlan {
  readonly inFlight: readonly number[];
  readonly kinds: readonly ParticipantKind[];
  readonly seconds: number;
  readonly lanes: number;
}

export interface BenchRow extends LoopResult {
  readonly participants: ParticipantKind;
  readonly transitionsPerSecond: number;
  /** Part of the ceiling measured in the same run. */
  readonly ofCeiling: number;
}

export interface BenchResult {
  readonly rows: readonly BenchRow[];
  readonly ceiling: CeilingResult;
  /** What the audit says afterwards; a fast engine that is wrong is no result. */
  readonly findings: readonly string[];
}

interface BenchParts {
  readonly target: PostgresTarget;
  readonly plan: BenchPlan;
  readonly signal: AbortSignal;
  progress(what: string): void;
}

/** Time before each measurement in which caches fill and statements are prepared. */
const WARM_UP_SECONDS = 1;

export async function benchEngine({ target, plan, signal, progress }: BenchParts): Promise<BenchResult> {
  const sql = await openPostgres(target, { applicationName: "sluice-bench", connectionsMax: 2 });
  try {
    await migrateEngine(sql);
    await createTables(sql);
    // Half before and half after: what the machine has left to give changes while others use it.
    progress("measuring the ceiling");
    const before = await measureCeiling(target, plan.seconds, signal);
    const measured: Omit<BenchRow, "ofCeiling">[] = [];
    const findings: string[] = [];
    for (const kind of plan.kinds) {
      const { rows, report } = await benchKind({ target, plan, signal, progress }, kind);
      measured.push(...rows);
      findings.push(
        ...report.findings.map(({ invariant, runId, message }) => `${invariant} ${runId ?? ""} ${message}`),
      );
      if (kind === "transactional") findings.push(...(await checkEffects(sql, report)));
    }
    progress("measuring the ceiling again");
    const after = await measureCeiling(target, plan.seconds, signal);
    const ceiling = {
      ...after,
      transitionsPerSecond: (before.transitionsPerSecond + after.transitionsPerSecond) / 2,
    };
    return {
      rows: measured.map((row) => ({
        ...row,
        ofCeiling: row.transitionsPerSecond / ceiling.transitionsPerSecond,
      })),
      ceiling,
      findings,
    };
  } finally {
    await sql.end();
  }
}

async function benchKind({ target, plan, signal, progress }: BenchParts, kind: ParticipantKind) {
  const http = kind === "http" ? await startHttpParticipants() : null;
  const participants: readonly (TransactionalParticipant | Transport)[] =
    http?.transports ?? transactionalParticipants();
  const store = createPostgresStore({ target, engineId: randomUUID() });
  const engine = await createEngine({
    store,
    flows: [purchase],
    participants,
    options: { lanes: plan.lanes },
  });
  await engine.start();
  const rows: Omit<BenchRow, "ofCeiling">[] = [];
  try {
    for (const inFlight of plan.inFlight) {
      progress(`${kind} participants, ${inFlight} in flight`);
      await closedLoop(engine.client, inFlight, WARM_UP_SECONDS, signal);
      const result = await closedLoop(engine.client, inFlight, plan.seconds, signal);
      rows.push({
        participants: kind,
        ...result,
        transitionsPerSecond: result.runsPerSecond * TRANSITIONS_PER_RUN,
      });
    }
  } finally {
    await engine.stop();
    await http?.stop();
  }
  progress("checking the invariants");
  const report = await store.audit({ quiet: true });
  await store.close();
  return { rows, report };
}

/** Each run had each effect once. */
async function checkEffects(
  sql: Parameters<typeof countEffects>[0],
  { runs }: AuditReport,
): Promise<string[]> {
  const { tickets, sold, closed } = await countEffects(sql);
  return tickets === runs && sold === runs && closed === runs
    ? []
    : [
        `I2 ${runs} runs have ${tickets} tickets, ${sold} seats sold and ${closed} closed orders, expected ${runs} of each`,
      ];
}
