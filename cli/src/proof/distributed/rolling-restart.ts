/** The acts "rolling-restart-…": every process stops in good order and starts again, one after the other, and no caller notices. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Act } from "../act.ts";
import type { Child } from "../child.ts";
import { openClosable } from "../closable.ts";
import { struck } from "../storm/faults/fault.ts";
import type { FaultKind } from "../storm/faults/fault.ts";
import { playStorms } from "../storm/play-storms.ts";
import { REMOTE_CHANNELS } from "../storm/storm-app.ts";
import { makeWorld } from "../storm/world.ts";
import type { World, WorldOptions } from "../storm/world.ts";
import { Balancer } from "./balancer.ts";
import type { BrokerKind } from "./broker-address.ts";
import { openBroker } from "./open-broker.ts";
import { orSkipped } from "./or-skipped.ts";
import { startBrokerProcesses } from "./start-processes.ts";
import { listOwed } from "./list-owed.ts";

/**
 * How the engines are set, beside what the seed draws.
 * A balancer asks them four times a second, and on a busy machine now and then one of its questions is late.
 * A lease of the default's length ends by itself here: where fifteen processes want two cores, an engine is not heard of for 1.5 s though
 * nobody has stopped it, and the others take its lanes. Leases this long also show a lane that waits for the end of one, or for a heartbeat.
 * Limits that are small on purpose, to be reached, refuse callers whether somebody restarts or not: these are the defaults.
 */
const VARIABLES = {
  SLUICE_HTTP_DRAIN_MS: "3000",
  SLUICE_ENGINE_LEASE_MS: "10000",
  SLUICE_ENGINE_SUBMIT_MS: "10000",
  SLUICE_ENGINE_QUEUE_MAX: "10000",
} as const;

/** Until the balancer has seen that a replica which has just started is ready. */
const READY_MS_MAX = 30_000;
const LOOK_MS = 50;

interface BalancedWorld extends World {
  readonly balancer: Balancer;
}

/** As an orchestrator does it: the next is stopped only when callers are sent to the one before it. */
const allRestarted: FaultKind<BalancedWorld> = {
  name: "every process restarted in turn",
  async strike({ engines, participants, balancer, stop }) {
    const result = struck();
    for (const each of engines) {
      await restart(each, stop);
      const late = AbortSignal.timeout(READY_MS_MAX);
      while (!balancer.isReady(each.url) && !stop.aborted) {
        if (late.aborted) throw new Error(`${each.name} was not ready for ${READY_MS_MAX} ms`);
        await sleep(LOOK_MS);
      }
    }
    for (const each of participants) await restart(each, stop);
    return result;
  },
};

async function restart(process: Pick<Child, "stop" | "start">, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return;
  await process.stop();
  await process.start(stop);
}

export function rollingRestart(kind: BrokerKind): Act {
  const name = `rolling-restart-${kind}`;
  return {
    name,
    summary: "every process is restarted in turn under load, and callers who see an error are counted",
    weight: 2,
    kinds: [allRestarted.name],
    play: (stage) =>
      orSkipped(name, stage, () =>
        playStorms(stage, {
          name,
          kinds: [allRestarted],
          open: (options) => openBalancedWorld({ ...options, kind }),
        }),
      ),
  };
}

function openBalancedWorld(options: WorldOptions & { readonly kind: BrokerKind }): Promise<BalancedWorld> {
  return openClosable(async (onClose) => {
    const { kind } = options;
    const { address: broker } = await openBroker(kind, options, onClose);
    const world = await makeWorld(options, onClose, async (given, database, closing) => {
      const processes = await startBrokerProcesses(given, database, closing, {
        broker,
        isUnruly: false,
        variables: VARIABLES,
      });
      const balancer = await Balancer.open({ urls: processes.engines.map(({ url }) => url) });
      closing(() => balancer.close());
      return { ...processes, balancer, callersUrl: balancer.url };
    });
    const { balancer } = world;
    return {
      ...world,
      brokered: new Set(REMOTE_CHANNELS),
      listOwed: () => listOwed(world),
      listErrors: () => balancer.errors.map((error) => `a caller has seen an error: ${error}`),
      counts: () => ({
        requests: balancer.requests,
        "asked again where the first refused": balancer.retried.refused,
        "asked again where the first was away": balancer.retried.away,
        "asked again where the line broke": balancer.retried.broken,
        "errors that callers have seen": balancer.failed,
      }),
    };
  }, options.report);
}
