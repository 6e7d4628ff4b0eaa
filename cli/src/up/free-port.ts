/** Ports before anything is started that needs them. */
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { createHttpServer } from "@sluice/host/http";
import type { ResolvedHttpOptions } from "@sluice/host/http";
import { createLog } from "@sluice/host/log";
import { createMeter } from "@sluice/host/metrics";

/**
 * A port that is free now. The app and the other engines must know our address before routes are added and the server
 * listens, so that port 0 is settled here; whoever is quicker to take it makes the later `listen` fail, with a clear error.
 * An address that is not ours answers 0, for `listen` explains that too.
 */
export async function findFreePort(host: string): Promise<number> {
  return (await tryPort({ host, port: 0 })) ?? 0;
}

/**
 * Refuses a port that cannot be opened now, as the server would refuse it later.
 * @throws HOST_PORT_TAKEN (conflict) that names the holder, HOST_BAD_OPTION (invalid)
 */
export async function requireFreePort(http: ResolvedHttpOptions): Promise<void> {
  if ((await tryPort(http)) !== null) return;
  // The server knows what to say. It may also find the port free now; then there is nothing to say.
  const server = await createHttpServer({
    options: http,
    log: createLog({ level: "silent" }),
    meter: createMeter({ processMetrics: false }),
    info: { title: "Sluice", version: "0" },
  });
  try {
    await server.listen();
  } finally {
    await server.stop();
  }
}

/** Opens a port and closes it again: its number, or null where it cannot be opened. */
async function tryPort({ host, port }: Pick<ResolvedHttpOptions, "host" | "port">): Promise<number | null> {
  const server = createServer();
  server.listen({ host, port });
  try {
    await once(server, "listening");
  } catch {
    return null;
  }
  const address = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return address.port;
}
