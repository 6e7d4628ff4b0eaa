/** Transactional participants of the benchmark, with tables of their own: a hot row for the seats, a row per ticket and order. */
import type { FlowTypes } from "@sluice/engine/definition";
import { transactional } from "@sluice/engine/participant";
import type { TransactionalParticipant } from "@sluice/engine";
import type { Sql } from "@sluice/host/postgres";
import type { purchase } from "./purchase.ts";

type Types = FlowTypes<typeof purchase>;

export async function createTables(sql: Sql): Promise<void> {
  await sql.unsafe(`
    create schema bench;
    create table bench.concerts (concert_id integer primary key, sold integer not null) with (fillfactor = 10);
    create table bench.tickets (order_id text primary key, concert_id integer not null, seat integer not null);
    create table bench.closed_orders (order_id text primary key);
    insert into bench.concerts values (1, 0);`);
}

/** How many tickets and closed orders there are: what the benchmark's audit compares with the runs. */
export async function countEffects(
  sql: Sql,
): Promise<{ readonly tickets: number; readonly sold: number; readonly closed: number }> {
  const [row] = await sql<{ tickets: number; sold: number; closed: number }[]>`
    select (select count(*)::int from bench.tickets) as tickets,
           (select sold from bench.concerts) as sold,
           (select count(*)::int from bench.closed_orders) as closed`;
  return row ?? { tickets: 0, sold: 0, closed: 0 };
}

export function transactionalParticipants(): TransactionalParticipant[] {
  return [
    transactional<Types, Sql>("tickets", {
      IssueTicket: async (commands, sql) => {
        // The hot row is written once for the whole batch; its old value numbers the seats.
        const [concert] = await sql<{ sold: number }[]>`
          update bench.concerts set sold = sold + ${commands.length} where concert_id = 1 returning sold - ${commands.length} as sold`;
        const first = (concert?.sold ?? 0) + 1;
        await sql`
          insert into bench.tickets (order_id, concert_id, seat)
          select order_id, 1, ${first} + ordinality::int - 1
            from unnest(${commands.map(({ data }) => data.orderId)}::text[]) with ordinality as o (order_id, ordinality)`;
        return commands.map((_, at) => ({ type: "TicketIssued", data: { seat: first + at } }));
      },
    }),
    transactional<Types, Sql>("orders", {
      CloseOrder: async (commands, sql) => {
        await sql`
          insert into bench.closed_orders (order_id)
          select * from unnest(${commands.map(({ data }) => data.orderId)}::text[])`;
        return commands.map(() => ({ type: "OrderClosed", data: {} }));
      },
    }),
  ];
}
