/** Options of `sluice up`, resolved before anything is started: flag > environment > default. */
import { LOG_LEVELS } from "@sluice/host/log";
import type { LogLevel } from "@sluice/host/log";
import { resolveHttpOptions } from "@sluice/host/http";
import type { ResolvedHttpOptions } from "@sluice/host/http";
import { resolveOptions } from "@sluice/host/options";
import type { Env } from "@sluice/host/options";
import type { EngineOptions } from "@sluice/engine";
import type { DatabaseFlags } from "../database/flags.ts";
import { resolveDatabaseOptions } from "../database/options.ts";
import type { ResolvedDatabaseOptions } from "../database/options.ts";

export interface UpOptions extends DatabaseFlags {
  /** The address to listen on. `SLUICE_HTTP_HOST`. @default "127.0.0.1" */
  readonly host?: string | undefined;
  /** The TCP port; 0 lets the system choose. `SLUICE_HTTP_PORT`. @default 7070 */
  readonly port?: string | undefined;
  /** Where the other engines of the deployment reach this one. `SLUICE_ENGINE_ADDRESS`. @default the address listened on */
  readonly address?: string | undefined;
  /** Lanes of a new deployment, fixed when it is made. `SLUICE_ENGINE_LANES`. @default what the database has, 16 for a new one */
  readonly lanes?: string | undefined;
  /** The lowest level that is logged. `SLUICE_LOG_LEVEL`. @default "info" */
  readonly logLevel?: string | undefined;
  /** Log JSON lines on a terminal too, and no table. `SLUICE_UP_JSON`. @default false */
  readonly json?: boolean | undefined;
}

export interface ResolvedUpOptions {
  readonly http: ResolvedHttpOptions;
  readonly database: ResolvedDatabaseOptions;
  readonly engine: EngineOptions;
  readonly logLevel: LogLevel;
  readonly isJson: boolean;
}

/** @throws HOST_BAD_OPTION (invalid) that lists every fault of one room */
export function resolveUpOptions(options: UpOptions, env: Env, directory: string): ResolvedUpOptions {
  const { logLevel, isJson } = resolveOptions({ room: "up", options, env }, (read) => ({
    logLevel: read.oneOf("logLevel", LOG_LEVELS, { default: "info" }),
    isJson: read.boolean("json", { default: false }),
  }));
  return Object.freeze({
    http: resolveHttpOptions({ host: options.host, port: options.port }, env),
    database: resolveDatabaseOptions(options, env, directory),
    engine: readEngineOptions({ lanes: options.lanes, address: options.address }, env),
    logLevel,
    isJson,
  });
}

type EngineFlags = { readonly [Name in keyof EngineOptions]?: string | undefined };

/** The engine checks its own limits; here only what the environment can hold is read: `SLUICE_ENGINE_LEASE_MS` and so on. */
function readEngineOptions(options: EngineFlags, env: Env): EngineOptions {
  const number = { optional: true, min: 0 } as const;
  const read = resolveOptions({ room: "engine", options, env }, (reader) => ({
    lanes: reader.wholeNumber("lanes", number) ?? null,
    writers: reader.wholeNumber("writers", number),
    batchInputsMax: reader.wholeNumber("batchInputsMax", number),
    roundsMax: reader.wholeNumber("roundsMax", number),
    timersPerBatchMax: reader.wholeNumber("timersPerBatchMax", number),
    queueMax: reader.wholeNumber("queueMax", number),
    cachedRunsMax: reader.wholeNumber("cachedRunsMax", number),
    waitersMax: reader.wholeNumber("waitersMax", number),
    projectionPendingMax: reader.wholeNumber("projectionPendingMax", number),
    projectionMs: reader.durationMs("projectionMs", number),
    leaseMs: reader.durationMs("leaseMs", number),
    submitMs: reader.durationMs("submitMs", number),
    stopMs: reader.durationMs("stopMs", number),
    dataBytesMax: reader.wholeNumber("dataBytesMax", number),
    entriesMax: reader.wholeNumber("entriesMax", number),
    address: reader.url("address", { optional: true, schemes: ["http", "https"] }),
  }));
  const given = Object.entries(read).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as EngineOptions;
}
