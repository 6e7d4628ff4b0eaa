import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FlowTypes } from "@sluice/engine/definition";
import { answer, fakeParticipant, testEngine } from "@sluice/engine/testing";
import { nightlyReport } from "./nightly-report.flow.ts";

type NightlyReport = FlowTypes<typeof nightlyReport>;

describe("the nightly report", () => {
  it("is written at three o'clock in Berlin, also in the night in which the clocks change", async () => {
    const reports = fakeParticipant<NightlyReport>("reports", {
      WriteReport: answer("ReportWritten", { day: "2026-03-27", concerts: 3 }),
    });
    const engine = await testEngine({
      flows: [nightlyReport],
      participants: [reports],
      // Daylight saving time begins on the 29th at two.
      beginAt: "2026-03-27T12:00:00Z",
    });
    await engine.advance("48h");
    const runs = engine.runsOf(nightlyReport);
    for (const run of runs) run.expect({ outcome: "written", data: { concerts: 3 } });
    assert.deepEqual(
      runs.map(({ data }) => data.dueAt),
      ["2026-03-28T02:00:00.000Z", "2026-03-29T01:00:00.000Z"],
    );
  });
});
