import type { Sql } from "@sluice/host/postgres";
import type { FastifyPluginAsync } from "fastify";
import { Type } from "typebox";
import { listAccounts } from "./store/list-accounts.ts";

const Account = Type.Object({
  bank: Type.Union([Type.Literal("ours"), Type.Literal("other")]),
  account: Type.String(),
  balanceMinor: Type.Integer(),
});

/** What both banks hold, to be looked at. */
export function bankRoutes(sql: Sql): FastifyPluginAsync {
  const schema = {
    tags: ["banks"],
    summary: "All accounts of both banks",
    response: { 200: Type.Array(Account) },
  };
  return async (server) => {
    server.get("/accounts", { schema }, () => listAccounts(sql));
  };
}
