import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { GeneratedFlow } from "@sluice/engine/random-flows";
import type { Sql } from "@sluice/host/postgres";
import { findFreePort } from "../../up/free-port.ts";
import { Child } from "../child.ts";
import type { OnClose } from "../closable.ts";
import { EngineChild } from "../storm/engine-child.ts";
import { HOST, urlOf } from "../storm/start-processes.ts";
import type { WorldProcesses } from "../storm/start-processes.ts";
import { brokeredFlows } from "../storm/storm-flows.ts";
import type { WorldOptions } from "../storm/world.ts";
import type { BrokerAddress } from "./broker-address.ts";
import { Line } from "./line.ts";
import type { BrokerEngineConfig, BrokerParticipantsConfig } from "./process-messages.ts";

export interface BrokerProcesses extends WorldProcesses {
  readonly flows: readonly GeneratedFlow[];
  /** To the broker, one for each process: those of the engines first. */
  readonly lines: readonly Line[];
}

/** Processes of the remote participants. */
const PARTICIPANTS = 2;
const ENGINE_FILE = join(import.meta.dirname, "replica.process.ts");
const PARTICIPANTS_FILE = join(import.meta.dirname, "participants.process.ts");

/** Engines and participants around a broker, ready. */
export async function startBrokerProcesses(
  options: WorldOptions,
  { databaseUrl, sql }: { readonly databaseUrl: string; readonly sql: Sql },
  onClose: OnClose,
  {
    broker,
    isUnruly,
    variables = {},
  }: Pick<BrokerParticipantsConfig, "broker" | "isUnruly"> & Pick<BrokerEngineConfig, "variables">,
): Promise<BrokerProcesses> {
  const { seed, engines: count, directory, env, stop, report } = options;
  const logs = join(directory, "logs");
  await mkdir(logs);
  const shared = { env, onEnd: (message: string): void => report("engine", message) };
  const ports = await Promise.all(Array.from({ length: count }, () => findFreePort(HOST)));
  const lines = await openLines(count + PARTICIPANTS, broker, onClose);
  const addresses = lines.map(({ address }) => address);
  const engines = ports.map((port, at) => {
    const name = `engine-${at + 1}`;
    const config: Omit<BrokerEngineConfig, "serves"> = {
      seed,
      name,
      databaseUrl,
      port,
      url: urlOf(port),
      broker: addresses[at] ?? broker,
      variables,
    };
    return new EngineChild(config, { ...shared, file: ENGINE_FILE, sql, logFile: join(logs, `${name}.log`) });
  });
  const participants = addresses.slice(count).map((address, at) => {
    const name = `participants-${at + 1}`;
    const config: BrokerParticipantsConfig = {
      seed,
      name,
      databaseUrl,
      engineUrls: ports.map(urlOf),
      broker: address,
      isUnruly,
    };
    return new Child({
      ...shared,
      name,
      file: PARTICIPANTS_FILE,
      config: () => config,
      logFile: join(logs, `${name}.log`),
    });
  });
  const all = [...participants, ...engines];
  onClose(async () => void (await Promise.all(all.map((child) => child.kill()))));
  await Promise.all(all.map((child) => child.start(stop)));
  return { engines, participants, flows: brokeredFlows(seed), lines };
}

async function openLines(count: number, broker: BrokerAddress, onClose: OnClose): Promise<readonly Line[]> {
  const lines = await Promise.all(Array.from({ length: count }, () => Line.open(broker)));
  onClose(async () => void (await Promise.all(lines.map((line) => line.close()))));
  return lines;
}
