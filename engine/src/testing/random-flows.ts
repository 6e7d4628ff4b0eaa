/**
 * `@sluice/engine/random-flows`: what the simulation knows, for a proof on the real thing. Random flows of a seed, and judges of what became
 * of their runs by what is stored of them and by what callers were told. For tests and for `sluice proof`, which is one
 * (docs/decisions/0018-proof.md).
 */

// Flows and chance: the same for the same seed, in each process.
export { Random } from "./simulation/random.ts";
export { generateFlows } from "./simulation/generate-flow.ts";
export type { GeneratedFlow } from "./simulation/generate-flow.ts";
export { TRANSACTIONAL_CHANNELS, UNDO_PREFIX } from "./simulation/participant-ledger.ts";
export { FAN_PREFIX } from "./simulation/draft-states.ts";
export { compileFlow } from "../core/compile-flow.ts";
export type { CompiledFlow } from "../core/compile-flow.ts";

// What callers remember.
export { CallerLedger } from "./simulation/caller-ledger.ts";
export type { EventRecord, StartRecord } from "./simulation/caller-ledger.ts";

// Judges.
export { finishRun } from "./simulation/finished-run.ts";
export type { FinishedRun, FinishedRuns, StoredHistory } from "./simulation/finished-run.ts";
export { checkStored } from "./simulation/check-stored.ts";
export { checkCallers } from "./simulation/check-callers.ts";
export { issuedCommands } from "./simulation/check-effects.ts";
export type { End, IssuedCommand } from "./simulation/check-effects.ts";
export type { Report, Violation } from "./simulation/violation.ts";
export type { DeadLetterRow } from "../core/ports.ts";
