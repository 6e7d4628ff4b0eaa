/** For tests, never for code that ships: the promises every adapter keeps, and a world in which the whole engine can be broken. */

// What a store and a transport promise, as suites.
export { storeContract } from "./store-contract.ts";
export type { OpenHarness, StoreHarness } from "./store-contract.ts";
export { transportContract } from "./transport-contract.ts";
export type { OpenTransport, TestParticipant, TransportBounds } from "./transport-contract.ts";

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
