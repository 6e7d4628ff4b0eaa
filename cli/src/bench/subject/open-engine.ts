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
import { channelsOf } from "../participants/channels.ts";
import { localParticipants } from "../participants/local.ts";
import { transactionalParticipants } from "../participants/transactional.ts";
import type { EngineConfig } from "./engine-config.ts";
import type { Subject } from "./subject.ts";

export async function openEngine(config: EngineConfig): Promise<Subject> {
  const log = createLog({ level: "warn", destination: process.stderr });
  const meter = createMeter();
  const store = createPostgresStore({ target: config.target, engineId: randomUUID() });
  const engine = await createEngine({
    store,
    flows: [definitionOf(config.flow)],
    participants: participantsOf(config),
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

function participantsOf({
  flow,
  participants,
  participantsUrl,
}: EngineConfig): readonly (TransactionalParticipant | Transport)[] {
  switch (participants) {
    case "transactional":
      return transactionalParticipants(flow);
    case "local":
      return localParticipants(flow);
    case "http":
      return Object.keys(channelsOf(flow)).map((channel) =>
        httpTransport({ channel, url: `${participantsUrl}/${channel}` }),
      );
  }
}

/** The engine's own limits on what waits, and on who waits. */
const QUEUE_MAX = 10_000;
const WAITERS_MAX = 10_000;

/** All as it ships, but for limits that would refuse the callers of the benchmark; a writer's queue may hold them all. */
function engineOptions({ inFlight }: EngineConfig): EngineOptions {
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
  const requestsInFlightMax = Math.max(REQUESTS_IN_FLIGHT_MAX, inFlight + REQUESTS_BESIDE);
  const options = resolveHttpOptions({ port: 0, requestsInFlightMax }, {});
  const info = { title: "Sluice", version: "0.0.0", description: "The engine of a benchmark." };
  const server = await createHttpServer({ options, log, meter, info });
  await server.app.register(engineApi(engine));
  return server;
}
