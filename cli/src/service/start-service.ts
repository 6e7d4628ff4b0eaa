/**
 * Everything that `sluice service` runs, started in an order that its stop reverses.
 * S1  Commands are taken last and let go first: while they are carried out, all that they need is there.
 * S2  A step is registered before what it stops is started, so that Ctrl-C during the start leaves nothing behind.
 */
import type { Tracer } from "@sluice/engine";
import { traceRequests } from "@sluice/engine/http";
import { createHttpServer } from "@sluice/host/http";
import type { HttpServer } from "@sluice/host/http";
import type { ProcessLog } from "@sluice/host/log";
import { createMeter } from "@sluice/host/metrics";
import type { Env } from "@sluice/host/options";
import { closePostgres, migrate, openPostgres } from "@sluice/host/postgres";
import type { Sql } from "@sluice/host/postgres";
import type { Stopper } from "@sluice/host/stop";
import type { OpenService, ServiceParts } from "../app.ts";
import { cliError } from "../errors.ts";
import { packageVersion } from "../package-version.ts";
import { openTracer } from "../tracer.ts";
import { listeningUrl } from "../up/address.ts";
import { schemaOf, toAppError } from "../up/app-file.ts";
import { findFreePort } from "../up/free-port.ts";
import type { NamedService } from "./find-service.ts";
import type { ResolvedServiceOptions } from "./options.ts";

export interface ServiceProcessParts {
  readonly service: NamedService;
  readonly options: ResolvedServiceOptions;
  readonly log: ProcessLog;
  readonly stopper: Pick<Stopper, "add" | "signal">;
  readonly env: Env;
}

/** A service's own work: the inbox, and what its handlers do. */
const CONNECTIONS_MAX = 10;
/** The kit and the server cut what is under way after their own bounds; the steps must outlast those. */
const COMMANDS_STOP_MS = 600_000;
const CUT_MS = 5_000;

/** What there is to open, as names and values. When it throws, the stopper undoes what was started. */
export async function startService(
  parts: ServiceProcessParts,
): Promise<readonly (readonly [string, string])[]> {
  const { service, log, stopper } = parts;
  const { host } = parts.options.http;
  const port = parts.options.http.port === 0 ? await findFreePort(host) : parts.options.http.port;
  const http = { ...parts.options.http, port };
  const url = listeningUrl(http);
  const meter = createMeter();
  const tracer = await openTracer({ options: parts.options.tracing, name: service.name, log, stopper });
  const open = await openService(parts, url, tracer);
  stopper.signal.throwIfAborted();

  const info = { title: service.name, version: packageVersion(), description: "A participant of flows." };
  const server = await createHttpServer({ options: http, log, meter, info });
  stopper.add("server", () => server.stop(), { stopMs: http.drainMs + http.stopMs + CUT_MS });
  traceRequests(server.app, tracer);
  await addRoutes(server, open);
  const ready = serveCommands(parts, open, server, {
    log,
    meter,
    tracer,
    pruneEveryMs: parts.options.inbox.pruneEveryMs,
  });
  await server.listen();
  stopper.signal.throwIfAborted();
  await ready();
  stopper.signal.throwIfAborted();
  const own = (open.links ?? []).map((link) => [link.name, link.url] as const);
  return [["service", url], ["health", `${url}/readyz`], ["metrics", `${url}/metrics`], ...own];
}

async function openService(
  { service, options, log, stopper, env }: ServiceProcessParts,
  baseUrl: string,
  tracer: Tracer,
): Promise<OpenService> {
  const { keptDays } = options.inbox;
  let sql: Promise<Sql> | null = null;
  stopper.add("connections", async () => {
    const opened = await sql?.catch(() => null);
    if (opened != null) await closePostgres(opened);
  });
  const openSql = (): Promise<Sql> => (sql ??= openDatabase(service, options));
  const opening = (async () =>
    service.open({ openSql, keptDays, log, tracer, env, baseUrl, stop: stopper.signal }))();
  stopper.add("service", async () => (await opening.catch(() => undefined))?.close?.());
  try {
    return await opening;
  } catch (error) {
    throw toAppError(`service ${service.name} could not be opened`, error);
  }
}

async function openDatabase(service: NamedService, { databaseUrl }: ResolvedServiceOptions): Promise<Sql> {
  if (databaseUrl === undefined)
    throw cliError(
      "CLI_NO_DATABASE",
      `the service ${service.name} keeps things in a database, and none was named; set --database-url or SLUICE_DATABASE_URL`,
    );
  const schema = schemaOf(service);
  const applicationName = `sluice-${service.name}`;
  const sql = await openPostgres(databaseUrl, { applicationName, connectionsMax: CONNECTIONS_MAX, schema });
  if (service.migrations !== undefined)
    await migrate(sql, { room: service.name, migrations: service.migrations, schema });
  return sql;
}

async function addRoutes({ app }: HttpServer, { routes }: OpenService): Promise<void> {
  if (routes === undefined) return;
  try {
    await app.register(routes);
  } catch (error) {
    throw toAppError("the service's routes could not be added", error);
  }
}

/** Makes the server ready only while commands come; the answer begins to take them. */
function serveCommands(
  { stopper }: ServiceProcessParts,
  { serve }: OpenService,
  server: HttpServer,
  ports: ServiceParts,
): () => Promise<void> {
  if (serve === undefined) return async () => {};
  let health: () => true | string = () => "it takes no commands yet";
  server.addReadinessCheck("commands", async () => health());
  return async () => {
    const serving = serve(ports);
    stopper.add("commands", async () => (await serving.catch(() => undefined))?.stop(), {
      stopMs: COMMANDS_STOP_MS,
    });
    const commands = await serving;
    health = () => commands.health();
  };
}
