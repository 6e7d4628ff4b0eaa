/** The tables of the transactional participants, and what has to stand in them afterwards. */
import type { Sql } from "@sluice/host/postgres";
import type { BenchFlow } from "../flow/bench-flow.ts";

export const PARTICIPANTS_SCHEMA = "bench";

/** An order has each effect at most once, or the batch that wants it twice fails: the primary keys see to it. */
export async function createParticipantTables(sql: Sql, schema = PARTICIPANTS_SCHEMA): Promise<void> {
  await sql.unsafe(`
    create schema ${schema};
    create table ${schema}.concerts (concert_id integer primary key, sold integer not null) with (fillfactor = 10);
    create table ${schema}.tickets (order_id text primary key, concert_id integer not null, seat integer not null);
    create table ${schema}.closed_orders (order_id text primary key);
    create table ${schema}.steps (order_id text not null, step integer not null, primary key (order_id, step));
    insert into ${schema}.concerts values (1, 0);`);
}

/** Effects that are missing or too many after `runs` runs have ended: one sentence each. */
export async function effectFaults(sql: Sql, flow: BenchFlow, runs: number): Promise<string[]> {
  const [found] = await sql<{ tickets: number; sold: number; closed: number; steps: number }[]>`
    select (select count(*)::int from bench.tickets) as tickets,
           (select sold from bench.concerts) as sold,
           (select count(*)::int from bench.closed_orders) as closed,
           (select count(*)::int from bench.steps) as steps`;
  const { tickets = 0, sold = 0, closed = 0, steps = 0 } = found ?? {};
  if (flow === "purchase")
    return tickets === runs && sold === runs && closed === runs
      ? []
      : [
          `${runs} runs have ${tickets} tickets, ${sold} seats sold and ${closed} closed orders, expected ${runs} of each`,
        ];
  const expected = runs * flow;
  return steps === expected ? [] : [`${runs} runs have ${steps} steps done, expected ${expected}`];
}
