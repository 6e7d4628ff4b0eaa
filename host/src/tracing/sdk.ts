import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import type { Resource } from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ConsoleSpanExporter,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { Sampler, SpanExporter } from "@opentelemetry/sdk-trace";
import type { ResolvedTracingOptions, TracesSampler } from "./options.ts";
import type { TracingParts } from "./start-tracing.ts";
import { telling } from "./telling-exporter.ts";

/** Registers a provider for this process. `shutdown` exports what waits, and takes the registration back. */
export function startSdk({ options, service, log }: TracingParts): { shutdown(): Promise<void> } {
  const provider = new TracerProvider({
    resource: resourceOf(service),
    sampler: samplerOf(options),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: telling(exporterOf(options), log),
        maxQueueSize: options.queueMax,
        maxExportBatchSize: options.batchMax,
        scheduledDelayMillis: options.delayMs,
      }),
    ],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  return {
    async shutdown() {
      trace.disable();
      context.disable();
      await provider.shutdown();
    },
  };
}

/** What the environment says goes before what the process says of itself. */
function resourceOf({ name, version }: TracingParts["service"]): Resource {
  return defaultResource()
    .merge(resourceFromAttributes({ "service.name": name, "service.version": version }))
    .merge(detectResources({ detectors: [envDetector] }));
}

function exporterOf({ exporter, url }: ResolvedTracingOptions): SpanExporter {
  if (exporter === "console") return new ConsoleSpanExporter();
  return new OTLPTraceExporter(url === undefined ? {} : { url });
}

const ROOTS: Readonly<Record<TracesSampler, (ratio: number) => Sampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio) => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
};

function samplerOf({ sampler, samplerRatio }: ResolvedTracingOptions): Sampler {
  return ROOTS[sampler](samplerRatio);
}
