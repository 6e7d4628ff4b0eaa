/** The server of a process: the engine's API, the app's routes, health and metrics. */
import { readFile } from "node:fs/promises";
import { NO_TRACER } from "@sluice/engine";
import type { Engine, Tracer } from "@sluice/engine";
import { engineApi, traceRequests } from "@sluice/engine/http";
import type { AccessOptions } from "@sluice/engine/http";
import { createHttpServer } from "@sluice/host/http";
import type { ResolvedHttpOptions } from "@sluice/host/http";
import type { ProcessLog } from "@sluice/host/log";
import type { ProcessMeter } from "@sluice/host/metrics";
import type { Sql } from "@sluice/host/postgres";
import type { Stopper } from "@sluice/host/stop";
import type { OpenApp } from "../app.ts";
import { packageVersion } from "../package-version.ts";
import { toAppError } from "./app-file.ts";
import { measureBeforeScrape } from "./measure.ts";
import type { ApiOptions } from "./options.ts";

export interface HttpParts {
  readonly http: ResolvedHttpOptions;
  readonly access: AccessOptions;
  readonly api: ApiOptions;
  readonly log: ProcessLog;
  readonly meter: ProcessMeter;
  /** @default nothing is traced */
  readonly tracer?: Tracer;
  readonly stopper: Pick<Stopper, "add">;
  readonly sql: Sql;
  readonly openApp: OpenApp;
  readonly engine: Engine;
}

/** The server cuts what is in flight after its own bound; the step must outlast that. */
const CUT_MS = 5_000;

/** @throws HOST_PORT_TAKEN (conflict), HOST_BAD_OPTION (invalid), CLI_BAD_APP (invalid) when the app's routes cannot be added */
export async function startHttp({
  http,
  access,
  api,
  log,
  meter,
  tracer = NO_TRACER,
  stopper,
  sql,
  openApp,
  engine,
}: HttpParts): Promise<void> {
  const errorsPage = await readErrorsPage();
  const server = await createHttpServer({
    options: http,
    log,
    meter,
    info: {
      title: "Sluice",
      version: packageVersion(),
      description: "Durable flows: start runs, send events, look.",
    },
    ...(errorsPage === undefined ? {} : { errorsPage }),
  });
  stopper.add("server", () => server.stop(), { stopMs: http.drainMs + http.stopMs + CUT_MS });
  server.addReadinessCheck("database", () => isAnswering(sql));
  server.addReadinessCheck("engine", () => engine.readiness());
  traceRequests(server.app, tracer);
  measureBeforeScrape(server.app, () => engine.measure(), log);
  await server.app.register(engineApi(engine, { ...api, access }));
  if (openApp.routes !== undefined) await addRoutes(server.app, openApp.routes(engine.client));
  await server.listen();
}

async function isAnswering(sql: Sql): Promise<true> {
  await sql`select 1`;
  return true;
}

type Server = Awaited<ReturnType<typeof createHttpServer>>["app"];

async function addRoutes(server: Server, routes: ReturnType<NonNullable<OpenApp["routes"]>>): Promise<void> {
  try {
    await server.register(routes);
  } catch (error) {
    throw toAppError("the app's routes could not be added", error);
  }
}

/** The page lies in the repository; without it the server only lacks that page. */
async function readErrorsPage(): Promise<string | undefined> {
  return readFile(new URL("../../../docs/errors.md", import.meta.url), "utf8").catch(() => undefined);
}
