/** The laws of the subscriptions. They hold at any instant and after any crash. */
import type { AppAudit } from "@sluice/cli/app";
import type { Sql } from "@sluice/host/postgres";

/** Enough to see what is wrong. */
const BREACHES_MAX = 20;

export function createAudits(sql: Sql): readonly AppAudit[] {
  return [
    {
      name: "each invoice that was paid has its charge, and no other has one",
      async check() {
        // A charge is committed with the end of its invoice, so there is no instant between the two.
        const rows = await sql<{ readonly breach: string }[]>`
          select format('invoice %s in state %s has %s charges', run_id, state, charges) as breach
            from sluice.runs
            cross join lateral (select count(*) as charges from subscription.charges
                                 where charges.run_id = runs.run_id) as taken
           where flow = 'invoice' and parked is null
             and charges <> (case when outcome = 'paid' then 1 else 0 end)
           limit ${BREACHES_MAX}`;
        return rows.map(({ breach }) => breach);
      },
    },
  ];
}
