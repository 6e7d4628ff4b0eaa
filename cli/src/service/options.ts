/** Options of `sluice service`, resolved before anything is started: flag > environment > file > default. */
import type { LogLevel } from "@sluice/host/log";
import { resolveHttpOptions } from "@sluice/host/http";
import type { ResolvedHttpOptions } from "@sluice/host/http";
import { resolveOptions, resolveRooms } from "@sluice/host/options";
import type { Env } from "@sluice/host/options";
import { resolveTracingOptions } from "@sluice/host/tracing";
import type { ResolvedTracingOptions } from "@sluice/host/tracing";
import { readUpOptions } from "../up/options.ts";

export interface ServiceFlags {
  readonly host?: string | undefined;
  /** @default 0, any free one */
  readonly port?: string | undefined;
  readonly databaseUrl?: string | undefined;
  readonly config?: string | undefined;
  readonly logLevel?: string | undefined;
  readonly json?: boolean | undefined;
}

export interface ResolvedInboxOptions {
  /** `SLUICE_SERVICE_KEPT_DAYS` */
  readonly keptDays: number;
  /** `SLUICE_SERVICE_PRUNE_EVERY_MS` */
  readonly pruneEveryMs: number;
}

export interface ResolvedServiceOptions {
  readonly http: ResolvedHttpOptions;
  /** What it keeps of commands it has carried out. */
  readonly inbox: ResolvedInboxOptions;
  /** Of the service's own database; undefined where it has none. */
  readonly databaseUrl: string | undefined;
  readonly tracing: ResolvedTracingOptions;
  readonly logLevel: LogLevel;
  readonly isJson: boolean;
}

const FLAGS = {
  "http.host": "--host",
  "http.port": "--port",
  "database.url": "--database-url",
  "up.logLevel": "--log-level",
  "up.json": "--json",
};

/** @throws HOST_BAD_OPTION (invalid) that lists every fault of every room */
export function resolveServiceOptions(flags: ServiceFlags, env: Env): ResolvedServiceOptions {
  const { up, http, database, tracing, inbox } = resolveRooms(
    {
      up: () => readUpOptions(flags, env),
      inbox: () =>
        resolveOptions({ room: "service", options: {} as Partial<ResolvedInboxOptions>, env }, (read) => ({
          keptDays: read.wholeNumber("keptDays", { default: 30, min: 1, max: 3_650 }),
          pruneEveryMs: read.durationMs("pruneEveryMs", { default: 3_600_000, min: 1_000, max: 604_800_000 }),
        })),
      tracing: () => resolveTracingOptions({}, env),
      // Services are many on a machine, and mostly found by nobody but their supervisor.
      http: () => resolveHttpOptions({ host: flags.host, port: flags.port }, env, { port: 0 }),
      database: () =>
        resolveOptions({ room: "database", options: { url: flags.databaseUrl }, env }, (read) => ({
          url: read.url("url", {
            optional: true,
            secret: true,
            schemes: ["postgres", "postgresql"],
            variable: "SLUICE_DATABASE_URL",
          }),
        })),
    },
    FLAGS,
  );
  return Object.freeze({ http, inbox, databaseUrl: database.url, tracing, ...up });
}
