/** A process with an engine whose remote participants are behind HTTP. Its only argument is its configuration as JSON. */
import type { HttpEngineConfig } from "./process-messages.ts";
import { runEngine } from "./run-engine.ts";
import { httpTransports } from "./storm-app.ts";
import { stormFlows } from "./storm-flows.ts";

const config = JSON.parse(process.argv[2] ?? "{}") as HttpEngineConfig;
await runEngine(config, {
  flows: stormFlows(config.seed),
  openTransports: () => httpTransports(config.participantsUrl),
});
