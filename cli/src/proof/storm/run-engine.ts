/**
 * A process with an engine, as `sluice up` makes one, that serves these flows. It says when it is ready, and may be told to stop
 * itself in the middle of a batch's transaction. It ends with the proof.
 */
import { createLog } from "@sluice/host/log";
import { createStopper } from "@sluice/host/stop";
import { resolveUpOptions } from "../../up/options.ts";
import { startServer } from "../../up/start-server.ts";
import type { EngineConfig, FromEngine, ToEngine } from "./process-messages.ts";
import { drawProfile } from "./profile.ts";
import { stormApp } from "./storm-app.ts";
import type { StormAppParts } from "./storm-app.ts";

/** Resolves when it runs, or the process ends. */
export async function runEngine(
  { seed, name, serves, databaseUrl, port, variables }: EngineConfig,
  { flows, openTransports }: Pick<StormAppParts, "flows" | "openTransports">,
): Promise<void> {
  const log = createLog({ fields: { engine: name } });
  const stopper = createStopper({ log });
  stopper.attach();
  // Nobody is left who could end us.
  process.once("disconnect", () => process.exit(1));
  try {
    const server = await startServer({
      app: stormApp({ seed, flows, serves, openTransports, inTransaction: freezer() }),
      options: resolveUpOptions(
        { port: String(port), databaseUrl },
        { ...engineEnv(seed), ...variables },
        process.cwd(),
      ),
      log,
      stopper,
      env: {},
      onOpen: () => {},
      onFailure: (error) => log.error({ error }, "the database is gone"),
    });
    await tellProof({ type: "ready", engineId: server.engine.engineId });
  } catch (error) {
    log.error({ error }, "the engine did not start");
    await stopper.stop("a failure");
    process.exit(1);
  }
}

export function tellProof(message: FromEngine): Promise<void> {
  return new Promise((resolve) => process.send?.(message, () => resolve()));
}

/** Stops the process once it was told to. */
function freezer(): () => Promise<void> {
  let isToFreeze = false;
  process.on("message", ({ type }: ToEngine) => {
    if (type === "freeze-in-transaction") isToFreeze = true;
  });
  return async () => {
    if (!isToFreeze) return;
    isToFreeze = false;
    await tellProof({ type: "freezing" });
    process.kill(process.pid, "SIGSTOP");
  };
}

/** Options of the engine as variables, which is how a deployment would set them. */
function engineEnv(seed: number): Readonly<Record<string, string>> {
  const entries = Object.entries(drawProfile(seed).options).map(([option, value]) => {
    const name = option.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
    return [`SLUICE_ENGINE_${name}`, String(value)] as const;
  });
  return Object.fromEntries(entries);
}
