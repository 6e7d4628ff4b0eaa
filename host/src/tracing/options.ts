import { resolveOptions } from "../options.ts";
import type { Env, OptionReader } from "../options.ts";

/**
 * The variables are OpenTelemetry's own, with its names, meanings and defaults, but for one: without an exporter and without an endpoint nothing
 * is traced. The exporter reads headers, timeout, compression and certificates (`OTEL_EXPORTER_OTLP_…`) from the environment by itself.
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export interface TracingOptions {
  /** Switches everything off. `OTEL_SDK_DISABLED`. @default false */
  readonly isDisabled?: boolean | undefined;
  /** Where spans go. `OTEL_TRACES_EXPORTER`. @default "otlp" where an endpoint is given, and else "none" */
  readonly exporter?: TracesExporter | undefined;
  /** A collector's address, with its path. `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`. @default `endpoint` with `/v1/traces` behind it */
  readonly tracesEndpoint?: string | undefined;
  /** A collector's address. `OTEL_EXPORTER_OTLP_ENDPOINT`. @default "http://localhost:4318" */
  readonly endpoint?: string | undefined;
  /** `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`, or `OTEL_EXPORTER_OTLP_PROTOCOL`. @default "http/protobuf", the only one there is */
  readonly protocol?: "http/protobuf" | undefined;
  /** Which traces are recorded. `OTEL_TRACES_SAMPLER`. @default "parentbased_always_on" */
  readonly sampler?: TracesSampler | undefined;
  /** Of a sampler by ratio: from 0 to 1. `OTEL_TRACES_SAMPLER_ARG`. @default 1 */
  readonly samplerRatio?: string | undefined;
  /** Most spans that wait to be exported; those that come then are dropped. `OTEL_BSP_MAX_QUEUE_SIZE`. @default 2048 */
  readonly queueMax?: number | undefined;
  /** Most spans in one message. `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`. @default 512 */
  readonly batchMax?: number | undefined;
  /** How long spans wait for others, in ms. `OTEL_BSP_SCHEDULE_DELAY`. @default 5000 */
  readonly delayMs?: number | undefined;
}

export type TracesExporter = "none" | "otlp" | "console";
export type TracesSampler = (typeof SAMPLERS)[number];

export interface ResolvedTracingOptions {
  readonly exporter: TracesExporter;
  /** Of a collector, with its path; undefined: the exporter's default. */
  readonly url: string | undefined;
  readonly sampler: TracesSampler;
  readonly samplerRatio: number;
  readonly queueMax: number;
  readonly batchMax: number;
  readonly delayMs: number;
}

const EXPORTERS = ["none", "otlp", "console"] as const;
const SAMPLERS = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;
const QUEUE_MAX = 1_000_000;
const DELAY_MS_MAX = 600_000;
const RATIO = /^(?:0(?:\.\d+)?|1(?:\.0+)?)$/;

/** @throws HOST_BAD_OPTION (invalid) that lists every fault */
export function resolveTracingOptions(options: TracingOptions, env: Env): ResolvedTracingOptions {
  return resolveOptions({ room: "tracing", options, env }, (read) => {
    const { exporter, url } = readExporter(read);
    const samplerRatio = read.text("samplerRatio", {
      default: "1",
      pattern: RATIO,
      variable: "OTEL_TRACES_SAMPLER_ARG",
    });
    const queueMax = read.wholeNumber("queueMax", {
      min: 1,
      max: QUEUE_MAX,
      default: 2_048,
      variable: "OTEL_BSP_MAX_QUEUE_SIZE",
    });
    return {
      exporter,
      url,
      sampler: read.oneOf("sampler", SAMPLERS, {
        default: "parentbased_always_on",
        variable: "OTEL_TRACES_SAMPLER",
      }),
      samplerRatio: Number(samplerRatio),
      queueMax,
      batchMax: read.wholeNumber("batchMax", {
        min: 1,
        max: queueMax,
        default: Math.min(512, queueMax),
        variable: "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
      }),
      delayMs: read.durationMs("delayMs", {
        min: 0,
        max: DELAY_MS_MAX,
        default: 5_000,
        variable: "OTEL_BSP_SCHEDULE_DELAY",
      }),
    };
  });
}

function readExporter(read: OptionReader<TracingOptions>): Pick<ResolvedTracingOptions, "exporter" | "url"> {
  const isDisabled = read.boolean("isDisabled", { default: false, variable: "OTEL_SDK_DISABLED" });
  const schemes = ["http", "https"];
  const tracesEndpoint = read.url("tracesEndpoint", {
    optional: true,
    schemes,
    variable: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  });
  const endpoint = read.url("endpoint", { optional: true, schemes, variable: "OTEL_EXPORTER_OTLP_ENDPOINT" });
  for (const variable of ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"])
    read.oneOf("protocol", ["http/protobuf"], { default: "http/protobuf", variable });
  const url = tracesEndpoint ?? (endpoint === undefined ? undefined : tracesUrl(endpoint));
  const exporter = read.oneOf("exporter", EXPORTERS, {
    default: url === undefined ? "none" : "otlp",
    variable: "OTEL_TRACES_EXPORTER",
  });
  return { exporter: isDisabled ? "none" : exporter, url };
}

function tracesUrl(endpoint: string): string {
  return `${endpoint.replace(/\/+$/, "")}/v1/traces`;
}
