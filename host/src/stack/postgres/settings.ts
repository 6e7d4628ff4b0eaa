/** How Postgres is started for the stack: as the embedded one, and on a TCP port. */
import { programOf } from "../../postgres/binaries.ts";
import type { Binaries } from "../../postgres/binaries.ts";
import { SERVER_ENV } from "../../postgres/initdb.ts";
import { SOCKET_PORT, layoutOf } from "../../postgres/layout.ts";
import { serverArguments } from "../../postgres/server-settings.ts";
import type { Launch, Place } from "../server-adapter.ts";

/** For several engines, services and tools at once. */
export const CONNECTIONS_MAX = 200;

export function postgresLaunch(binaries: Binaries, { root, ports }: Place): Launch {
  const { cluster, socketDirectory } = layoutOf(root);
  return {
    program: programOf(binaries, "postgres"),
    args: serverArguments({
      cluster,
      socketDirectory,
      socketPort: SOCKET_PORT,
      connectionsMax: CONNECTIONS_MAX,
      tcpPort: ports[0],
    }),
    env: SERVER_ENV,
    files: [],
  };
}
