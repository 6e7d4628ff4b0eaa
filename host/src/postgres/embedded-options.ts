/** Options of the embedded Postgres. */
import { resolveOptions } from "../options.ts";
import type { Env, OptionSource } from "../options.ts";

export interface EmbeddedOptions {
  /** The folder that holds everything of it. `SLUICE_DATABASE_DATA_DIRECTORY`. */
  readonly dataDirectory?: string | undefined;
  /** Also listen on 127.0.0.1 with this port, for tools. `SLUICE_DATABASE_TCP_PORT`. @default none */
  readonly tcpPort?: number | string | undefined;
  /** Sessions the server takes. `SLUICE_DATABASE_CONNECTIONS_MAX`. @default 60 */
  readonly connectionsMax?: number | string | undefined;
  /** Free bytes below which it is not started. `SLUICE_DATABASE_FREE_BYTES_MIN`. @default 64 MiB */
  readonly freeBytesMin?: number | string | undefined;
  /** How long the server may take to begin its work. `SLUICE_DATABASE_START_MS`. @default 15000 */
  readonly startMs?: number | string | undefined;
  /** How long it may recover after a crash, while it says that it does. `SLUICE_DATABASE_RECOVERY_MS`. @default 600000 */
  readonly recoveryMs?: number | string | undefined;
  /** How long its last checkpoint may take at stop. `SLUICE_DATABASE_STOP_MS`. @default 20000 */
  readonly stopMs?: number | string | undefined;
  /** Restarts in a row that may fail before we give up. `SLUICE_DATABASE_RESTARTS_MAX`. @default 10 */
  readonly restartsMax?: number | string | undefined;
}

export interface ResolvedEmbeddedOptions {
  readonly dataDirectory: string;
  readonly tcpPort: number | undefined;
  readonly connectionsMax: number;
  readonly freeBytesMin: number;
  readonly startMs: number;
  readonly recoveryMs: number;
  readonly stopMs: number;
  readonly restartsMax: number;
}

const DAY_MS = 86_400_000;

/** @throws HOST_BAD_OPTION (invalid) that lists every fault */
export function resolveEmbeddedOptions(
  options: EmbeddedOptions,
  env: Env,
  file?: OptionSource<EmbeddedOptions>["file"],
): ResolvedEmbeddedOptions {
  const ms = { min: 1, max: DAY_MS };
  return resolveOptions({ room: "database", options, env, file }, (read) => ({
    dataDirectory: read.text("dataDirectory", {}),
    tcpPort: read.wholeNumber("tcpPort", { min: 1, max: 65_535, optional: true }),
    connectionsMax: read.wholeNumber("connectionsMax", { min: 10, max: 1000, default: 60 }),
    freeBytesMin: read.wholeNumber("freeBytesMin", { min: 0, default: 67_108_864 }),
    startMs: read.durationMs("startMs", { ...ms, default: 15_000 }),
    recoveryMs: read.durationMs("recoveryMs", { ...ms, default: 600_000 }),
    stopMs: read.durationMs("stopMs", { ...ms, default: 20_000 }),
    restartsMax: read.wholeNumber("restartsMax", { min: 0, max: 1000, default: 10 }),
  }));
}
