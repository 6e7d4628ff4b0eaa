import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { GeneratedFlow } from "@sluice/engine/random-flows";
import type { Sql } from "@sluice/host/postgres";
import { findFreePort } from "../../up/free-port.ts";
import { Child } from "../child.ts";
import { EngineChild } from "./engine-child.ts";
import type { HttpEngineConfig, ParticipantsConfig } from "./process-messages.ts";
import type { OnClose } from "../closable.ts";
import type { WorldOptions } from "./world.ts";

export const HOST = "127.0.0.1";
const ENGINE_FILE = join(import.meta.dirname, "engine.process.ts");

export interface WorldProcesses {
  readonly engines: readonly EngineChild[];
  readonly participants: readonly Child[];
  /** What the engines serve. @default the flows of the storm */
  readonly flows?: readonly GeneratedFlow[];
  /** Where callers come in, without a slash at the end. @default any of the engines */
  readonly callersUrl?: string;
}

export type StartProcesses<Processes extends WorldProcesses> = (
  options: WorldOptions,
  database: { readonly databaseUrl: string; readonly sql: Sql },
  onClose: OnClose,
) => Promise<Processes>;

/** Engines and participants, ready. Each keeps its address through all its lives, so that callers find it again. */
export async function startProcesses(
  { seed, engines: count, directory, env, stop, report }: WorldOptions,
  { databaseUrl, sql }: { readonly databaseUrl: string; readonly sql: Sql },
  onClose: OnClose,
): Promise<WorldProcesses> {
  const logs = join(directory, "logs");
  await mkdir(logs);
  const shared = { env, onEnd: (message: string): void => report("engine", message) };
  const [port = 0, ...enginePorts] = await Promise.all(
    Array.from({ length: 1 + count }, () => findFreePort(HOST)),
  );
  const participants = new Child({
    ...shared,
    name: "participants",
    file: join(import.meta.dirname, "participants.process.ts"),
    config: (): ParticipantsConfig => ({ seed, databaseUrl, port, engineUrls: enginePorts.map(urlOf) }),
    logFile: join(logs, "participants.log"),
  });
  const engines = enginePorts.map((enginePort, at) => {
    const name = `engine-${at + 1}`;
    const address = { port: enginePort, url: urlOf(enginePort) };
    const config: Omit<HttpEngineConfig, "serves"> = {
      seed,
      name,
      databaseUrl,
      participantsUrl: urlOf(port),
      ...address,
    };
    return new EngineChild(config, { ...shared, file: ENGINE_FILE, sql, logFile: join(logs, `${name}.log`) });
  });
  onClose(async () => void (await Promise.all([participants, ...engines].map((child) => child.kill()))));
  // All at once: whoever comes first makes the deployment.
  await Promise.all([participants, ...engines].map((child) => child.start(stop)));
  return { engines, participants: [participants] };
}

/** Without a slash at the end. */
export function urlOf(port: number): string {
  return `http://${HOST}:${port}`;
}
