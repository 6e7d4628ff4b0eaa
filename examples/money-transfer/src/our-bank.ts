/**
 * Our bank. Owns: `accounts`, `withdrawals`. Works in the transaction that moves the runs, so a booking and its transition are committed
 * together; there is nothing to repeat and nothing to look up.
 * B1  A balance is the opening one less all withdrawals that are not returned, and never below zero.
 * B2  However many transfers of one account a batch holds, it costs one lock and one new row version.
 */
import type { FlowTypes } from "@sluice/engine/definition";
import type { TransactionSql } from "@sluice/host/postgres";
import { addToBalances } from "./store/add-to-balances.ts";
import { insertWithdrawals } from "./store/insert-withdrawals.ts";
import { lockAccounts } from "./store/lock-accounts.ts";
import type { LockedAccount } from "./store/lock-accounts.ts";
import { returnWithdrawals } from "./store/return-withdrawals.ts";
import type { Withdrawal } from "./store/withdrawal.ts";
import type { transfer } from "./transfer.flow.ts";

type Commands = FlowTypes<typeof transfer>["Commands"];
type Answers = FlowTypes<typeof transfer>["Answers"];

/** Withdraws for a whole batch; one answer per command, in order. */
export async function withdrawMoney(
  commands: readonly Commands["WithdrawMoney"][],
  sql: TransactionSql,
): Promise<Answers["WithdrawMoney"][]> {
  const accounts = await lockAccounts(sql, [...new Set(commands.map(({ data }) => data.account))]);
  const { answers, withdrawals } = withdraw(commands, accounts);
  if (withdrawals.length > 0)
    await Promise.all([
      insertWithdrawals(sql, withdrawals),
      addToBalances(sql, sumByAccount(withdrawals, -1)),
    ]);
  return answers;
}

/** First come, first served, as far as each account reaches. */
function withdraw(commands: readonly Commands["WithdrawMoney"][], accounts: readonly LockedAccount[]) {
  const balances = new Map(accounts.map(({ accountId, balanceMinor }) => [accountId, balanceMinor]));
  const withdrawals: Withdrawal[] = [];
  const answers = commands.map(({ commandId, runId, data }): Answers["WithdrawMoney"] => {
    const balance = balances.get(data.account);
    if (balance === undefined) return { type: "WithdrawalRefused", data: { refusal: "unknown-account" } };
    if (balance < data.amountMinor)
      return { type: "WithdrawalRefused", data: { refusal: "not-enough-money" } };
    balances.set(data.account, balance - data.amountMinor);
    withdrawals.push({ commandId, runId, accountId: data.account, amountMinor: data.amountMinor });
    return { type: "MoneyWithdrawn", data: { withdrawalId: commandId } };
  });
  return { answers, withdrawals };
}

/** Takes withdrawals back. One that was never booked, or is returned already, is left as it is. */
export async function returnMoney(
  commands: readonly Commands["ReturnMoney"][],
  sql: TransactionSql,
): Promise<Answers["ReturnMoney"][]> {
  // In the order in which withdrawals lock them, so that batches wait for each other instead of in a circle.
  await lockAccounts(sql, [...new Set(commands.map(({ data }) => data.account))]);
  const returned = await returnWithdrawals(
    sql,
    commands.flatMap(({ undoes }) => undoes ?? []),
  );
  if (returned.length > 0) await addToBalances(sql, sumByAccount(returned, 1));
  return commands.map(() => ({ type: "MoneyReturned", data: {} }));
}

function sumByAccount(
  withdrawals: readonly Pick<Withdrawal, "accountId" | "amountMinor">[],
  sign: 1 | -1,
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { accountId, amountMinor } of withdrawals)
    sums.set(accountId, (sums.get(accountId) ?? 0) + sign * amountMinor);
  return sums;
}
