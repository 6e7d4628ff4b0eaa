/** The engine as it ships: on Postgres, with its meter, behind its HTTP API where that is its door. */
import { randomUUID } from "node:crypto";
import { createEngine } from "@sluice/engine";
import type { Engine, EngineOptions, TransactionalParticipant, Transport } from "@sluice/engine";
import { engineApi, httpTransport } from "@sluice/engine/http";
import { createPostgresStore } from "@sluice/engine/postgres";
import { createHttpServer, resolveHttpOptions } from "@sluice/host/http";
import type { HttpServer } from "@sluice/host/http";
import { createLog } from "@sluice/host/log";
import type { ProcessLog } from "@sluice/host/log";
import { createMeter } from "@sluice/host/metrics";
import type { ProcessMeter } from "@sluice/host/metrics";
import { definitionOf } from "../flow/definition-of.ts";
import { libraryCaller } from "../load/library-caller.ts";
import { RUN_MS_MAX } from "../load/load.ts";
import { STALLED_CHANNEL, stalledFlow } from "../overload/stalled-flow.ts";
import { localParticipants } from "../participants/local.ts";
import { remoteTransports } from "../participants/reach.ts";
import { transactionalParticipants } from "../participants/transactional.ts";
import type { EngineConfig } from "./engine-config.ts";
import type { Subject } from "./subject.ts";

export async function openEngine(config: EngineConfig): Promise<Subject> {
  const log = createLog({ level: "warn", destination: process.stderr });
  const meter = createMeter();
  const store = createPostgresStore({ target: config.target, engineId: randomUUID() });
  const engine = await createEngine({
    store,
    flows: [definitionOf(config.flow), ...(config.stalledUrl === undefined ? [] : [stalledFlow])],
    participants: [...participantsOf(config, log), ...stalledTransports(config)],
    options: engineOptions(config),
    log,
    meter,
  });
  const server = config.door === "http" ? await createServer(engine, config, log, meter) : null;
  const address = await server?.listen();
  await engine.start();
  return {
    url: address?.url ?? null,
    runOnce: libraryCaller(engine.client, config.flow),
    close: async () => {
      await server?.stop();
      await engine.stop();
      await store.close();
    },
  };
}

function participantsOf(
  { flow, participants, reach }: EngineConfig,
  log: ProcessLog,
): readonly (TransactionalParticipant | Transport)[] {
  switch (participants) {
    case "transactional":
      return transactionalParticipants(flow);
    case "local":
      return localParticipants(flow);
    case "http":
    case "kafka":
    case "rabbitmq":
      if (reach === null)
        throw new Error(`nobody has said where the participants behind ${participants} are`);
      return remoteTransports(flow, reach, log);
  }
}

/** Longer than anybody stalls it: an attempt that ended would be no stall. */
const STALLED_MS_MAX = 300_000;

function stalledTransports({ stalledUrl }: EngineConfig): readonly Transport[] {
  if (stalledUrl === undefined) return [];
  return [httpTransport({ channel: STALLED_CHANNEL, url: stalledUrl, attemptMs: STALLED_MS_MAX })];
}

/** The engine's own limits on what waits, and on who waits. */
const QUEUE_MAX = 10_000;
const WAITERS_MAX = 10_000;

/** All as it ships, but for limits that would refuse the callers of the benchmark; a writer's queue may hold them all. */
function engineOptions({ inFlight }: EngineConfig): EngineOptions {
  if (inFlight === null) return {};
  return {
    queueMax: Math.max(QUEUE_MAX, inFlight),
    waitersMax: Math.max(WAITERS_MAX, inFlight),
    submitMs: RUN_MS_MAX,
  };
}

/** The server's own limit on requests, and room beside it for whoever looks. */
const REQUESTS_IN_FLIGHT_MAX = 4_096;
const REQUESTS_BESIDE = 100;

async function createServer(
  engine: Engine,
  { inFlight }: EngineConfig,
  log: ProcessLog,
  meter: ProcessMeter,
): Promise<HttpServer> {
  const requestsInFlightMax =
    inFlight === null ? undefined : Math.max(REQUESTS_IN_FLIGHT_MAX, inFlight + REQUESTS_BESIDE);
  const options = resolveHttpOptions({ port: 0, requestsInFlightMax }, {});
  const info = { title: "Sluice", version: "0.0.0", description: "The engine of a benchmark." };
  const server = await createHttpServer({ options, log, meter, info });
  await server.app.register(engineApi(engine));
  return server;
}
