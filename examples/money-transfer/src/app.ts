/**
 * Transfers as an application of Sluice: `sluice up examples/money-transfer/src/app.ts`.
 *
 * | channel | commands | carried out by |
 * | --- | --- | --- |
 * | our-bank | WithdrawMoney, ReturnMoney | our-bank.ts, in the engine's transaction |
 * | other-bank | DepositMoney, RecallDeposit | other-bank.ts, after the commit, in transactions of its own |
 */
import { defineApp } from "@sluice/cli/app";
import type { FlowTypes } from "@sluice/engine/definition";
import { local, transactional } from "@sluice/engine/participant";
import type { TransactionSql } from "@sluice/host/postgres";
import { createAudits } from "./audits.ts";
import { otherBank } from "./other-bank.ts";
import { returnMoney, withdrawMoney } from "./our-bank.ts";
import { bankRoutes } from "./routes.ts";
import { transfer } from "./transfer.flow.ts";

type Transfer = FlowTypes<typeof transfer>;

export const app = defineApp({
  name: "money-transfer",
  flows: [transfer],
  migrations: new URL("../migrations/", import.meta.url),
  open: async ({ sql, baseUrl }) => ({
    participants: [
      transactional<Transfer, TransactionSql>("our-bank", {
        WithdrawMoney: withdrawMoney,
        ReturnMoney: returnMoney,
      }),
      local<Transfer>("other-bank", await otherBank(sql)),
    ],
    routes: () => bankRoutes(sql),
    audits: createAudits(sql),
    links: [{ name: "accounts", url: `${baseUrl}/accounts` }],
  }),
});
