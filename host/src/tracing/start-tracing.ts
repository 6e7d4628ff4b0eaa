/**
 * Tracing of a process.
 * T1  Nothing of OpenTelemetry's SDK is loaded where nothing is traced.
 * T2  Nobody waits for the export of spans: what a collector does not take is dropped, and the log says so once, until it takes spans again.
 * T3  The end is bounded: spans that a collector does not take within STOP_MS are lost.
 */
import type { Log } from "../log.ts";
import type { ResolvedTracingOptions } from "./options.ts";

export interface TracingParts {
  readonly options: ResolvedTracingOptions;
  /** The process, where `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say nothing else. */
  readonly service: { readonly name: string; readonly version: string };
  readonly log: Log;
}

export interface Tracing {
  /** Exports what waits, and lets go. Never throws, and takes at most STOP_MS. */
  stop(): Promise<void>;
}

/** As long as a collector that lives needs, and short beside the other steps of a stop. */
const STOP_MS = 3_000;

/** Sets OpenTelemetry up in this process, for whoever uses its API; null where nothing is traced. */
export async function startTracing(parts: TracingParts): Promise<Tracing | null> {
  if (parts.options.exporter === "none") return null;
  const { startSdk } = await import("./sdk.ts");
  const sdk = startSdk(parts);
  return { stop: () => stopWithin(sdk.shutdown(), parts.log) };
}

async function stopWithin(shutdown: Promise<void>, log: Log): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), STOP_MS);
  // A refusal was told when it came (T2).
  const ended = await Promise.race([shutdown.then(() => true).catch(() => true), over]);
  clearTimeout(timer);
  if (!ended) log.warn({ stopMs: STOP_MS }, "the last spans could not be exported in time and are lost");
}
