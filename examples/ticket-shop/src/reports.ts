/** What was sold and given back, day by day. Owns: `reports`. */
import type { FlowTypes } from "@sluice/engine/definition";
import type { TransactionSql } from "@sluice/host/postgres";
import { TIME_ZONE } from "./nightly-report.flow.ts";
import type { nightlyReport } from "./nightly-report.flow.ts";
import { writeReport } from "./store/write-report.ts";

type NightlyReport = FlowTypes<typeof nightlyReport>;

export async function writeReports(
  commands: readonly NightlyReport["Commands"]["WriteReport"][],
  sql: TransactionSql,
): Promise<NightlyReport["Answers"]["WriteReport"][]> {
  const answers: NightlyReport["Answers"]["WriteReport"][] = [];
  for (const { data } of commands) {
    answers.push({ type: "ReportWritten", data: { ...(await writeReport(sql, data.dueAt, TIME_ZONE)) } });
  }
  return answers;
}
