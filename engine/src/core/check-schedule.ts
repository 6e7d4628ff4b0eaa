/** The schedule of a flow, as far as it can be judged without a calendar. */
import { checkField } from "./check-fields.ts";
import { checkKeys } from "./check-names.ts";
import { finding, quote, THE_FLOW } from "./findings.ts";
import type { Finding, Place } from "./findings.ts";
import type { FlowView, Loose } from "./flow-view.ts";

const SCHEDULE_KEYS = ["cron", "timeZone", "catchUp", "dueField", "data"];
const OWN: Place = { ...THE_FLOW, subject: "the schedule of the flow" };

export function checkSchedule(flow: FlowView, schedule: Loose): readonly Finding[] {
  const { cron, dueField } = schedule;
  return [
    ...checkKeys(OWN, schedule, SCHEDULE_KEYS, "/schedule"),
    ...(typeof cron !== "string" || [5, 6].includes(cron.trim().split(/\s+/).length)
      ? []
      : [
          finding("bad-schedule", THE_FLOW, {
            path: "/schedule/cron",
            found: `has the cron expression ${quote(cron)}`,
            expected:
              "minute, hour, day of month, month and day of week, with seconds before them if there are six",
          }),
        ]),
    ...checkField(OWN, "puts the due time into", dueField, flow.raw["data"], "/schedule/dueField"),
  ];
}
