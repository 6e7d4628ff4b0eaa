import { defineFlow } from "@sluice/engine/definition";
import { Type } from "typebox";

const Totals = Type.Object({
  charges: Type.Integer({ minimum: 0 }),
  amountMinor: Type.Integer({ minimum: 0 }),
});
const Due = Type.Object({ dueAt: Type.String({ format: "date-time" }) });

export interface ReportTimes {
  /** When the books are closed, as cron. */
  readonly closing: string;
}

/** Started by the clock: adds up the charges that no report has yet. What one report missed, the next one has. */
export const reportFlow = ({ closing }: ReportTimes) =>
  defineFlow({
    name: "revenue-report",
    version: 1,
    data: Type.Object({ ...Due.properties, ...Type.Partial(Totals).properties }),
    events: { ChargesAddedUp: Totals },
    commands: { AddUpCharges: { channel: "ledger", data: Due, answers: ["ChargesAddedUp"] } },
    schedule: { cron: closing, timeZone: "Europe/Rome", catchUp: "last", dueField: "dueAt" },
    initial: "adding-up",
    states: {
      "adding-up": {
        send: { AddUpCharges: { pick: ["dueAt"] } },
        on: { ChargesAddedUp: { target: "reported", update: "merge" } },
      },
      reported: { final: "reported" },
    },
  });

/** The books are closed on the first of each month. */
export const report = reportFlow({ closing: "0 6 1 * *" });
