/**
 * A process with an engine, as `sluice up` makes one, that serves the flows of a seed. Its only argument is its configuration as JSON; it
 * says when it is ready, and may be told to stop itself in the middle of a batch's transaction. It ends with the proof.
 */
import { createLog } from "@sluice/host/log";
import { createStopper } from "@sluice/host/stop";
import { resolveUpOptions } from "../../up/options.ts";
import { startServer } from "../../up/start-server.ts";
import type { EngineConfig, FromEngine, ToEngine } from "./process-messages.ts";
import { drawProfile } from "./profile.ts";
import { stormApp } from "./storm-app.ts";

const config = JSON.parse(process.argv[2] ?? "{}") as EngineConfig;
const { seed, name, serves, participantsUrl, databaseUrl, port } = config;
const log = createLog({ fields: { engine: name } });
const stopper = createStopper({ log });
stopper.attach();
// Nobody is left who could end us.
process.once("disconnect", () => process.exit(1));

let isToFreeze = false;
process.on("message", (message: ToEngine) => {
  isToFreeze = message.type === "freeze-in-transaction";
});

function tell(message: FromEngine): Promise<void> {
  return new Promise((resolve) => process.send?.(message, () => resolve()));
}

async function freezeIfTold(): Promise<void> {
  if (!isToFreeze) return;
  isToFreeze = false;
  await tell({ type: "freezing" });
  process.kill(process.pid, "SIGSTOP");
}

/** Options of the engine as variables, which is how a deployment would set them. */
function engineEnv(): Readonly<Record<string, string>> {
  const entries = Object.entries(drawProfile(seed).options).map(([option, value]) => {
    const name = option.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
    return [`SLUICE_ENGINE_${name}`, String(value)] as const;
  });
  return Object.fromEntries(entries);
}

try {
  const server = await startServer({
    app: stormApp({ seed, serves, participantsUrl, inTransaction: freezeIfTold }),
    options: resolveUpOptions({ port: String(port), databaseUrl }, engineEnv(), process.cwd()),
    log,
    stopper,
    env: {},
    onOpen: () => {},
    onFailure: (error) => log.error({ error }, "the database is gone"),
  });
  await tell({ type: "ready", engineId: server.engine.engineId });
} catch (error) {
  log.error({ error }, "the engine did not start");
  await stopper.stop("a failure");
  process.exit(1);
}
