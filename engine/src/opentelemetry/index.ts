/** OpenTelemetry: the tracer of an engine or a participant whose process has it set up. */
export { openTelemetryTracer } from "./open-telemetry-tracer.ts";
