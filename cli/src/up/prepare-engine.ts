/** The engine of a process, on Postgres, with its peers over HTTP. */
import { randomUUID } from "node:crypto";
import { createEngine, resolveEngineOptions } from "@sluice/engine";
import type { Engine, EngineOptions, EngineParts } from "@sluice/engine";
import { httpPeers } from "@sluice/engine/http";
import { createPostgresStore } from "@sluice/engine/postgres";
import type { Log } from "@sluice/host/log";
import type { Meter } from "@sluice/host/metrics";
import type { PostgresTarget } from "@sluice/host/postgres";
import type { Stopper } from "@sluice/host/stop";

export interface PrepareEngineParts extends Pick<EngineParts, "flows" | "participants" | "tracer"> {
  readonly target: PostgresTarget;
  readonly options: EngineOptions;
  readonly log: Log;
  readonly meter: Meter;
  readonly stopper: Pick<Stopper, "add">;
}

/** After its own bound the engine still gives its lanes up and closes its writers. */
const LEAVE_MS = 5_000;

/** A lane whose owner does not answer has another by the end of its lease, and a caller is still there to be told. */
const FORWARD_MARGIN_MS = 500;

/** Makes the engine, not started yet. */
export async function prepareEngine(parts: PrepareEngineParts): Promise<Engine> {
  const { flows, participants, tracer, target, options, log, meter, stopper } = parts;
  const { stopMs, leaseMs, submitMs } = resolveEngineOptions(options);
  const forwardMs = Math.min(leaseMs + FORWARD_MARGIN_MS, submitMs / 2);
  const store = createPostgresStore({ target, engineId: randomUUID() });
  stopper.add("store", () => store.close());
  const engine = await createEngine({
    store,
    flows,
    participants,
    log,
    meter,
    peers: (secret) => httpPeers(secret, { forwardMs: Math.ceil(forwardMs) }),
    options,
    ...(tracer === undefined ? {} : { tracer }),
  });
  stopper.add("engine", () => engine.stop(), { stopMs: stopMs + LEAVE_MS });
  return engine;
}
