/** What it takes a calendar and a schema to find wrong with the schedule of a flow. */
import { finding, quote, THE_FLOW } from "../core/findings.ts";
import type { Finding } from "../core/findings.ts";
import type { FlowView } from "../core/flow-view.ts";
import { isLoose, toLoose } from "../core/flow-view.ts";
import { tryCompileSchema } from "./compile-schema.ts";
import { nextOccurrence, scheduleFault } from "./next-occurrence.ts";

const EVERY_MINUTE = "* * * * *";
/** A due time, to see whether the field that takes one would. */
const SOME_TIME = "2000-01-01T00:00:00.000Z";

/** `checked`: what is found already. */
export function inspectSchedule(flow: FlowView, checked: readonly Finding[]): readonly Finding[] {
  const { schedule } = flow;
  if (schedule === null) return [];
  const { cron, timeZone } = schedule;
  const isReadable = typeof cron === "string" && !checked.some(({ path }) => path === "/schedule/cron");
  return [
    ...(isReadable ? inspectCron(cron) : []),
    ...(typeof timeZone === "string" ? inspectTimeZone(timeZone) : []),
    ...inspectData(flow),
  ];
}

function inspectCron(cron: string): readonly Finding[] {
  const path = "/schedule/cron";
  const found = `has the cron expression ${quote(cron)}`;
  const fault = scheduleFault(cron, "UTC");
  if (fault !== null)
    return [
      finding("bad-schedule", THE_FLOW, { path, found, expected: "one that means something", hint: fault }),
    ];
  if (nextOccurrence({ cron, timeZone: "UTC" }, 0) !== null) return [];
  return [finding("bad-schedule", THE_FLOW, { path, found, expected: "a time that comes" })];
}

function inspectTimeZone(timeZone: string): readonly Finding[] {
  if (scheduleFault(EVERY_MINUTE, timeZone) === null) return [];
  return [
    finding("bad-schedule", THE_FLOW, {
      path: "/schedule/timeZone",
      found: `has the time zone ${quote(timeZone)}`,
      expected: "an IANA time zone such as Europe/Rome or UTC",
    }),
  ];
}

/** A scheduled run begins with the data of the schedule and nobody is there to be refused, so it has to fit beforehand. */
function inspectData(flow: FlowView): readonly Finding[] {
  const schema = flow.raw["data"];
  const validate = isLoose(schema) ? tryCompileSchema(schema) : null;
  if (typeof validate !== "function") return [];
  const { data = {}, dueField } = flow.schedule ?? {};
  const given = typeof dueField === "string" ? { ...toLoose(data), [dueField]: SOME_TIME } : data;
  return (validate(given) ?? []).map(({ path, message }) =>
    finding("bad-schedule", THE_FLOW, {
      path: flow.schedule?.["data"] === undefined ? "/schedule" : `/schedule/data${path}`,
      found: `starts runs by its schedule with data that breaks its schema: ${path || "/"} ${message}`,
      expected: "under `data` of the schedule what a run must begin with",
    }),
  );
}
