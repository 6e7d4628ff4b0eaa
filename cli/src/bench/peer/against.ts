/** The engine and a peer, case by case one after the other on the same Postgres: at full speed, then at equal load. */
import { withDatabase } from "@sluice/host/postgres";
import { NOTHING_FOUND, measureCases, toRow } from "../bench-run.ts";
import type { BenchParts, Found } from "../bench-run.ts";
import { caseText } from "../case-text.ts";
import { measureSubject } from "../measure-case.ts";
import type { BenchCase } from "../plan.ts";
import type { BenchRow } from "../result.ts";
import { startSubject } from "../subject/start-subject.ts";
import { requireDbos } from "./dbos-sdk.compat.ts";
import { PEER_STEPS } from "./peer-config.ts";
import type { PeerConfig, PeerName, PeerSteps } from "./peer-config.ts";

/** @throws CLI_BAD_ARGUMENT (invalid) when it is not installed */
export function requirePeer(name: PeerName): void {
  switch (name) {
    case "dbos":
      return requireDbos();
  }
}

const PROCESSES: Readonly<Record<PeerName, URL>> = {
  dbos: new URL("./dbos-process.compat.ts", import.meta.url),
};

/** What is compared when nobody asked for other cases. */
export const AGAINST_CASES: readonly BenchCase[] = PEER_STEPS.flatMap((participants) =>
  [1, 50, 1_000].map((inFlight) => ({
    flow: 3,
    participants,
    door: "library" as const,
    inFlight,
    arrivalsPerSecond: null,
  })),
);

/** The load at which latencies are compared: so much of what the peer reaches. Beyond that its queue, not its work, would be measured. */
const SHARE_OF_PEER = 0.7;

/** Under way at once at equal load, at most. */
const IN_FLIGHT_AT_EQUAL_LOAD = 1_000;

/** Cases that a peer has no counterpart to are skipped, and said. */
export async function measureAgainst(
  parts: BenchParts,
  peer: PeerName,
  cases: readonly BenchCase[],
): Promise<Found> {
  const comparable = cases.filter(isComparable);
  const skipped = cases
    .filter((each) => !isComparable(each))
    .map((each) => ({ case: caseText(each), reason: `${peer} has no counterpart to it here` }));
  const full = await measurePairs(parts, peer, comparable);
  const equal = comparable.some(({ arrivalsPerSecond }) => arrivalsPerSecond !== null)
    ? []
    : casesAtEqualLoad(peer, full.rows);
  const rest = await measurePairs(parts, peer, equal);
  return {
    ...NOTHING_FOUND,
    rows: [...full.rows, ...rest.rows],
    skipped,
    auditedRuns: full.auditedRuns + rest.auditedRuns,
    findings: [...full.findings, ...rest.findings],
  };
}

type ComparableCase = BenchCase & { readonly flow: number; readonly participants: PeerSteps };

function isComparable<Case extends BenchCase>(each: Case): each is Case & ComparableCase {
  return each.flow !== "purchase" && each.door === "library" && each.participants !== "http";
}

async function measurePairs(
  parts: BenchParts,
  peer: PeerName,
  cases: readonly ComparableCase[],
): Promise<Found> {
  const rows: BenchRow[] = [];
  const findings: string[] = [];
  let auditedRuns = 0;
  for (const each of cases) {
    if (parts.signal.aborted) break;
    const ours = await measureCases(parts, [each], { isCeilingWanted: false });
    if (parts.signal.aborted) break;
    parts.progress(`${peer}: ${caseText(each)}`);
    const theirs = await measurePeer(parts, peer, each);
    rows.push(...ours.rows, ...(parts.signal.aborted ? [] : [theirs]));
    findings.push(...ours.findings);
    auditedRuns += ours.auditedRuns;
  }
  return { ...NOTHING_FOUND, rows, findings, auditedRuns };
}

/** In a database of its own, dropped afterwards. */
async function measurePeer(parts: BenchParts, peer: PeerName, of: ComparableCase): Promise<BenchRow> {
  const { sql, target } = parts.database;
  const name = `sluice_bench_${peer}`;
  const drop = () => sql`drop database if exists ${sql(name)} with (force)`;
  await drop();
  await sql`create database ${sql(name)}`;
  try {
    const config: PeerConfig = {
      target: withDatabase(target, name),
      steps: of.flow,
      kind: of.participants,
    };
    const subject = await startSubject(PROCESSES[peer], config);
    try {
      const measured = await measureSubject({ ...parts, case: of }, subject, null);
      return toRow(of, measured, { subject: peer, storedRuns: 0 });
    } finally {
      await subject.close();
    }
  } finally {
    await drop();
  }
}

function casesAtEqualLoad(peer: PeerName, rows: readonly BenchRow[]): ComparableCase[] {
  const theirs = rows.filter(({ subject }) => subject === peer).filter(isComparable);
  return [...Map.groupBy(theirs, ({ flow, participants }) => `${flow} ${participants}`).values()].flatMap(
    (group) => {
      const fastest = group.toSorted((a, b) => b.runsPerSecond - a.runsPerSecond)[0];
      if (fastest === undefined) return [];
      const { flow, participants, door, runsPerSecond } = fastest;
      const arrivalsPerSecond = Math.max(1, Math.floor(SHARE_OF_PEER * runsPerSecond));
      return [{ flow, participants, door, inFlight: IN_FLIGHT_AT_EQUAL_LOAD, arrivalsPerSecond }];
    },
  );
}
