/** A process with an engine whose remote participants are behind a broker. Its only argument is its configuration as JSON. */
import type { Transport } from "@sluice/engine";
import { runEngine, tellProof } from "../storm/run-engine.ts";
import type { ToEngine } from "../storm/process-messages.ts";
import { brokeredFlows } from "../storm/storm-flows.ts";
import { brokerTransports } from "./broker-address.ts";
import type { BrokerEngineConfig } from "./process-messages.ts";
import { remembering } from "./remembering.ts";
import type { RememberingTransport } from "./remembering.ts";

const config = JSON.parse(process.argv[2] ?? "{}") as BrokerEngineConfig;
let ways: readonly RememberingTransport[] = [];

process.on("message", ({ type }: ToEngine) => {
  if (type === "repeat") void repeat();
});

/** As many as the broker takes: none while it is away. */
async function repeat(): Promise<void> {
  const times = await Promise.all(ways.map((way) => way.repeat().catch(() => 0)));
  await tellProof({ type: "repeated", messages: times.reduce((sum, each) => sum + each, 0) });
}

await runEngine(config, {
  flows: brokeredFlows(config.seed),
  openTransports: ({ log }): readonly Transport[] => {
    ways = brokerTransports(config.broker, log).map(remembering);
    return ways.map(({ transport }) => transport);
  },
});
