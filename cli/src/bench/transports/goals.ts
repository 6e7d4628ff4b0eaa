/** The goals of the transports, each judged by what was measured and by nothing else. */
import { notMeasured } from "../goals.ts";
import type { Goal } from "../goals.ts";
import { short, times, whole } from "../numbers.ts";
import type { TransportKind } from "../participants/participant-kind.ts";
import type { BenchRow } from "../result.ts";
import { coresOf } from "./cores.ts";

const KAFKA_FLOWS_PER_SECOND_MIN = 3_000;
const ENGINE_CPU_RATIO_MAX = 1.5;
const OVER_A_TRANSPORT: readonly TransportKind[] = ["http", "kafka", "rabbitmq"];

export function judgeTransportGoals(rows: readonly BenchRow[]): Goal[] {
  return [kafkaSpeed(rows), ...OVER_A_TRANSPORT.map((transport) => engineCpu(transport, rows))];
}

/** Where it is fastest; beside it, who held the machine. */
function kafkaSpeed(rows: readonly BenchRow[]): Goal {
  const goal = `3 steps over Kafka, everything on this machine: at least ${whole(KAFKA_FLOWS_PER_SECOND_MIN)} flows/s`;
  const row = fastest("kafka", rows);
  if (row === undefined) return notMeasured(goal);
  const holders = coresOf(row)
    .toSorted((a, b) => (b.cores ?? 0) - (a.cores ?? 0))
    .map(({ process, cores }) => `${process} ${short(cores)}`)
    .join(", ");
  return {
    goal,
    found: `${whole(row.runsPerSecond)} at ${whole(row.inFlight)} in flight; cores held: ${holders}`,
    isMet: row.runsPerSecond >= KAFKA_FLOWS_PER_SECOND_MIN,
  };
}

/** Where the transport is fastest, beside the engine alone under the same load: fewer runs in flight make smaller batches for either. */
function engineCpu(transport: TransportKind, rows: readonly BenchRow[]): Goal {
  const goal = `engine CPU for a transition over ${transport}: at most ${ENGINE_CPU_RATIO_MAX} times that in the process`;
  const row = fastest(transport, rows);
  const alone = rows.find(
    ({ participants, inFlight }) => participants === "local" && inFlight === row?.inFlight,
  );
  if (row === undefined || alone === undefined) return notMeasured(goal);
  const ratio = row.subjectCpuPer1000 / alone.subjectCpuPer1000;
  return {
    goal,
    found: `${times(ratio)} (${short(row.subjectCpuPer1000)} against ${short(alone.subjectCpuPer1000)} s per 1,000 at ${whole(row.inFlight)} in flight)`,
    isMet: ratio <= ENGINE_CPU_RATIO_MAX,
  };
}

function fastest(transport: TransportKind, rows: readonly BenchRow[]): BenchRow | undefined {
  return rows
    .filter(({ participants }) => participants === transport)
    .toSorted((a, b) => b.runsPerSecond - a.runsPerSecond)[0];
}
