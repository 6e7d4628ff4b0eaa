/** The door `@sluice/host/stack`: real servers on this machine, without Docker. */
export { SERVER_NAMES } from "./server-adapter.ts";
export type { Machine, Progress, ServerName } from "./server-adapter.ts";
export { resolveStackOptions, STACK_FLAGS } from "./options.ts";
export type { ResolvedStackOptions, StackOptions } from "./options.ts";
export { defaultStackDirectory } from "./stack-layout.ts";
export { installServer } from "./obtain.ts";
export type { ObtainOptions } from "./obtain.ts";
export { startStack } from "./stack.ts";
export type { Skipped, Stack, StartStackOptions } from "./stack.ts";
export type { Server } from "./server.ts";
export { keepRunning } from "./keep-running.ts";
export type { KeepOptions } from "./keep-running.ts";
export { inspectStack } from "./inspect-stack.ts";
export type { ServerReport } from "./inspect-stack.ts";
export { stopStack } from "./stop-stack.ts";
export type { StopStackOptions } from "./stop-stack.ts";
