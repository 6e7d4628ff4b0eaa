import { activeTimers } from "../../core/run.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import type { FinishedRuns } from "./finished-run.ts";
import type { Report } from "./violation.ts";

/** What is still on its way, one line each; nothing when the database is at rest. */
export function unrest(database: MemoryDatabase): readonly string[] {
  const found: string[] = [];
  for (const [lane, rows] of database.outbox)
    if (rows.length > 0) found.push(`${rows.length} outbox rows of lane ${lane}`);
  if (database.inbox.size > 0) found.push(`${database.inbox.size} inbox rows`);
  if (database.timers.size > 0) found.push(`${database.timers.size} timers`);
  if (database.transactions.size > 0) found.push(`${database.transactions.size} open transactions`);
  const behind = [...database.runs].filter(([runId, { text }]) => {
    const row = database.projection.get(runId);
    return row === undefined || !text.includes(`"version":${row.version},`);
  });
  if (behind.length > 0)
    found.push(`${behind.length} runs that the search projection does not show as they are`);
  return found;
}

/** I4: the queues are empty, and what is stored twice is the same twice. */
export function checkQueues(database: MemoryDatabase, runs: FinishedRuns, report: Report): void {
  for (const left of unrest(database)) report("I4", `at rest there are ${left}`);
  for (const { laneId, outboxPosition, publishedPosition } of database.lanes) {
    if (outboxPosition !== publishedPosition)
      report("I4", `lane ${laneId} has published up to ${publishedPosition} of ${outboxPosition}`);
  }
  const active = [...runs.values()].flatMap(({ run }) =>
    activeTimers(run).map(({ number }) => `${run.runId}:${number}`),
  );
  const stored = [...database.timers.values()].map(({ runId, number }) => `${runId}:${number}`);
  if (active.sort().join() !== stored.sort().join())
    report("I4", `active timers are ${active.join() || "none"}, stored ones ${stored.join() || "none"}`);
  for (const runId of database.projection.keys())
    if (!runs.has(runId)) report("I4", `the search projection shows run ${runId}, which there is not`);
}
