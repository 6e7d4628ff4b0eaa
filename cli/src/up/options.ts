/** Options of `sluice up`, resolved before anything is started: flag > environment > default. */
import { hasCode } from "@sluice/contracts/problem";
import { LOG_LEVELS } from "@sluice/host/log";
import type { LogLevel } from "@sluice/host/log";
import { isLoopback, resolveHttpOptions } from "@sluice/host/http";
import type { ResolvedHttpOptions } from "@sluice/host/http";
import { badOptions, listenTo, resolveOptions, resolveRooms, variableOf } from "@sluice/host/options";
import type { Env, OptionReader } from "@sluice/host/options";
import { resolveTracingOptions } from "@sluice/host/tracing";
import type { ResolvedTracingOptions } from "@sluice/host/tracing";
import { resolveEngineOptions } from "@sluice/engine";
import type { EngineOptions } from "@sluice/engine";
import type { AccessOptions, EngineApiOptions } from "@sluice/engine/http";
import { messageOf } from "../arguments.ts";
import type { DatabaseFlags } from "../database/flags.ts";
import { DATABASE_FLAGS, resolveDatabaseOptions } from "../database/options.ts";
import type { ResolvedDatabaseOptions } from "../database/options.ts";

export interface UpOptions extends DatabaseFlags {
  /** A file of options, behind flags and variables. `SLUICE_CONFIG`. */
  readonly config?: string | undefined;
  /** Whether it has to join a database that is there. @default false */
  readonly isReplica?: boolean;
  /** The address to listen on. `SLUICE_HTTP_HOST`. @default "127.0.0.1" */
  readonly host?: string | undefined;
  /** The TCP port; 0 lets the system choose. `SLUICE_HTTP_PORT`. @default 7070 */
  readonly port?: string | undefined;
  /** Where the other engines of the deployment reach this one. `SLUICE_ENGINE_ADDRESS`. @default the address listened on */
  readonly address?: string | undefined;
  /** Lanes of a new deployment, fixed when it is made. `SLUICE_ENGINE_LANES`. @default what the database has, 16 for a new one */
  readonly lanes?: string | undefined;
  /** How many days a run is kept after it has ended. `SLUICE_ENGINE_RETENTION_DAYS`. @default for ever */
  readonly retentionDays?: string | undefined;
  /** Whether each request to the engine's API needs a key: `auto` asks for one unless only this machine can reach the server. `SLUICE_ACCESS_KEYS`. @default "auto" */
  readonly keys?: string | undefined;
  /** The lowest level that is logged. `SLUICE_LOG_LEVEL`. @default "info" */
  readonly logLevel?: string | undefined;
  /** Log JSON lines on a terminal too, and no table. `SLUICE_UP_JSON`. @default false */
  readonly json?: boolean | undefined;
}

export interface ResolvedUpOptions {
  readonly http: ResolvedHttpOptions;
  readonly database: ResolvedDatabaseOptions;
  readonly engine: EngineOptions;
  readonly access: AccessOptions;
  readonly api: ApiOptions;
  readonly tracing: ResolvedTracingOptions;
  readonly logLevel: LogLevel;
  readonly isJson: boolean;
}

const FLAGS = {
  ...DATABASE_FLAGS,
  "http.host": "--host",
  "http.port": "--port",
  "engine.lanes": "--lanes",
  "engine.retentionDays": "--retention-days",
  "engine.address": "--address",
  "access.keys": "--keys",
  "up.logLevel": "--log-level",
  "up.json": "--json",
};

/** @throws HOST_BAD_OPTION (invalid) that lists every fault of every room */
export function resolveUpOptions(options: UpOptions, env: Env, directory: string): ResolvedUpOptions {
  const { up, http, database, engine, access, api, tracing } = resolveRooms(
    {
      up: () => readUpOptions(options, env),
      http: () => resolveHttpOptions({ host: options.host, port: options.port }, env),
      database: () => resolveDatabaseOptions(options, env, directory),
      access: () => readAccessOptions({ keys: options.keys }, env),
      api: () => readApiOptions({}, env),
      tracing: () => resolveTracingOptions({}, env),
      engine: () =>
        readEngineOptions(
          { lanes: options.lanes, retentionDays: options.retentionDays, address: options.address },
          env,
        ),
    },
    FLAGS,
  );
  const isKeyRequired = access.keys === "required" || !isLoopback(http.host);
  const { keyRequestsPerSecond } = access;
  return Object.freeze({
    http,
    database,
    engine,
    access: { isKeyRequired, keyRequestsPerSecond },
    api,
    tracing,
    ...up,
  });
}

