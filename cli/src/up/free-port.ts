import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

/**
 * A port that is free now. The app and the other engines must know our address before routes are added and the server
 * listens, so that port 0 is settled here; whoever is quicker to take it makes the later `listen` fail, with a clear error.
 * An address that is not ours answers 0, for `listen` explains that too.
 */
export async function findFreePort(host: string): Promise<number> {
  const server = createServer();
  server.listen({ host, port: 0 });
  try {
    await once(server, "listening");
  } catch {
    return 0;
  }
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
