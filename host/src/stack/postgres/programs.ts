/** The programs of Postgres: the embedded ones, which npm has installed. */
import { makePrivate } from "../../data-folder.ts";
import { findBinaries } from "../../postgres/binaries.ts";
import type { Binaries } from "../../postgres/binaries.ts";
import { ensureCluster } from "../../postgres/initdb.ts";
import { layoutOf } from "../../postgres/layout.ts";
import type { OsUser } from "../../postgres/os-user.ts";
import { removeStaleLocks } from "../../postgres/postmaster.ts";
import { socketPath } from "../../postgres/url.ts";
import type { Finding, Place } from "../server-adapter.ts";
import { FOLDER_REMEDY } from "../server-folder.ts";
import { postgresLaunch } from "./settings.ts";

export async function findPostgres(user: OsUser | undefined): Promise<Finding> {
  try {
    const binaries = await findBinaries(user);
    return {
      installed: {
        make: (place) => makeCluster(binaries, place),
        launchOf: (place) => postgresLaunch(binaries, place),
      },
    };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return { missing: { found, remedy: "run npm install" } };
  }
}

async function makeCluster(binaries: Binaries, { root, user, ports }: Place): Promise<void> {
  const { cluster, socketDirectory } = layoutOf(root);
  await makePrivate(socketDirectory, user, FOLDER_REMEDY);
  await ensureCluster(cluster, binaries, user);
  await removeStaleLocks({ cluster, socketFile: socketPath({ socketDirectory, port: ports[0] }) });
}
