import { defineFlow } from "@sluice/engine/definition";
import { Type } from "typebox";

/** Where the box office is: its days are those of the report. */
export const TIME_ZONE = "Europe/Berlin";

const Due = Type.Object({ dueAt: Type.String({ format: "date-time" }) });
const Written = Type.Object({
  day: Type.String({ format: "date" }),
  concerts: Type.Integer({ minimum: 0 }),
});

/** Started by the clock: writes down what was sold and given back on the day before. A day in which no engine ran has its report later. */
export const nightlyReport = defineFlow({
  name: "nightly-report",
  version: 1,
  schedule: { cron: "0 3 * * *", timeZone: TIME_ZONE, catchUp: "all", dueField: "dueAt" },
  data: Type.Object({ ...Due.properties, ...Type.Partial(Written).properties }),
  events: { ReportWritten: Written },
  commands: { WriteReport: { channel: "reports", data: Due, answers: ["ReportWritten"] } },
  initial: "writing",
  states: {
    writing: {
      send: { WriteReport: { pick: ["dueAt"] } },
      on: { ReportWritten: { target: "written", update: "merge" } },
    },
    written: { final: "written" },
  },
});
