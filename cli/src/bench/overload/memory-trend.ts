/** Memory over time: what it was, and how steeply it rises. */
import { residentBytes } from "../observe/process-memory.ts";

export interface MemorySample {
  readonly atMs: number;
  readonly bytes: number;
}

export interface MemoryTrend {
  readonly minutes: number;
  readonly fromBytes: number;
  readonly toBytes: number;
  readonly peakBytes: number;
  /** Of the straight line that lies closest to all samples (least squares), so that neither end of a collector's sawtooth decides. */
  readonly bytesPerMinute: number;
  /** A minute each, the last one perhaps shorter: the mean. */
  readonly minuteBytes: readonly number[];
}

/** `null` with less than two samples: no line goes through one. */
export function trendOf(samples: readonly MemorySample[]): MemoryTrend | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || first.atMs === last.atMs) return null;
  const minutesOf = ({ atMs }: MemorySample): number => (atMs - first.atMs) / 60_000;
  const byMinute = Map.groupBy(samples, (sample) => Math.floor(minutesOf(sample)));
  return {
    minutes: minutesOf(last),
    fromBytes: first.bytes,
    toBytes: last.bytes,
    peakBytes: Math.max(...samples.map(({ bytes }) => bytes)),
    bytesPerMinute: slopeOf(samples.map((sample) => [minutesOf(sample), sample.bytes])),
    minuteBytes: [...byMinute.values()].map((group) => Math.round(mean(group.map(({ bytes }) => bytes)))),
  };
}

function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const covariance = mean(points.map(([x, y]) => (x - meanX) * (y - meanY)));
  return covariance / mean(points.map(([x]) => (x - meanX) ** 2));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const LOOK_EVERY_MS = 1_000;

/** Looks at a process every second until the answer is called. Nothing is seen where there is no /proc. */
export function watchMemory(pid: number): () => MemorySample[] {
  const samples: MemorySample[] = [];
  const look = (): void => {
    const bytes = residentBytes(pid);
    if (bytes !== null) samples.push({ atMs: performance.now(), bytes });
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
    look();
    return samples;
  };
}
