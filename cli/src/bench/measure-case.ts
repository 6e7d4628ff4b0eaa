/** Measures one case: the engine in a process of its own, on schemas of its own, under its load. */
import { randomUUID } from "node:crypto";
import { createPostgresStore } from "@sluice/engine/postgres";
import type { BenchDatabase } from "./database/bench-database.ts";
import { transitionsOf } from "./flow/bench-flow.ts";
import { driveLoad } from "./load/drive-load.ts";
import { httpCaller } from "./load/http-caller.ts";
import type { Load, LoadResult } from "./load/load.ts";
import { costBetween, takeSnapshot } from "./observe/snapshot.ts";
import type { Cost, Snapshot, SnapshotSources } from "./observe/snapshot.ts";
import { isBroker, isRemote } from "./participants/participant-kind.ts";
import { startParticipants } from "./participants/start-participants.ts";
import type { Participants } from "./participants/start-participants.ts";
import { effectFaults } from "./participants/tables.ts";
import type { BenchCase } from "./plan.ts";
import type { CpuProfile } from "./profile/cpu-profile.ts";
import type { EngineConfig } from "./subject/engine-config.ts";
import { startSubject } from "./subject/start-subject.ts";
import type { Usage } from "./subject/subject.ts";
import type { SubjectProcess } from "./subject/start-subject.ts";

export interface Measured extends LoadResult {
  readonly transitions: number;
  readonly cost: Cost;
  /** Of the engine's process, from its start on. */
  readonly peakBytes: number;
  readonly profile: CpuProfile | null;
  /** Of the participants' process, when it was asked for and they have one. */
  readonly participantsProfile: CpuProfile | null;
}

/** A broker that runs for the benchmark. */
export interface BenchBroker {
  readonly address: string;
  /** `null` where its CPU time is unknown. */
  readonly pid: number | null;
}

export interface MeasureParts {
  readonly database: BenchDatabase;
  readonly case: BenchCase;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly signal: AbortSignal;
  readonly isProfiled?: boolean;
  /** Of the case's transport, where that is one over a broker. */
  readonly broker?: BenchBroker;
  /** Called when the window opens and when it is closed. */
  onWindow?(window: "opened" | "closed"): Promise<void>;
}

const ENGINE_PROCESS = new URL("./subject/engine.process.ts", import.meta.url);

export async function measureCase(parts: MeasureParts): Promise<Measured> {
  const { flow, participants, door, inFlight } = parts.case;
  if (isBroker(participants) && parts.broker === undefined)
    throw new Error(`no broker runs for a case over ${participants}`);
  const remote = isRemote(participants)
    ? await startParticipants(flow, participants, parts.broker?.address ?? null)
    : null;
  try {
    const config: EngineConfig = {
      target: parts.database.target,
      flow,
      participants,
      reach: remote?.reach ?? null,
      door,
      inFlight,
    };
    const engine = await startSubject(ENGINE_PROCESS, config);
    try {
      return await measureSubject(parts, engine, remote);
    } finally {
      await engine.close();
    }
  } finally {
    await remote?.process.close();
  }
}

/** Puts the load of the case on a subject that is open, and looks at what it costs. */
export async function measureSubject(
  parts: MeasureParts,
  subject: SubjectProcess,
  participants: Participants | null,
): Promise<Measured> {
  const { database, signal } = parts;
  const { flow, inFlight, arrivalsPerSecond } = parts.case;
  const window = watchWindow(parts, participants, {
    sql: database.sql,
    postmasterPid: database.postmasterPid,
    participantsPid: participants?.process.pid ?? null,
    brokerPid: parts.broker?.pid ?? null,
  });
  const { seconds, warmUpSeconds } = parts;
  const load: Load = { inFlight, arrivalsPerSecond, warmUpSeconds, seconds };
  const { result, profile } =
    parts.case.door === "library"
      ? await subject.load({ load, isProfiled: parts.isProfiled === true }, { signal, ...window })
      : { result: await loadOverHttp(subject, parts, load, window), profile: null };
  return {
    ...result,
    transitions: result.runs * transitionsOf(flow),
    cost: await window.cost(),
    peakBytes: (await subject.usage()).peakBytes,
    profile,
    participantsProfile: await window.participantsProfile(),
  };
}

type Window = ReturnType<typeof watchWindow>;

/** Looks at all processes when the window opens and when it is closed. */
function watchWindow(
  { onWindow, isProfiled = false }: MeasureParts,
  participants: Participants | null,
  sources: SnapshotSources,
) {
  const looks: Promise<Snapshot>[] = [];
  const profiled = isProfiled ? (participants?.process ?? null) : null;
  let participantsProfile: Promise<CpuProfile | null> = Promise.resolve(null);
  const profile = (window: "opened" | "closed"): Promise<unknown> | undefined => {
    if (window === "opened") return profiled?.startProfile();
    if (profiled !== null) participantsProfile = profiled.profile();
    return participantsProfile;
  };
  const look = (window: "opened" | "closed", usage: Usage | Promise<Usage>): void => {
    const snapshot = takeSnapshot(sources, usage);
    const looked = Promise.all([snapshot, onWindow?.(window), profile(window)]).then(([taken]) => taken);
    // Whoever asks for the cost hears of a failure.
    looked.catch(() => {});
    looks.push(looked);
  };
  return {
    opened: (usage: Usage | Promise<Usage>) => look("opened", usage),
    closed: (usage: Usage | Promise<Usage>) => look("closed", usage),
    cost: async (): Promise<Cost> => {
      const [before, after] = await Promise.all(looks);
      if (before === undefined || after === undefined) throw new Error("the window of the load never opened");
      return costBetween(before, after);
    },
    /** Of those that were profiled. */
    participantsProfile: () => participantsProfile,
  };
}

/** The callers are this process, which does nothing else meanwhile. */
async function loadOverHttp(
  engine: SubjectProcess,
  { case: { flow, inFlight }, signal }: MeasureParts,
  load: Load,
  window: Window,
): Promise<LoadResult> {
  if (engine.url === null || flow === "purchase")
    throw new Error("the engine has no door over which this flow could be started");
  const caller = httpCaller(engine.url, flow, Math.max(inFlight, load.inFlight));
  try {
    return await driveLoad(caller.runOnce, load, {
      signal,
      opened: () => window.opened(engine.usage()),
      closed: () => window.closed(engine.usage()),
    });
  } finally {
    await caller.close();
  }
}

/** A fast engine that is wrong is no result: what an audit says afterwards, one sentence for each fault. */
export async function auditCase({
  database,
  case: { flow, participants },
}: Pick<MeasureParts, "database" | "case">): Promise<{ readonly faults: string[]; readonly runs: number }> {
  const store = createPostgresStore({ target: database.target, engineId: randomUUID() });
  try {
    const { findings, runs } = await store.audit({ quiet: true });
    const faults = findings.map(({ invariant, runId, message }) => `${invariant} ${runId ?? ""} ${message}`);
    const effects = participants === "transactional" ? await effectFaults(database.sql, flow, runs) : [];
    return { faults: [...faults, ...effects.map((fault) => `I2 ${fault}`)], runs };
  } finally {
    await store.close();
  }
}
