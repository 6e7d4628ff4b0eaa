/** Participants in the batch's transaction, with tables of their own: a hot row for the seats, a row per ticket, order and step. */
import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";
import type { TransactionalParticipant } from "@sluice/engine";
import type { FlowTypes } from "@sluice/engine/definition";
import { transactional } from "@sluice/engine/participant";
import type { Sql } from "@sluice/host/postgres";
import type { BenchFlow } from "../flow/bench-flow.ts";
import type { purchase } from "../flow/purchase.flow.ts";
import { STEPS_CHANNEL } from "../flow/steps-flow.ts";

export function transactionalParticipants(flow: BenchFlow): TransactionalParticipant[] {
  return flow === "purchase" ? [tickets(), orders()] : [steps()];
}

type Purchase = FlowTypes<typeof purchase>;

function tickets(): TransactionalParticipant {
  return transactional<Purchase, Sql>("tickets", {
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
  });
}

function orders(): TransactionalParticipant {
  return transactional<Purchase, Sql>("orders", {
    CloseOrder: async (commands, sql) => {
      await sql`
        insert into bench.closed_orders (order_id)
        select * from unnest(${commands.map(({ data }) => data.orderId)}::text[])`;
      return commands.map(() => ({ type: "OrderClosed", data: {} }));
    },
  });
}

/** Of all flows of steps, whatever their length. */
interface Steps {
  readonly Commands: {
    readonly CarryOutStep: CommandMessage<
      "CarryOutStep",
      { readonly orderId: string; readonly step: number }
    >;
  };
  readonly Answers: { readonly CarryOutStep: EventMessage<"StepDone", { readonly step: number }> };
}

function steps(): TransactionalParticipant {
  return transactional<Steps, Sql>(STEPS_CHANNEL, {
    CarryOutStep: async (commands, sql) => {
      await sql`
        insert into bench.steps (order_id, step)
        select * from unnest(${commands.map(({ data }) => data.orderId)}::text[], ${commands.map(({ data }) => data.step)}::int[])`;
      return commands.map(({ data }) => ({ type: "StepDone", data: { step: data.step } }));
    },
  });
}
