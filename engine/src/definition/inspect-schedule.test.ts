import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspectFlow } from "./inspect-flow.ts";

/** Where and how the schedule of an otherwise sound flow is wrong. */
function faultsOf(schedule: unknown, data: object = {}): string[] {
  const flow = {
    name: "report",
    version: 1,
    data: { type: "object", ...data },
    events: { Done: {} },
    initial: "open",
    schedule,
    states: { open: { on: { Done: "done" } }, done: { final: "done" } },
  };
  return inspectFlow(flow).map(({ code, path }) => `${code} ${path}`);
}

describe("the schedule of a flow", () => {
  it("is taken with five or six fields, names, lists, ranges and steps, in any IANA time zone", () => {
    for (const cron of [
      "0 3 * * *",
      "*/15 9-17 * * MON-FRI",
      "30 0 3 1,15 * *",
      "0 0 29 2 *",
      "0 0 * JAN,JUL 7",
    ]) {
      assert.deepEqual(faultsOf({ cron, timeZone: "America/New_York", catchUp: "none" }), [], cron);
    }
  });

  it("is refused when its cron expression means nothing, or a time that never comes", () => {
    for (const cron of [
      "0 3 * *",
      "0 0 0 1 1 * 2030",
      "@daily",
      "2030-01-01T00:00:00",
      "60 * * * *",
      "0 0 30 2 *",
      "x * * * *",
      "",
    ]) {
      assert.deepEqual(faultsOf({ cron }), ["bad-schedule /schedule/cron"], cron);
    }
  });

  it("is refused when nobody keeps its time zone", () => {
    assert.deepEqual(faultsOf({ cron: "0 3 * * *", timeZone: "Europe/Roma" }), [
      "bad-schedule /schedule/timeZone",
    ]);
  });

  it("is refused when its runs could not begin with its data", () => {
    const data = { required: ["month"], properties: { month: { type: "string", format: "date-time" } } };
    const cron = "0 3 * * *";
    assert.deepEqual(faultsOf({ cron }, data), ["bad-schedule /schedule"]);
    assert.deepEqual(faultsOf({ cron, data: { month: 1 } }, data), ["bad-schedule /schedule/data/month"]);
    assert.deepEqual(faultsOf({ cron, dueField: "month" }, data), []);
    assert.deepEqual(faultsOf({ cron, data: { month: "2030-01-01T00:00:00Z" } }, data), []);
  });

  it("is told once where its shape is wrong", () => {
    assert.deepEqual(faultsOf({}), ["wrong-shape /schedule/cron"]);
    assert.deepEqual(faultsOf({ cron: 3, timeZone: 4 }), [
      "wrong-shape /schedule/cron",
      "wrong-shape /schedule/timeZone",
    ]);
    assert.deepEqual(faultsOf("0 3 * * *"), ["wrong-shape /schedule"]);
  });
});
