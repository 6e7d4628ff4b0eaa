/**
 * Everything that `sluice up` runs, started in an order that its stop reverses.
 * U1  What a step depends on was registered before it: the lanes go first, to the other engines, then the server, the database last.
 * U2  A step is registered before what it stops is started, so that Ctrl-C during the start leaves nothing behind.
 * U3  The server listens before the engine claims lanes: a taken port is found out before any lane changes its owner. One that is
 *     taken already is found out before anything is made, for a first start makes a whole database.
 */
import { createMeter } from "@sluice/host/metrics";
import type { ResolvedHttpOptions } from "@sluice/host/http";
import type { ProcessLog } from "@sluice/host/log";
import type { Env } from "@sluice/host/options";
import type { Stopper } from "@sluice/host/stop";
import { resolveEngineOptions } from "@sluice/engine";
import type { ApiKeyRow, Engine } from "@sluice/engine";
import type { AppLink, SluiceApp } from "../app.ts";
import { appDirectory } from "../database/options.ts";
import { startDatabase } from "../database/start-database.ts";
import type { ResolvedDatabaseOptions } from "../database/options.ts";
import type { Database } from "../database/start-database.ts";
import { cliError } from "../errors.ts";
import { firstKeyText } from "../keys/first-key.ts";
import { openTracer } from "../tracer.ts";
import { advertisedUrl, listeningUrl } from "./address.ts";
import { findFreePort, requireFreePort } from "./free-port.ts";
import { startHttp } from "./start-http.ts";
import type { ResolvedUpOptions } from "./options.ts";
import { prepareEngine } from "./prepare-engine.ts";
import { prepareApp } from "./prepare-app.ts";

export interface ServerParts {
  readonly app: SluiceApp;
  readonly options: ResolvedUpOptions;
  readonly log: ProcessLog;
  readonly stopper: Stopper;
  readonly env: Env;
  /** Called once the app is open, so that everybody who reads variables has done so. */
  readonly onOpen: () => void;
  /** Called when the embedded database died and could not be started again: nothing here works any more. */
  readonly onFailure: (error: Error) => void;
}

export interface RunningServer {
  /** Without a slash at the end. */
  readonly url: string;
  readonly database: Database;
  readonly links: readonly AppLink[];
  readonly engine: Engine;
}

/** Starts the database, the app, the server and the engine. When it throws, `stopper.stop` undoes what was started. */
export async function startServer(parts: ServerParts): Promise<RunningServer> {
  const { app, options, log, stopper, env, onOpen, onFailure } = parts;
  const http = await settlePort(options.http);
  const url = listeningUrl(http);
  const meter = createMeter();
  const tracer = await openTracer({ options: options.tracing, name: app.name, log, stopper });

  const database = await startDatabase({ options: options.database, log, stopper, onFailure });
  stopper.signal.throwIfAborted();
  const { sql, openApp } = await prepareApp({
    app,
    target: database.target,
    log,
    meter,
    stopper,
    env,
    dataDirectory: appDirectory(options.database),
    baseUrl: url,
  });
  onOpen();
  stopper.signal.throwIfAborted();
  const engine = await prepareEngine({
    flows: app.flows,
    participants: openApp.participants,
    target: database.target,
    options: { address: advertisedUrl(http), ...options.engine },
    log,
    meter,
    tracer,
    stopper,
  });
  if (options.access.isKeyRequired === true) await requireKey(engine, options.database);
  await startHttp({
    http,
    access: options.access,
    api: options.api,
    log,
    meter,
    tracer,
    stopper,
    sql,
    openApp,
    engine,
  });
  stopper.add("lanes", () => engine.handOver(), { stopMs: resolveEngineOptions(options.engine).stopMs });
  stopper.signal.throwIfAborted();
  await engine.start();
  stopper.signal.throwIfAborted();
  return { url, database, links: openApp.links ?? [], engine };
}

/** @throws HOST_PORT_TAKEN (conflict), HOST_BAD_OPTION (invalid) */
async function settlePort(http: ResolvedHttpOptions): Promise<ResolvedHttpOptions> {
  if (http.port === 0) return { ...http, port: await findFreePort(http.host) };
  await requireFreePort(http);
  return http;
}

/** A server that asks for keys nobody has would only refuse. @throws CLI_NO_KEY (conflict) */
async function requireKey({ store }: Engine, database: ResolvedDatabaseOptions): Promise<void> {
  const keys = await store.listApiKeys();
  if (keys.some(isValid)) return;
  throw cliError(
    "CLI_NO_KEY",
    `the API asks for keys here, and none that is valid is stored; make the first with ${firstKeyText(database)}, or listen on 127.0.0.1`,
  );
}

function isValid({ expiresAtMs, revokedAtMs }: ApiKeyRow): boolean {
  return revokedAtMs === null && (expiresAtMs === null || expiresAtMs > Date.now());
}
