/** The tracer of a process that runs for long: OpenTelemetry's where the environment asks for it. */
import { NO_TRACER } from "@sluice/engine";
import type { Tracer } from "@sluice/engine";
import type { Log } from "@sluice/host/log";
import type { Stopper } from "@sluice/host/stop";
import { startTracing } from "@sluice/host/tracing";
import type { ResolvedTracingOptions } from "@sluice/host/tracing";
import { packageVersion } from "./package-version.ts";

export interface TracerParts {
  readonly options: ResolvedTracingOptions;
  /** Of the app, or the service. */
  readonly name: string;
  readonly log: Log;
  readonly stopper: Pick<Stopper, "add">;
}

/** Registered before all that is traced, so that it is stopped after it. */
export async function openTracer({ options, name, log, stopper }: TracerParts): Promise<Tracer> {
  const tracing = await startTracing({ options, service: { name, version: packageVersion() }, log });
  if (tracing === null) return NO_TRACER;
  stopper.add("traces", () => tracing.stop());
  const { openTelemetryTracer } = await import("@sluice/engine/opentelemetry");
  return openTelemetryTracer();
}
