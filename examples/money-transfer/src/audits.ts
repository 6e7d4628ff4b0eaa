/** The laws of both banks. They hold at any instant, in the middle of any transfer and after any crash. */
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
      "a balance is the opening one less the withdrawals that stand",
      () => sql`
      select format('account %s has %s, its bookings say %s', account_id, balance_minor, opening_minor - withdrawn) as breach
        from money_transfer.accounts
        cross join lateral (select coalesce(sum(amount_minor), 0) as withdrawn
                              from money_transfer.withdrawals
                             where withdrawals.account_id = accounts.account_id and returned_at is null) as standing
       where balance_minor <> opening_minor - withdrawn
       limit ${BREACHES_MAX}`,
    ),

    // Recalled before it is returned: the undo of the newest step comes first.
    law(
      "no money is made: each deposit that stands has its withdrawal",
      () => sql`
      select format('deposit %s of %s has no withdrawal', command_id, deposits.amount_minor) as breach
        from money_transfer.other_deposits as deposits
       where recalled_at is null
         and not exists (select from money_transfer.withdrawals
                          where withdrawals.run_id = deposits.run_id
                            and withdrawals.amount_minor = deposits.amount_minor
                            and returned_at is null)
       limit ${BREACHES_MAX}`,
    ),

    law(
      "no money is lost: a transfer that ended has both of its bookings, or none that stands",
      () => sql`
      select format('run %s ended %s with %s withdrawals and %s deposits', run_id, outcome, withdrawals, deposits) as breach
        from sluice.runs
        cross join lateral (select count(*) as withdrawals from money_transfer.withdrawals
                             where withdrawals.run_id = runs.run_id and returned_at is null) as ours
        cross join lateral (select count(*) as deposits from money_transfer.other_deposits
                             where other_deposits.run_id = runs.run_id and recalled_at is null) as theirs
       where flow = 'money-transfer' and outcome is not null
         and (withdrawals, deposits) <> (case when outcome = 'transferred' then 1 else 0 end, case when outcome = 'transferred' then 1 else 0 end)
       limit ${BREACHES_MAX}`,
    ),
  ];
}