/** Every variable that `resolveUpOptions` reads, whatever is set. */
export function variablesOfUp(directory: string): ReadonlySet<string> {
  const { env, asked } = listenTo({});
  resolveUpOptions({}, env, directory);
  return asked;
}

/** How a process that runs for long tells what it does. */
export function readUpOptions(
  options: Pick<UpOptions, "logLevel" | "json">,
  env: Env,
): Pick<ResolvedUpOptions, "logLevel" | "isJson"> {
  return resolveOptions({ room: "up", options, env }, (read) => ({
    // The log is the whole process's, so its variable names no room.
    logLevel: read.oneOf("logLevel", LOG_LEVELS, { default: "info", variable: "SLUICE_LOG_LEVEL" }),
    isJson: read.boolean("json", { default: false }),
  }));
}

interface AccessFlags {
  readonly keys?: string | undefined;
  /** Most requests of one key in a second. `SLUICE_ACCESS_KEY_REQUESTS_PER_SECOND`. @default 2000 */
  readonly keyRequestsPerSecond?: string | undefined;
}

function readAccessOptions(options: AccessFlags, env: Env) {
  return resolveOptions({ room: "access", options, env }, (read) => ({
    keys: read.oneOf("keys", ["auto", "required"], { default: "auto" }),
    keyRequestsPerSecond: read.wholeNumber("keyRequestsPerSecond", {
      min: 1,
      max: 1_000_000,
      default: 2_000,
    }),
  }));
}

export type ApiOptions = Required<Pick<EngineApiOptions, "streamsMax">>;

interface ApiFlags {
  /** Most streams of runs at once; past it FLOW_WAIT_FULL. `SLUICE_API_STREAMS_MAX`. @default 1000 */
  readonly streamsMax?: string | undefined;
}

function readApiOptions(options: ApiFlags, env: Env): ApiOptions {
  return resolveOptions({ room: "api", options, env }, (read) => ({
    streamsMax: read.wholeNumber("streamsMax", { min: 0, max: 1_000_000, default: 1_000 }),
  }));
}

type EngineFlags = { readonly [Name in keyof EngineOptions]?: string | undefined };
type Reader = OptionReader<EngineFlags>;

const whole = (read: Reader, name: keyof EngineOptions) => read.wholeNumber(name, { optional: true, min: 0 });
const ms = (read: Reader, name: keyof EngineOptions) => read.durationMs(name, { optional: true, min: 0 });
const url = (read: Reader, name: keyof EngineOptions) =>
  read.url(name, { optional: true, schemes: ["http", "https"] });

/** What the environment can hold of the engine's options, and how: `SLUICE_ENGINE_LEASE_MS` and so on. */
const ENGINE_READERS = {
  lanes: whole,
  writers: whole,
  batchBytesMax: whole,
  queueBytesMax: whole,
  cachedBytesMax: whole,
  batchInputsMax: whole,
  roundsMax: whole,
  timersPerBatchMax: whole,
  timersReadMax: whole,
  queueMax: whole,
  inboxRowsMax: whole,
  jobsOpenMax: whole,
  cachedRunsMax: whole,
  waitersMax: whole,
  projectionPendingMax: whole,
  projectionMs: ms,
  leaseMs: ms,
  submitMs: ms,
  stopMs: ms,
  dataBytesMax: whole,
  entriesMax: whole,
  retentionDays: whole,
  address: url,
} satisfies Record<keyof EngineOptions, (read: Reader, name: keyof EngineOptions) => unknown>;

/** Each option by itself, for the engine, which knows its limits, stops at the first fault. */
function readEngineOptions(options: EngineFlags, env: Env): EngineOptions {
  const names = Object.keys(ENGINE_READERS) as (keyof EngineOptions)[];
  const read = resolveRooms(
    Object.fromEntries(names.map((name) => [name, () => readEngineOption(name, options, env)])),
  );
  return Object.assign({}, ...Object.values(read)) as EngineOptions;
}

/** One option, or none when it is not set. */
function readEngineOption(name: keyof EngineOptions, options: EngineFlags, env: Env): EngineOptions {
  const { value } = resolveOptions({ room: "engine", options, env }, (read) => ({
    value: ENGINE_READERS[name](read, name),
  }));
  if (value === undefined) return {};
  try {
    resolveEngineOptions({ [name]: value });
  } catch (error) {
    if (!hasCode(error, "FLOW_BAD_OPTION")) throw error;
    const problem = messageOf(error);
    throw badOptions([{ room: "engine", option: name, problem, variable: variableOf("engine", name) }]);
  }
  return { [name]: value };
}
