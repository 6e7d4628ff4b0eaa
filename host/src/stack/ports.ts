/** The ports of a server: those asked for, those it had, those its clients expect, or any that are free. */
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { hostError } from "../errors.ts";
import { findPortHolder } from "../http/port-holder.ts";
import { describeProcess } from "../process-identity.ts";
import { LOOPBACK } from "./server-adapter.ts";
import type { Place, ServerAdapter } from "./server-adapter.ts";

/** Which ports a server has. */
export type PortPlan = Pick<ServerAdapter, "name" | "port" | "innerPorts">;

export interface PortWish {
  /** The clients' port; 0: any that is free; `undefined`: the usual one where it is free. */
  readonly port: number | undefined;
  /** What the server had at its last start, which its clients know: kept where it is free. */
  readonly former: Place["ports"] | undefined;
}

/** @throws HOST_PORT_TAKEN (conflict) when the port that was asked for is not free */
export async function choosePorts(adapter: PortPlan, { port, former }: PortWish): Promise<Place["ports"]> {
  const chosen: [number, ...number[]] = [await chooseClientPort(adapter, { port, former })];
  const inner = former?.slice(1) ?? [];
  for (let index = 0; index < adapter.innerPorts; index += 1) {
    chosen.push(await chooseOf([inner[index]], chosen));
  }
  return chosen;
}

async function chooseClientPort(adapter: PortPlan, { port, former }: PortWish): Promise<number> {
  if (port === undefined || port === 0) {
    return chooseOf([former?.[0], port === undefined ? adapter.port : undefined], []);
  }
  if (await isPortFree(port)) return port;
  throw await portTaken(adapter, port);
}

/** The first of these that is free, else any. */
async function chooseOf(
  candidates: readonly (number | undefined)[],
  taken: readonly number[],
): Promise<number> {
  for (const port of candidates) {
    if (port !== undefined && !taken.includes(port) && (await isPortFree(port))) return port;
  }
  for (;;) {
    const port = await openPort(0);
    if (port !== undefined && !taken.includes(port)) return port;
  }
}

export async function isPortFree(port: number): Promise<boolean> {
  return (await openPort(port)) !== undefined;
}

/** Opens a port and closes it again: its number, or `undefined` where it cannot be opened. */
async function openPort(port: number): Promise<number | undefined> {
  const server = createServer();
  server.listen({ host: LOOPBACK, port });
  try {
    await once(server, "listening");
  } catch {
    return undefined;
  }
  const address = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return address.port;
}

/** HOST_PORT_TAKEN (conflict), which names the holder where it can be seen. */
export async function portTaken({ name }: Pick<ServerAdapter, "name">, port: number): Promise<Error> {
  const holderPid = await findPortHolder(port);
  const who = holderPid === undefined ? "another process" : await describeProcess(holderPid);
  return hostError(
    "HOST_PORT_TAKEN",
    `${name}: port ${port} of ${LOOPBACK} is held by ${who}, expected a free port; stop that process, or choose another port with --${name}-port (SLUICE_STACK_${name.toUpperCase()}_PORT)`,
    { fields: { host: LOOPBACK, port, holderPid } },
  );
}
