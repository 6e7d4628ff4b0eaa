/** What has been used so far, at one moment; the difference of two is what a window has cost. */
import type { Sql } from "@sluice/host/postgres";
import type { Usage } from "../subject/subject.ts";
import { busySeconds } from "./machine.ts";
import { familyCpuSeconds, readStat } from "./process-stat.ts";

export interface Snapshot {
  readonly atMs: number;
  readonly subject: Usage;
  readonly postgresCpuSeconds: number | null;
  readonly callersCpuSeconds: number;
  readonly participantsCpuSeconds: number | null;
  readonly brokerCpuSeconds: number | null;
  readonly machineCpuSeconds: number;
  readonly walBytes: number;
}

export interface SnapshotSources {
  readonly sql: Sql;
  readonly postmasterPid: number | null;
  /** The process of the participants, when they have one of their own. */
  readonly participantsPid: number | null;
  /** The broker between, when there is one. */
  readonly brokerPid: number | null;
}

/** Processes are looked at now; the server is asked for its position right after. */
export async function takeSnapshot(
  { sql, postmasterPid, participantsPid, brokerPid }: SnapshotSources,
  usage: Usage | Promise<Usage>,
): Promise<Snapshot> {
  const { user, system } = process.cpuUsage();
  const now = {
    atMs: performance.now(),
    postgresCpuSeconds: familyCpuSeconds(postmasterPid),
    callersCpuSeconds: (user + system) / 1e6,
    participantsCpuSeconds: participantsPid === null ? 0 : (readStat(participantsPid)?.cpuSeconds ?? null),
    brokerCpuSeconds: brokerPid === null ? 0 : familyCpuSeconds(brokerPid),
    machineCpuSeconds: busySeconds(),
  };
  const [subject, walBytes] = await Promise.all([usage, walPosition(sql)]);
  return { ...now, subject, walBytes };
}

/** How many bytes of WAL the server has made. */
async function walPosition(sql: Sql): Promise<number> {
  const [row] = await sql<{ bytes: number }[]>`
    select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as bytes`;
  return row?.bytes ?? Number.NaN;
}

/** What a window has cost. */
export interface Cost {
  readonly subjectCpuSeconds: number;
  readonly postgresCpuSeconds: number | null;
  readonly callersCpuSeconds: number;
  readonly participantsCpuSeconds: number | null;
  readonly brokerCpuSeconds: number | null;
  /** Cores that nobody of us kept busy, on average. `null` where nobody knows what Postgres took. */
  readonly othersCores: number | null;
  readonly walBytes: number;
}

export function costBetween(before: Snapshot, after: Snapshot): Cost {
  const subjectCpuSeconds = after.subject.cpuSeconds - before.subject.cpuSeconds;
  const postgresCpuSeconds = difference(before.postgresCpuSeconds, after.postgresCpuSeconds);
  const callersCpuSeconds = after.callersCpuSeconds - before.callersCpuSeconds;
  const participantsCpuSeconds = difference(before.participantsCpuSeconds, after.participantsCpuSeconds);
  const brokerCpuSeconds = difference(before.brokerCpuSeconds, after.brokerCpuSeconds);
  const busy = after.machineCpuSeconds - before.machineCpuSeconds;
  const seconds = (after.atMs - before.atMs) / 1_000;
  const ours =
    postgresCpuSeconds === null
      ? null
      : subjectCpuSeconds +
        postgresCpuSeconds +
        callersCpuSeconds +
        (participantsCpuSeconds ?? 0) +
        (brokerCpuSeconds ?? 0);
  return {
    subjectCpuSeconds,
    postgresCpuSeconds,
    callersCpuSeconds,
    participantsCpuSeconds,
    brokerCpuSeconds,
    othersCores: ours === null ? null : Math.max(0, (busy - ours) / seconds),
    walBytes: after.walBytes - before.walBytes,
  };
}

function difference(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : after - before;
}
