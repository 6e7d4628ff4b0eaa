/** What runs in a stack's folder, whoever has started it. */
import { serverPlaceOf } from "./server-place.ts";
import { ADAPTERS } from "./adapters.ts";
import { findServer } from "./running-server.ts";
import { SERVER_NAMES } from "./server-adapter.ts";
import type { ServerAdapter, ServerName } from "./server-adapter.ts";
import { serverLayoutOf } from "./server-layout.ts";
import { stackLayoutOf } from "./stack-layout.ts";

export interface ServerReport {
  readonly name: ServerName;
  /** `silent`: its process is there, and does not answer. */
  readonly state: "running" | "silent" | "stopped";
  /** Where it is, or was at its last start. */
  readonly address: string;
  readonly port: number;
  readonly pid: number | null;
  /** Known of a server that answers. */
  readonly version: string | null;
  readonly logFile: string;
}

/** The servers that have been started in this folder, in a fixed order. Changes nothing, and waits for nobody's lock. */
export async function inspectStack(dataDirectory: string): Promise<readonly ServerReport[]> {
  const { directoryOf } = stackLayoutOf(dataDirectory);
  const reports = await Promise.all(
    SERVER_NAMES.map((name) => inspectServer(ADAPTERS[name], directoryOf(name))),
  );
  return reports.filter((report) => report !== undefined);
}

async function inspectServer(adapter: ServerAdapter, directory: string): Promise<ServerReport | undefined> {
  const layout = serverLayoutOf(adapter, directory);
  const place = await serverPlaceOf(adapter, layout);
  if (place === undefined) return undefined;
  const process = await findServer(layout);
  const greeting = process === undefined ? undefined : await adapter.greet(place);
  return {
    name: adapter.name,
    state: process === undefined ? "stopped" : greeting === undefined ? "silent" : "running",
    address: adapter.addressOf(place),
    port: place.ports[0],
    pid: process?.pid ?? null,
    version: greeting?.version ?? null,
    logFile: layout.logFile,
  };
}
