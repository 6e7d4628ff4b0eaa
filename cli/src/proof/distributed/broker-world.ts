/** The real thing across processes: a Postgres and a broker of its own, engines, and participants that hear of engines only through the broker. */
import { openClosable } from "../closable.ts";
import type { OnClose } from "../closable.ts";
import { REMOTE_CHANNELS } from "../storm/storm-app.ts";
import { makeWorld } from "../storm/world.ts";
import type { World, WorldOptions } from "../storm/world.ts";
import type { BrokerKind } from "./broker-address.ts";
import { listOwed } from "./list-owed.ts";
import { openBroker } from "./open-broker.ts";
import type { Broker } from "./open-broker.ts";
import { startBrokerProcesses } from "./start-processes.ts";
import type { BrokerProcesses } from "./start-processes.ts";
import { startVisitor } from "./visitor.ts";

export interface BrokerWorld extends World, BrokerProcesses {
  readonly broker: Broker;
  /** How long the broker stays out of reach, in ms. */
  readonly outageMs: number;
  /** Messages that were sent once more. */
  readonly repeated: { messages: number };
}

export interface BrokerWorldOptions extends WorldOptions {
  readonly kind: BrokerKind;
  readonly outageMs: number;
  /** Groups are rebalanced all the time, and messages come late and again. */
  readonly isUnruly: boolean;
}

/** Makes the world and waits until each lane is served. @throws HOST_SERVER_MISSING (unavailable) where there is no such broker */
export function openBrokerWorld(options: BrokerWorldOptions): Promise<BrokerWorld> {
  return openClosable((onClose) => makeBrokerWorld(options, onClose), options.report);
}

async function makeBrokerWorld(
  options: BrokerWorldOptions,
  onClose: OnClose,
): Promise<Omit<BrokerWorld, "close">> {
  const { kind, outageMs, isUnruly, seed } = options;
  const broker = await openBroker(kind, options, onClose);
  const world = await makeWorld(options, onClose, (given, database, closing) =>
    startBrokerProcesses(given, database, closing, { broker: broker.address, isUnruly }),
  );
  const visitor = isUnruly ? startVisitor(seed, broker.address) : null;
  onClose(() => visitor?.stop());
  const repeated = { messages: 0 };
  return {
    ...world,
    broker,
    outageMs,
    repeated,
    brokered: new Set(REMOTE_CHANNELS),
    listOwed: () => listOwed(world),
    counts: () => ({
      "visits of a group": visitor?.visits ?? 0,
      "messages repeated late": repeated.messages,
    }),
  };
}
