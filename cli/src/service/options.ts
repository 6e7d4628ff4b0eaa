/** Options of `sluice service`, resolved before anything is started: flag > environment > file > default. */
import type { LogLevel } from "@sluice/host/log";
import { resolveHttpOptions } from "@sluice/host/http";
import type { ResolvedHttpOptions } from "@sluice/host/http";
import { resolveOptions, resolveRooms } from "@sluice/host/options";
import type { Env } from "@sluice/host/options";
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

export interface ResolvedServiceOptions {
  readonly http: ResolvedHttpOptions;
  /** Of the service's own database; undefined where it has none. */
  readonly databaseUrl: string | undefined;
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
  const { up, http, database } = resolveRooms(
    {
      up: () => readUpOptions(flags, env),
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
  return Object.freeze({ http, databaseUrl: database.url, ...up });
}
