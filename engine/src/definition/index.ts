/** `@sluice/engine/definition`: how a flow is declared, checked and drawn. */

// Declaring a flow in code, and its types for clients and participants.
export { compensate, defineFlow } from "./define-flow.ts";
export type { Compensating, Flow, FlowTypes } from "./define-flow.ts";

// A flow as data.
export { FLOW_SCHEMA } from "./flow-schema.ts";
export { FILE_BYTES_MAX, loadFlowFile, requireFlowFile, toLoadedFlow } from "./load-flow.ts";
export type { LoadedFlow } from "./load-flow.ts";
export { flowToJson, hashFlow } from "./hash-flow.ts";
export { CANCELED, COMMAND_FAILED, COMPENSATING, FAN_OUT_MAX } from "../core/flow.ts";
export type {
  CommandDefinition,
  CommandFailed,
  EachElement,
  FlowDefinition,
  Guard,
  JoinDefinition,
  JsonSchema,
  MigrationDefinition,
  PollDefinition,
  Projection,
  Projections,
  RetryDefinition,
  ScheduleDefinition,
  Scene,
  StateDefinition,
  TimerDefinition,
  TransitionDefinition,
  TransitionsDefinition,
  UndoDefinition,
  UndoProjection,
  Update,
} from "../core/flow.ts";
export type { Duration } from "../core/duration.ts";

// What is wrong with it.
export { checkFlow } from "../core/check-flow.ts";
export { assertFlow } from "./load-flow.ts";
export { inspectFlow } from "./inspect-flow.ts";
export { inspectChildren } from "./inspect-children.ts";
export type { ServedDefinitions } from "../core/check-children.ts";
export { FINDINGS } from "../core/findings.ts";
export type { Finding, FindingCode } from "../core/findings.ts";
export type { LocatedFinding } from "./flow-source.ts";
export { compileSchema } from "./compile-schema.ts";

// What it looks like.
export { toMermaid, toSvg } from "../core/diagram.ts";
export type { DiagramCount } from "../core/diagram.ts";
