/**
 * The other bank, as somebody else's would be: its own transactions, and a line to it that loses answers. Owns: `other_accounts`,
 * `other_deposits`, and an inbox.
 * O1  A deposit is booked once for its command, however many attempts come.
 * O2  A deposit that was recalled is never booked, though its command may still come.
 */
import type { FlowTypes } from "@sluice/engine/definition";
import type { LocalHandlers } from "@sluice/engine/participant";
import { postgresInbox, postgresInboxMigrations } from "@sluice/engine/postgres-inbox";
import { migrate } from "@sluice/host/postgres";
import type { Sql, TransactionSql } from "@sluice/host/postgres";
import { bankError } from "./errors.ts";
import { getOtherAccount } from "./store/get-other-account.ts";
import type { OtherAccount } from "./store/get-other-account.ts";
import { insertDeposit } from "./store/insert-deposit.ts";
import { recallDeposit } from "./store/recall-deposit.ts";
import type { transfer } from "./transfer.flow.ts";

type Transfer = FlowTypes<typeof transfer>;
type DepositMoney = Transfer["Commands"]["DepositMoney"];
type Deposited = Transfer["Answers"]["DepositMoney"];

const SCHEMA = "money_transfer";

export async function otherBank(sql: Sql): Promise<LocalHandlers<Transfer>> {
  const { room, directory } = postgresInboxMigrations;
  await migrate(sql, { room, migrations: directory, schema: SCHEMA });
  const inbox = postgresInbox(sql, { schema: SCHEMA });
  return {
    async DepositMoney(command) {
      const account = await getOtherAccount(sql, command.data.account);
      const answer = await inbox.once(command.commandId, (transaction) =>
        deposit(transaction, command, account),
      );
      // The deposit is booked, and only we do not hear of it: the one case that a refund alone would get wrong.
      if (command.attempt <= (account?.answersLost ?? 0))
        throw bankError(
          "OTHER_BANK_SILENT",
          `the other bank did not answer attempt ${command.attempt}; ask again`,
        );
      return answer as Deposited | null;
    },
    async RecallDeposit({ commandId, undoes = "" }) {
      await inbox.undo(commandId, undoes, async (transaction) => {
        await recallDeposit(transaction, undoes);
        return null;
      });
      return { type: "DepositRecalled", data: {} };
    },
  };
}

async function deposit(
  sql: TransactionSql,
  { commandId, runId, data }: DepositMoney,
  account: OtherAccount | null,
): Promise<Deposited> {
  if (account === null) return { type: "DepositRefused", data: { refusal: "unknown-account" } };
  if (!account.isOpen) return { type: "DepositRefused", data: { refusal: "closed-account" } };
  await insertDeposit(sql, { commandId, runId, accountId: account.accountId, amountMinor: data.amountMinor });
  return { type: "MoneyDeposited", data: { depositId: commandId } };
}
