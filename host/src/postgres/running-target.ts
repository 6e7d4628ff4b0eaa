/** Where the embedded server of a data directory listens while another process runs it. */
import { CLUSTER_USER } from "./initdb.ts";
import { DATABASE, layoutOf } from "./layout.ts";
import { findRunning } from "./postmaster.ts";
import type { SocketTarget } from "./url.ts";

/** Asks the file that the server itself writes, so it is right whatever options it was started with. `undefined`: none runs. */
export async function findRunningTarget(dataDirectory: string): Promise<SocketTarget | undefined> {
  const server = await findRunning(layoutOf(dataDirectory).cluster);
  if (server === undefined || server.socketDirectory === "") return undefined;
  const { socketDirectory, port } = server;
  return { socketDirectory, port, user: CLUSTER_USER, database: DATABASE };
}
