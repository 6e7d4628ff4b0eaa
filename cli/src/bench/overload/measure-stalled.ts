/** What a participant that answers nobody does to the flow of another one: measured in turns, with its commands waiting and with none. */
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import type { BenchParts } from "../bench-run.ts";
import { renewSchemas } from "../database/bench-database.ts";
import type { Load } from "../load/load.ts";
import { auditCase } from "../measure-case.ts";
import type { BenchCase } from "../plan.ts";
import { startSubject } from "../subject/start-subject.ts";
import type { SubjectProcess } from "../subject/start-subject.ts";
import { ENGINE_PROCESS } from "./measure-overload.ts";
import type { OverloadResult, StalledRow } from "./result.ts";
import { stalledFlow } from "./stalled-flow.ts";
import { startStalledParticipant } from "./stalled-participant.ts";
import type { StalledParticipant } from "./stalled-participant.ts";

/** The flow that must not notice: participants within the process, so that its commands leave as those of the other do. */
const BYSTANDER: BenchCase = {
  flow: 3,
  participants: "local",
  door: "library",
  inFlight: 50,
  arrivalsPerSecond: null,
};

/** Several times what one channel lets out at once. */
export const USUAL_STALLED_RUNS = 2_000;
const STARTED_AT_ONCE = 100;
const ROUNDS = 3;
/** How long the stalled commands may take to leave, and to be answered in the end. */
const PATIENCE_MS = 30_000;
const LOOK_EVERY_MS = 10;

export type StalledFound = Pick<OverloadResult, "stalled" | "auditedRuns" | "findings">;

interface StalledParts extends BenchParts {
  /** How many runs wait for the participant that answers nobody, in each round. */
  readonly stalledRuns: number;
}

export async function measureStalled(parts: StalledParts): Promise<StalledFound> {
  await renewSchemas(parts.database.sql);
  const participant = await startStalledParticipant();
  try {
    const stalled = await measureRounds(parts, participant);
    if (parts.signal.aborted) return { stalled, auditedRuns: 0, findings: [] };
    const { faults, runs } = await auditCase({ ...parts, case: BYSTANDER });
    return { stalled, auditedRuns: runs, findings: faults };
  } finally {
    await participant.close();
  }
}

async function measureRounds(parts: StalledParts, participant: StalledParticipant): Promise<StalledRow[]> {
  const { target } = parts.database;
  const config = { ...BYSTANDER, target, reach: null, door: "http", stalledUrl: participant.url };
  const engine = await startSubject(ENGINE_PROCESS, config);
  const rows: StalledRow[] = [];
  try {
    await measureRow(parts, engine, false, participant);
    for (let round = 1; round <= ROUNDS && !parts.signal.aborted; round++) {
      parts.progress(`a stalled participant: round ${round} of ${ROUNDS}`);
      rows.push(await measureRow(parts, engine, false, participant));
      participant.stall();
      await startStalledRuns(engine, parts.stalledRuns);
      await until("stalled commands have left", () => participant.waiting > 0);
      rows.push(await measureRow(parts, engine, true, participant));
      const answered = round * parts.stalledRuns;
      participant.letGo();
      await until("all stalled commands are answered", () => participant.answered >= answered);
    }
    return parts.signal.aborted ? [] : rows;
  } finally {
    participant.letGo();
    await engine.close();
  }
}

async function measureRow(
  { stalledRuns, seconds, warmUpSeconds, signal }: StalledParts,
  engine: SubjectProcess,
  isStalled: boolean,
  participant: StalledParticipant,
): Promise<StalledRow> {
  const load: Load = { inFlight: BYSTANDER.inFlight, arrivalsPerSecond: null, warmUpSeconds, seconds };
  let commandsUnderWay = 0;
  const watch = { signal, opened: () => {}, closed: () => void (commandsUnderWay = participant.waiting) };
  const { result } = await engine.load({ load, isProfiled: false }, watch);
  return {
    isStalled,
    runsPerSecond: result.runs / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    runsWaiting: isStalled ? stalledRuns : 0,
    commandsUnderWay,
  };
}

async function startStalledRuns({ url }: SubjectProcess, runs: number): Promise<void> {
  for (let started = 0; started < runs; started += STARTED_AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(STARTED_AT_ONCE, runs - started) }, () => startStalledRun(url ?? "")),
    );
}

async function startStalledRun(url: string): Promise<void> {
  const { statusCode, body } = await request(`${url}/v1/flows/${stalledFlow.name}/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ data: {} }),
  });
  const text = await body.text();
  if (statusCode !== 201) throw new Error(`a run was answered with ${statusCode} ${text.slice(0, 300)}`);
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const untilMs = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    if (performance.now() > untilMs) throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
    await sleep(LOOK_EVERY_MS);
  }
}
