/** Metrics of a process, in Prometheus' text format. Names end in their unit; counters end in `_total`. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { Metric } from "prom-client";

/** The labels of one time series. A metric without labels takes `{}`. */
export type Labels = Readonly<Record<string, string | number>>;

export interface CounterMetric {
  inc(labels: Labels, amount?: number): void;
}

export interface GaugeMetric {
  set(labels: Labels, value: number): void;
}

export interface HistogramMetric {
  observe(labels: Labels, value: number): void;
}

/**
 * Makes metrics. Asking twice for a name answers the same metric, so two owners in one process share a series.
 * Structural: rooms that may not import the host declare the same shape.
 */
export interface Meter {
  counter(name: string, help: string, labels?: readonly string[]): CounterMetric;
  /** `collect` is called at each scrape, before the gauge is read. */
  gauge(
    name: string,
    help: string,
    labels?: readonly string[],
    collect?: (gauge: GaugeMetric) => void | Promise<void>,
  ): GaugeMetric;
  /** `buckets` are upper bounds, ascending, in the unit of the name. */
  histogram(
    name: string,
    help: string,
    labels: readonly string[],
    buckets: readonly number[],
  ): HistogramMetric;
}

export interface ProcessMeter extends Meter {
  /** All metrics as text. */
  text(): Promise<string>;
  readonly contentType: string;
}

export interface MeterOptions {
  /** Also measure the process: CPU, memory, event loop, garbage collection. @default true */
  readonly processMetrics?: boolean;
}

/** A meter that measures nothing, for tests. */
export const SILENT_METER: Meter = {
  counter: () => ({ inc() {} }),
  gauge: () => ({ set() {} }),
  histogram: () => ({ observe() {} }),
};

/** Makes a meter with a registry of its own, so that two of them in one process never clash. */
export function createMeter(options: MeterOptions = {}): ProcessMeter {
  const registry = new Registry();
  const registers = [registry];
  const collectors = new Map<string, Collect[]>();
  if (options.processMetrics !== false) collectDefaultMetrics({ register: registry });
  const collectFailures = new Counter({
    name: "sluice_metrics_collect_failures_total",
    help: "Scrapes of a gauge that failed; its series is absent from that scrape.",
    labelNames: ["gauge"],
    registers,
  });

  return {
    counter: (name, help, labels = []) =>
      reuse(registry, name, () => new Counter({ name, help, labelNames: [...labels], registers })),
    gauge(name, help, labels = [], collect) {
      const collects = collectors.get(name) ?? [];
      collectors.set(name, collects);
      if (collect !== undefined) collects.push(collect);
      return reuse(registry, name, () => {
        const gauge: Gauge = new Gauge({
          name,
          help,
          labelNames: [...labels],
          registers,
          collect: () => collectAll(gauge, collects, () => collectFailures.inc({ gauge: name })),
        });
        return gauge;
      });
    },
    histogram: (name, help, labels, buckets) =>
      reuse(
        registry,
        name,
        () => new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers }),
      ),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

type Collect = (gauge: GaugeMetric) => void | Promise<void>;

/** A series whose labels vanished must not keep its last value, and one failing gauge must not fail the scrape. */
async function collectAll(gauge: Gauge, collects: readonly Collect[], onFailure: () => void): Promise<void> {
  if (collects.length === 0) return;
  gauge.reset();
  for (const collect of collects) {
    try {
      await collect(gauge);
    } catch {
      onFailure();
    }
  }
}

function reuse<M extends Metric>(registry: Registry, name: string, make: () => M): M {
  return (registry.getSingleMetric(name) as M | undefined) ?? make();
}
