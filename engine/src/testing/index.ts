/**
 * `@sluice/engine/testing`, for tests and never for code that ships: a kit for those who write flows, the promises that every adapter keeps,
 * and a world in which the whole engine can be broken.
 */

// For users: a definition on its own, what happens to a run of it, and how that should stand.
export { testFlow } from "./kit/test-flow.ts";
export type { Given, TestFlow } from "./kit/test-flow.ts";
export type { Scene, SceneExpectation } from "./kit/scene.ts";
export {
  answered,
  canceled,
  delivered,
  elapsed,
  ended,
  event,
  failed,
  forced,
  nth,
  redriven,
  retried,
  skipped,
} from "./kit/happening.ts";
export type { Happening } from "./kit/happening.ts";
export type { RunExpectation } from "./kit/expectation.ts";
export type { AnyWords, FlowWords } from "./kit/flow-words.ts";

// For users: the whole engine in virtual time, with participants that do as they are told, and crashes at a moment of choice.
export { testEngine, testRun } from "./kit/test-engine.ts";
export type { TestEngine, TestEngineParts, TestRunParts, TestStart } from "./kit/test-engine.ts";
export type { TestRun, TestRunExpectation } from "./kit/test-run.ts";
export { fakeParticipant } from "./kit/fake-participant.ts";
export type { AskedCommand, FakeOptions, FakeParticipant, FakeScript } from "./kit/fake-participant.ts";
export { answer, fail, hang, later } from "./kit/reaction.ts";
export type { Reaction } from "./kit/reaction.ts";
export type { CrashMoment } from "./kit/crash-plan.ts";

// What a store and a transport promise, as suites.
export { storeContract } from "./store-contract.ts";
export type { OpenHarness, StoreHarness } from "./store-contract.ts";
export { transportContract } from "./transport-contract.ts";
export type { OpenTransport, TestParticipant, TransportBounds } from "./transport-contract.ts";

export { brokerContract } from "./broker-contract.ts";
export type { BrokerBounds, BrokerHarness, BuriedMessage, OpenBroker } from "./broker-contract.ts";

// The engine in virtual time, under faults that a seed decides.
export { simulate } from "./simulation/simulate.ts";
export type { SimulationOptions, SimulationResult } from "./simulation/simulate.ts";
export { formatResult } from "./simulation/format-result.ts";
export { withoutFaults } from "./simulation/profile.ts";
export type { FaultRates, Profile } from "./simulation/profile.ts";
export { COVERAGE_KINDS, Coverage } from "./simulation/coverage.ts";
export type { CoverageKind } from "./simulation/coverage.ts";
export { PLANTED_FAULTS } from "./simulation/planted-faults.ts";
export type { PlantedFault } from "./simulation/planted-faults.ts";
export type { Sabotage } from "./simulation/sabotage.ts";
export type { CrashPoint } from "./simulation/faults.ts";
export type { Violation } from "./simulation/violation.ts";
