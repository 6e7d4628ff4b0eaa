import type { CompileSchema, Validate } from "../../core/flow.ts";
import { compileSchema } from "../../definition/compile-schema.ts";
import { flowToJson, hashFlow } from "../../definition/hash-flow.ts";
import { resolveEngineOptions } from "../../runtime/options.ts";
import { storedDeadLetters } from "../../stores/memory/list-dead-letters.ts";
import { createMemoryStore } from "../../stores/memory/memory-store.ts";
import { checkJobs, coverJobs } from "./check-bulk.ts";
import { checkCallers } from "./check-callers.ts";
import { checkEffects, checkHotRow } from "./check-effects.ts";
import { checkOperators } from "./check-operators.ts";
import { checkQueues } from "./check-queues.ts";
import { checkCommitted } from "./check-runs.ts";
import { checkSchedules, coverSchedules } from "./check-schedules.ts";
import { checkStored } from "./check-stored.ts";
import { coverRuns } from "./cover-runs.ts";
import { readRuns } from "./finished-run.ts";
import type { FinishedRuns } from "./finished-run.ts";
import type { World } from "./world.ts";

/** Schemas of a few seeds. */
const COMPILED_MAX = 500;

/**
 * What must hold of a world at rest: by what callers, operators, participants and the commit log know, and by the audit that anybody may
 * run. I5 is checked at each commit, by the log.
 */
export async function checkWorld(world: World): Promise<FinishedRuns> {
  const { database, flows, generated, log, report } = world;
  const limits = resolveEngineOptions(world.profile.options);
  const runs = readRuns(database, log, flows, limits);
  for (const finished of runs.values()) checkCommitted(finished, log, report);
  checkStored({ runs, letters: storedDeadLetters(database), generated, limits, report });
  checkQueues(database, runs, report);
  const effectPorts = { database, ledger: world.participantLedger, report };
  checkEffects(runs.values(), effectPorts);
  checkHotRow(effectPorts);
  checkCallers(world.callerLedger, { runs, limits, report });
  checkOperators(world.operatorLedger, runs, report);
  checkJobs(world.bulkOperators.jobs, { database, runs, report });
  checkSchedules(generated, { ...world, runs });
  await audit(world);
  return runs;
}

/** In the end everything has come to an end: no run waits, none is parked. */
export async function checkEnd(world: World): Promise<void> {
  const { operators, bulkOperators, generated, database, coverage, report } = world;
  for (const { runId, state, parked } of operators.unfinished())
    report(
      "I3",
      `run ${runId} does not end, whatever operators do: state ${state}, ${parked ?? "not parked"}`,
    );
  const runs = await checkWorld(world);
  coverRuns(runs, coverage);
  coverJobs(bulkOperators.jobs, database, coverage);
  coverSchedules(generated, { ...world, runs });
}

/** By the definitions as they are stored, as anybody may run it: with what functions say as text. */
async function audit({ database, generated, report }: World): Promise<void> {
  const store = createMemoryStore({ database, engineId: "auditor" });
  const definitions = generated.flatMap(({ versions }) => versions);
  await store.saveFlowVersions(
    definitions.map((flow) => ({
      flow: flow.name,
      version: flow.version,
      hash: hashFlow(flow),
      definition: flowToJson(flow),
    })),
  );
  for (const { invariant, runId, message } of (await store.audit({ quiet: true, compileSchema: compileOnce }))
    .findings)
    report(invariant, runId === null ? message : `run ${runId}: ${message}`);
}

/** Each audit reads the definitions anew; the schemas of one seed are the same in each of its trials, and to compile takes longest. */
const compileOnce: CompileSchema = (schema) => {
  const text = JSON.stringify(schema);
  const known = compiledSchemas.get(text);
  if (known !== undefined) return known;
  if (compiledSchemas.size >= COMPILED_MAX) compiledSchemas.clear();
  const compiled = compileSchema(schema);
  compiledSchemas.set(text, compiled);
  return compiled;
};

const compiledSchemas = new Map<string, Validate>();
