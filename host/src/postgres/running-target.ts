/** What there is in a data directory, for those who only look. */
import { CLUSTER_USER } from "./initdb.ts";
import { DATABASE, holdsCluster, layoutOf } from "./layout.ts";
import { findRunning } from "./postmaster.ts";
import type { SocketTarget } from "./url.ts";

/** Whether a data directory holds a database, running or not. */
export function holdsDatabase(dataDirectory: string): boolean {
  return holdsCluster(layoutOf(dataDirectory));
}

/** Where the embedded server of a data directory listens while another process runs it. Asks the file that the server itself writes, so it is right whatever options it was started with. `undefined`: none runs. */
export async function findRunningTarget(dataDirectory: string): Promise<SocketTarget | undefined> {
  const server = await findRunning(layoutOf(dataDirectory).cluster);
  if (server === undefined || server.socketDirectory === "") return undefined;
  const { socketDirectory, port } = server;
  return { socketDirectory, port, user: CLUSTER_USER, database: DATABASE };
}
