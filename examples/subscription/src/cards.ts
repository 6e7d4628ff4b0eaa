/**
 * Cards and what was charged to them. Owns: `cards`, `charges`. Works in the transaction that moves the runs.
 * K1  An invoice is charged once; the table refuses a second time.
 * K2  Each charge stands in one report at most.
 */
import type { FlowTypes } from "@sluice/engine/definition";
import type { TransactionSql } from "@sluice/host/postgres";
import type { invoice } from "./invoice.flow.ts";
import type { report } from "./report.flow.ts";
import { insertCharges } from "./store/insert-charges.ts";
import type { Charge } from "./store/insert-charges.ts";
import { lockCards } from "./store/lock-cards.ts";
import { reportCharges } from "./store/report-charges.ts";
import { updateDeclines } from "./store/update-declines.ts";

type Invoice = FlowTypes<typeof invoice>;
type Report = FlowTypes<typeof report>;
type ChargeCard = Invoice["Commands"]["ChargeCard"];
type Charged = Invoice["Answers"]["ChargeCard"];

/** Charges the cards of a whole batch; one answer per command, in order. A customer without a card is declined. */
export async function chargeCards(commands: readonly ChargeCard[], sql: TransactionSql): Promise<Charged[]> {
  const cards = await lockCards(sql, [...new Set(commands.map(({ data }) => data.customerId))]);
  const declinesLeft = new Map(cards.map((card) => [card.customerId, card.declinesLeft]));
  const declined = new Map<string, number>();
  const charges: Charge[] = [];
  const answers = commands.map(({ commandId, runId, data }): Charged => {
    const left = declinesLeft.get(data.customerId) ?? Infinity;
    if (left === 0) {
      charges.push({ runId, ...data });
      return { type: "CardCharged", data: { chargeId: commandId } };
    }
    declinesLeft.set(data.customerId, left - 1);
    declined.set(data.customerId, (declined.get(data.customerId) ?? 0) + 1);
    return { type: "CardDeclined", data: {} };
  });
  await Promise.all([insertCharges(sql, charges), updateDeclines(sql, declined)]);
  return answers;
}

/** Puts charges into reports: each into the first that comes after it. */
export async function addUpCharges(
  commands: readonly Report["Commands"]["AddUpCharges"][],
  sql: TransactionSql,
): Promise<Report["Answers"]["AddUpCharges"][]> {
  const answers: Report["Answers"]["AddUpCharges"][] = [];
  // One after the other, oldest first as they were started: two reports of a batch would want the same charges.
  for (const { data } of commands)
    answers.push({ type: "ChargesAddedUp", data: await reportCharges(sql, data.dueAt) });
  return answers;
}
