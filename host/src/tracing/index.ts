/** Tracing with OpenTelemetry. Off, it loads nothing. */
export { resolveTracingOptions } from "./options.ts";
export type { ResolvedTracingOptions, TracingOptions } from "./options.ts";
export { startTracing } from "./start-tracing.ts";
export type { Tracing, TracingParts } from "./start-tracing.ts";
