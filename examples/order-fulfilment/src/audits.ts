/** The laws of the warehouse. They hold at any instant, in the middle of any order and after any crash. */
import type { AppAudit } from "@sluice/cli/app";
import type { Sql } from "@sluice/host/postgres";

/** Enough to see what is wrong. */
const BREACHES_MAX = 20;

interface BreachRow {
  readonly breach: string;
}

export function createAudits(sql: Sql): readonly AppAudit[] {
  const law = (name: string, find: () => Promise<BreachRow[]>): AppAudit => ({
    name,
    check: async () => (await find()).map(({ breach }) => breach),
  });
  return [
    law(
      "units: what is available and what is held is all there is",
      () => sql`
      select format('%s: %s of %s available, %s held', sku, available_units, opening_units, held) as breach
        from order_fulfilment.stock
        cross join lateral (select coalesce(sum(units), 0) as held from order_fulfilment.holds
                             where holds.sku = stock.sku and released_at is null) as standing
       where available_units + held <> opening_units
       limit ${BREACHES_MAX}`,
    ),

    law(
      "an order that ended holds its lines if it was shipped, and nothing if not",
      () => sql`
      select format('run %s ended %s and holds %s of its %s lines', run_id, outcome, held, lines) as breach
        from sluice.runs
        cross join lateral (select count(*) as held from order_fulfilment.holds
                             where holds.run_id = runs.run_id and released_at is null) as standing
        cross join lateral (select json_array_length(runs.data::json -> 'lines') as lines) as ordered
       where flow = 'order-fulfilment' and outcome is not null
         and held <> (case when outcome = 'shipped' then lines else 0 end)
       limit ${BREACHES_MAX}`,
    ),
  ];
}
