/** DBOS Transact as a subject: the same steps, on the same Postgres, asked as a program asks that has it as its library. */
import { randomUUID } from "node:crypto";
import type { PostgresTarget } from "@sluice/host/postgres";
import postgres from "postgres";
import type { Sql } from "postgres";
import { newOrder } from "../flow/order.ts";
import type { Subject } from "../subject/subject.ts";
import type { DbosSdk } from "./dbos-sdk.compat.ts";
import { loadDbos } from "./dbos-sdk.compat.ts";
import type { PeerConfig } from "./peer-config.ts";

/**
 * Its settings: connections for its system database, and as many for what the steps write. Of 10 (its default), 20 and 40 this was the
 * fastest on two cores. Nothing is logged but warnings; no queue, no conductor, no telemetry.
 */
export const DBOS_CONNECTIONS = 20;

export const DBOS_SETTINGS = `systemDatabasePoolSize ${DBOS_CONNECTIONS}, started directly (no queue), no telemetry, no logs; a step that writes is one statement in a transaction of its own on a pool of ${DBOS_CONNECTIONS}`;

export async function openDbos({ target, steps, kind }: PeerConfig): Promise<Subject> {
  const { DBOS } = await loadDbos();
  const sql = openPool(target);
  await sql`create table steps (order_id text not null, step integer not null, primary key (order_id, step))`;
  const carryOut = async (orderId: string, step: number): Promise<{ step: number }> => {
    if (kind === "transactional") await sql`insert into steps (order_id, step) values (${orderId}, ${step})`;
    return { step };
  };
  DBOS.setConfig({
    name: "bench",
    systemDatabaseUrl: toUrl(target),
    systemDatabasePoolSize: DBOS_CONNECTIONS,
    logger: WARNINGS,
  });
  const flow = DBOS.registerWorkflow(
    async (order: { readonly orderId: string }) => {
      let data: object = order;
      for (let step = 1; step <= steps; step++) {
        const answer = await DBOS.runStep(() => carryOut(order.orderId, step), { name: `step-${step}` });
        data = { ...data, ...answer };
      }
      return { outcome: "completed", data };
    },
    { name: "bench" },
  );
  await DBOS.launch();
  return {
    url: null,
    runOnce: async () => {
      const orderId = randomUUID();
      const handle = await DBOS.startWorkflow(flow)({ ...newOrder(orderId), orderId });
      const { outcome } = await handle.getResult();
      if (outcome !== "completed") throw new Error(`a run of DBOS ended with ${outcome}`);
    },
    close: async () => {
      await DBOS.shutdown();
      await sql.end();
    },
  };
}

const WARNINGS: Parameters<DbosSdk["DBOS"]["setConfig"]>[0]["logger"] = {
  debug() {},
  info() {},
  warn: (entry) => void process.stderr.write(`dbos: ${String(entry)}\n`),
  error: (entry) => void process.stderr.write(`dbos: ${String(entry)}\n`),
};

function openPool(target: PostgresTarget): Sql {
  const settings = { max: DBOS_CONNECTIONS, onnotice: () => {} };
  if (typeof target === "string") return postgres(target, settings);
  const { socketDirectory, port, user, database } = target;
  return postgres({ ...settings, path: `${socketDirectory}/.s.PGSQL.${port}`, user, database });
}

/** The URL that its driver takes for a server on a unix socket. @see https://node-postgres.com/features/connecting */
function toUrl(target: PostgresTarget): string {
  if (typeof target === "string") return target;
  const { socketDirectory, port, user, database } = target;
  return `postgresql://${user}@localhost:${port}/${database}?host=${encodeURIComponent(socketDirectory)}`;
}
