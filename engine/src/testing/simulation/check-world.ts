import { resolveEngineOptions } from "../../runtime/options.ts";
import { createMemoryStore } from "../../stores/memory/memory-store.ts";
import { checkCallers } from "./check-callers.ts";
import { checkEffects, checkHotRow } from "./check-effects.ts";
import { checkQueues } from "./check-queues.ts";
import { checkDeadLetters, checkHistory, checkWait } from "./check-runs.ts";
import { coverRuns } from "./cover-runs.ts";
import { readRuns } from "./finished-run.ts";
import type { World } from "./world.ts";

/**
 * What must hold of a world at rest: by what callers, participants and the commit log know, and by the audit that anybody may run. I5 is
 * checked at each commit, by the log.
 */
export async function checkWorld(world: World): Promise<void> {
  const { database, flows, generated, log, report, participantLedger, callerLedger, coverage } = world;
  const limits = resolveEngineOptions(world.profile.options);
  const runs = readRuns(database, flows);
  const outside = new Map(generated.map((flow) => [flow.definition.name, new Set(flow.outside)]));
  for (const finished of runs.values()) {
    checkHistory(finished, { log, limits, report });
    checkDeadLetters(finished, database, report);
    checkWait(finished, { outside: outside.get(finished.run.flow) ?? new Set(), limits, report });
  }
  const effectPorts = { database, ledger: participantLedger, report };
  checkEffects(runs.values(), effectPorts);
  checkHotRow(effectPorts);
  checkQueues(database, runs, report);
  checkCallers(callerLedger, { runs, limits, report });
  await audit(world);
  coverRuns(runs.values(), coverage);
}

async function audit({ database, report }: World): Promise<void> {
  const store = createMemoryStore({ database, engineId: "auditor" });
  for (const { invariant, runId, message } of (await store.audit({ quiet: true })).findings)
    report(invariant, runId === null ? message : `run ${runId}: ${message}`);
}
