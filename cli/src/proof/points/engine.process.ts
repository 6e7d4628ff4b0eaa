/**
 * A process with an engine that serves purchases, and dies at the call that it is told. Its only argument is its configuration as JSON. It
 * loads everything, says that it is ready, and begins when it is told to, so that it can take over at once. It ends with the proof.
 */
import { randomUUID } from "node:crypto";
import { flushCompileCache } from "node:module";
import { createEngine } from "@sluice/engine";
import { httpPeers } from "@sluice/engine/http";
import { createPostgresStore } from "@sluice/engine/postgres";
import { createLog } from "@sluice/host/log";
import { createMeter } from "@sluice/host/metrics";
import { createStopper } from "@sluice/host/stop";
import { resolveUpOptions } from "../../up/options.ts";
import { prepareApp } from "../../up/prepare-app.ts";
import { startHttp } from "../../up/start-http.ts";
import { CallCounter, countedStore } from "./call-counter.ts";
import { POINT_OPTIONS } from "./point-options.ts";
import type { FromPointEngine, PointEngineConfig, ToPointEngine } from "./process-messages.ts";
import { purchaseApp } from "./purchase-app.ts";

const config = JSON.parse(process.argv[2] ?? "{}") as PointEngineConfig;
const log = createLog({ fields: { engine: config.name } });
const stopper = createStopper({ log });
stopper.attach();
// Nobody is left who could end us.
process.once("disconnect", () => process.exit(1));

const counter = new CallCounter(() => process.kill(process.pid, "SIGKILL"));

function tell(message: FromPointEngine): void {
  process.send?.(message);
}

process.on("message", (message: ToPointEngine) => {
  if (message.type === "serve") void serve();
  if (message.type === "tell-calls") tell({ type: "calls", calls: counter.calls });
  if (message.type !== "arm") return;
  counter.arm(message.nth);
  tell({ type: "armed" });
});

async function serve(): Promise<void> {
  try {
    await start();
    tell({ type: "serving" });
  } catch (error) {
    log.error({ error }, "the engine did not start");
    await stopper.stop("a failure");
    process.exit(1);
  }
}

/** As `sluice up` starts one, with a store and participants whose calls are counted. */
async function start(): Promise<void> {
  const { seed, databaseUrl, storeUrl, participantsUrl, port, url } = config;
  const { http, access, api } = resolveUpOptions({ port: String(port), databaseUrl }, {}, process.cwd());
  const meter = createMeter({ processMetrics: false });
  const app = purchaseApp({ seed, participantsUrl, counter });
  const { sql, openApp } = await prepareApp({
    app,
    target: databaseUrl,
    log,
    meter,
    stopper,
    env: {},
    dataDirectory: process.cwd(),
    baseUrl: url,
  });
  const store = createPostgresStore({ target: storeUrl, engineId: randomUUID() });
  stopper.add("store", () => store.close());
  const engine = await createEngine({
    store: countedStore(store, counter),
    flows: app.flows,
    participants: openApp.participants,
    log,
    meter,
    peers: httpPeers,
    options: { ...POINT_OPTIONS, address: url },
  });
  stopper.add("engine", () => engine.stop());
  await startHttp({ http, access, api, log, meter, stopper, sql, openApp, engine });
  await engine.start();
}

// It would be written at the end of the process, which never comes in good order.
flushCompileCache();
tell({ type: "ready" });
