/**
 * The real thing that a storm goes over: a Postgres of its own with fsync on, processes with engines, participants, callers and a pulse.
 * Owns all of it from `openWorld` to `close`; nothing of it is left running.
 */
import { CallerLedger } from "@sluice/engine/random-flows";
import type { GeneratedFlow, Report } from "@sluice/engine/random-flows";
import type { Env } from "@sluice/host/options";
import { closePostgres, openPostgres } from "@sluice/host/postgres";
import type { Sql } from "@sluice/host/postgres";
import { openClosable } from "../closable.ts";
import type { Closable, OnClose } from "../closable.ts";
import type { EngineChild } from "./engine-child.ts";
import { Crowd } from "./load/crowd.ts";
import { Outside } from "./load/outside.ts";
import { Pulse } from "./load/pulse.ts";
import { openDatabase, prepareSchemas } from "./open-database.ts";
import type { WorldDatabase } from "./open-database.ts";
import { drawProfile } from "./profile.ts";
import type { StormProfile } from "./profile.ts";
import { startProcesses } from "./start-processes.ts";
import type { StartProcesses, WorldProcesses } from "./start-processes.ts";
import { PULSE_FLOW, stormFlows } from "./storm-flows.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly engines: number;
  /** How many callers come in a second; null: as the seed has it. */
  readonly callers: number | null;
  /** Empty, and there already. */
  readonly directory: string;
  /** Of the processes. */
  readonly env: Env;
  /** Ctrl-C. */
  readonly stop: AbortSignal;
  readonly report: Report;
}

interface WorldPeople {
  /** What callers remember. */
  readonly ledger: CallerLedger;
  readonly crowd: Crowd;
  readonly pulse: Pulse;
  /** Nobody asks anything any more. */
  hush(): void;
}

export interface World extends WorldDatabase, WorldProcesses, WorldPeople, Closable {
  readonly seed: number;
  readonly profile: StormProfile;
  readonly flows: readonly GeneratedFlow[];
  readonly stop: AbortSignal;
  readonly report: Report;
  /** Connections of the proof itself. */
  readonly sql: Sql;
  /** Channels behind a broker. @default none */
  readonly brokered?: ReadonlySet<string>;
  /** What is on its way beyond the database, in words; nothing when all has come. @default nothing ever is */
  readonly listOwed?: () => Promise<readonly string[]>;
  /** What somebody saw of it who should not have, in words. @default nobody looks */
  readonly listErrors?: () => readonly string[];
  /** What else was done to it, by name. @default nothing */
  readonly counts?: () => Readonly<Record<string, number>>;
}

const CONNECTIONS_MAX = 4;
const STATEMENT_MS_MAX = 20_000;

/** Makes the world and waits until each lane is served. */
export function openWorld(options: WorldOptions): Promise<World> {
  return openClosable((onClose) => makeWorld(options, onClose, startProcesses), options.report);
}

/** The same around processes of any kind. */
export async function makeWorld<Processes extends WorldProcesses>(
  options: WorldOptions,
  onClose: OnClose,
  start: StartProcesses<Processes>,
): Promise<Omit<World, "close"> & Processes> {
  const { seed, callers, stop, report } = options;
  const drawn = drawProfile(seed);
  const profile = { ...drawn, callersPerSecond: callers ?? drawn.callersPerSecond };
  const base = { seed, stop, report, profile, flows: stormFlows(seed) };
  const database = await openDatabase(options, onClose);
  const { databaseUrl } = database;
  const sql = await openPostgres(databaseUrl, {
    applicationName: "sluice-proof",
    connectionsMax: CONNECTIONS_MAX,
    statementMs: STATEMENT_MS_MAX,
  });
  onClose(() => closePostgres(sql));
  await prepareSchemas(sql);
  const processes = await start(options, { databaseUrl, sql }, onClose);
  const people = await letPeopleIn({ ...base, ...processes }, onClose);
  return { ...base, ...database, sql, ...processes, ...people };
}

/** Callers ask whomever they know, dead and frozen engines too; the pulse asks those who can answer. */
async function letPeopleIn(
  world: Pick<World, "seed" | "profile" | "flows" | "report" | "stop" | "engines" | "callersUrl">,
  onClose: OnClose,
): Promise<WorldPeople> {
  const { seed, profile, report, stop, engines } = world;
  const silence = new AbortController();
  const ledger = new CallerLedger();
  const asking = { seed, ledger, report, signal: AbortSignal.any([silence.signal, stop]) };
  const { callersPerSecond, options } = profile;
  const awake = openOutside(() => urlsOf(awakeOf(engines)), report, onClose);
  const pulse = await Pulse.start({ ...asking, outside: awake, lanes: options.lanes });
  const doors = world.callersUrl === undefined ? urlsOf(engines) : [world.callersUrl];
  const outside = openOutside(() => doors, report, onClose);
  const flows = world.flows.filter(({ name }) => name !== PULSE_FLOW);
  const crowd = new Crowd({ ...asking, outside, flows, callersPerSecond });
  onClose(async () => {
    silence.abort();
    await crowd.close();
  });
  return { ledger, crowd, pulse, hush: () => silence.abort() };
}

function openOutside(urls: () => readonly string[], report: Report, onClose: OnClose): Outside {
  const complain = (message: string): void =>
    report("engine", `a caller was told what nobody should be: ${message}`);
  const outside = new Outside({ urls, complain });
  onClose(() => outside.close());
  return outside;
}

/** Those who will answer; all of them when none will. */
function awakeOf(engines: readonly EngineChild[]): readonly EngineChild[] {
  const awake = engines.filter(({ isAwake }) => isAwake);
  return awake.length > 0 ? awake : engines;
}

function urlsOf(engines: readonly EngineChild[]): readonly string[] {
  return engines.map(({ url }) => url);
}
