/** The engine: define flows, give it a store and participants, start runs. */

// For users
export { createEngine } from "./create-engine.ts";
export type { Engine, EngineParts } from "./create-engine.ts";
export type { Client, Sent, Started, StartOptions } from "./client/client.ts";
export type { Asked, JobWish, Operated, Operator, Paused } from "./client/operator.ts";
export type { EngineOptions } from "./runtime/options.ts";
export { resolveEngineOptions } from "./runtime/options.ts";
export type { Run, PendingCommand, RunTimer, ParkReason } from "./core/run.ts";
export type { HistoryEntry, HistoryKind } from "./core/history.ts";
export { ENGINE_ERRORS, engineError } from "./core/errors.ts";
export type { EngineErrorCode, PlainError } from "./core/errors.ts";

// For those who write stores, transports and tools
export type {
  ActionRow,
  ApiKeyRow,
  ApiScope,
  AuditFinding,
  AuditReport,
  Clock,
  LaneRow,
  LogPort,
  MeterPort,
  NewSpan,
  Span,
  Tracer,
  JobExample,
  Page,
  PauseRow,
  PeerAnswer,
  Peers,
  RunQuery,
  RunRow,
  StateCount,
  Store,
  TransactionalParticipant,
  Transport,
} from "./core/ports.ts";
export type {
  DeadLetterQueue,
  DeadMessage,
  DeadMessageCategory,
  DeadMessageFilter,
  DeadMessageList,
  SettledMessages,
} from "./core/dead-letter-queue.ts";
export type { Answer } from "./core/decision.ts";
export type { LaneInput, Operation, Settlement } from "./core/inputs.ts";
export { NO_TRACER } from "./core/silent.ts";
export { nameId, systemClock } from "./runtime/clock.ts";
