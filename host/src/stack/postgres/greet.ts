/** Words with Postgres over its socket, where it asks nobody for a password. */
import { CLUSTER_USER } from "../../postgres/initdb.ts";
import { DATABASE, layoutOf } from "../../postgres/layout.ts";
import { closePostgres, openPostgres } from "../../postgres/open.ts";
import type { Sql } from "../../postgres/open.ts";
import type { Greeting, Place } from "../server-adapter.ts";

const CONNECT_MS = 2_000;

export async function greetPostgres(place: Place): Promise<Greeting | undefined> {
  try {
    return await withConnection(place, async (sql) => {
      const [row] = await sql<Greeting[]>`select current_setting('server_version') as version`;
      return row;
    });
  } catch {
    return undefined;
  }
}

/** Who comes over TCP needs a password: the folder's. */
export async function setPassword(place: Place): Promise<void> {
  // The secret is base64url, which needs no quoting.
  await withConnection(place, (sql) => sql.unsafe(`alter role ${CLUSTER_USER} password '${place.secret}'`));
}

async function withConnection<T>({ root, ports }: Place, work: (sql: Sql) => Promise<T>): Promise<T> {
  const { socketDirectory } = layoutOf(root);
  const target = { socketDirectory, port: ports[0], user: CLUSTER_USER, database: DATABASE };
  const sql = await openPostgres(target, {
    applicationName: "sluice-start",
    connectionsMax: 1,
    connectMs: CONNECT_MS,
  });
  try {
    return await work(sql);
  } finally {
    await closePostgres(sql, 0);
  }
}
