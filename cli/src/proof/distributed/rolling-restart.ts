/** The acts "rolling-restart-…": every process stops in good order and starts again, one after the other, and no caller notices. */
import type { Act } from "../act.ts";
import { openClosable } from "../closable.ts";
import { struck } from "../storm/faults/fault.ts";
import type { FaultKind } from "../storm/faults/fault.ts";
import { playRounds } from "../storm/play-rounds.ts";
import { REMOTE_CHANNELS } from "../storm/storm-app.ts";
import { makeWorld } from "../storm/world.ts";
import type { World, WorldOptions } from "../storm/world.ts";
import { Balancer } from "./balancer.ts";
import type { BrokerKind } from "./broker-address.ts";
import { openBroker } from "./open-broker.ts";
import { orSkipped } from "./or-skipped.ts";
import { startBrokerProcesses } from "./start-processes.ts";
import { listOwed } from "./list-owed.ts";

const allRestarted: FaultKind = {
  name: "every process restarted in turn",
  async strike({ engines, participants, stop }) {
    const result = struck();
    for (const each of [...engines, ...participants]) {
      if (stop.aborted) break;
      await each.stop();
      await each.start(stop);
    }
    return result;
  },
};

export function rollingRestart(kind: BrokerKind): Act {
  const name = `rolling-restart-${kind}`;
  return {
    name,
    summary: "every process is restarted in turn under load, and callers who see an error are counted",
    weight: 2,
    kinds: [allRestarted.name],
    play: (stage) =>
      orSkipped(name, stage, () =>
        playRounds(stage, {
          name,
          kinds: [allRestarted],
          open: (options) => openBalancedWorld({ ...options, kind }),
        }),
      ),
  };
}

function openBalancedWorld(options: WorldOptions & { readonly kind: BrokerKind }): Promise<World> {
  return openClosable(async (onClose) => {
    const { kind, report } = options;
    const { address: broker } = await openBroker(kind, options, onClose);
    const world = await makeWorld(options, onClose, async (given, database, closing) => {
      const processes = await startBrokerProcesses(given, database, closing, { broker, isUnruly: false });
      const balancer = await Balancer.open({
        urls: processes.engines.map(({ url }) => url),
        onError: (message) => report("engine", `a caller has seen an error: ${message}`),
      });
      closing(() => balancer.close());
      return { ...processes, balancer, callersUrl: balancer.url };
    });
    const { balancer } = world;
    return {
      ...world,
      brokered: new Set(REMOTE_CHANNELS),
      listOwed: () => listOwed(world),
      counts: () => ({ requests: balancer.requests, "asked of a second engine": balancer.retried }),
    };
  }, options.report);
}
