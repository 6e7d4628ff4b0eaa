/** Keeps a number of runs in flight for a while: each is started, paid and awaited, then the next begins. */
import { randomUUID } from "node:crypto";
import type { Client } from "@sluice/engine";
import { orderData } from "./purchase.ts";

export interface LoopResult {
  readonly inFlight: number;
  readonly seconds: number;
  readonly runs: number;
  readonly runsPerSecond: number;
  /** From the call that starts a run to the news that it has ended, in ms. A closed loop: a slow engine is asked less often. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A run that does not end within this time fails the benchmark. */
const RUN_MS_MAX = 60_000;

export async function closedLoop(
  client: Client,
  inFlight: number,
  seconds: number,
  signal: AbortSignal,
): Promise<LoopResult> {
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  const untilMs = startedMs + seconds * 1_000;
  const lap = async (): Promise<void> => {
    while (performance.now() < untilMs && !signal.aborted) {
      const beganMs = performance.now();
      await buy(client);
      latenciesMs.push(performance.now() - beganMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lap));
  const took = (performance.now() - startedMs) / 1_000;
  latenciesMs.sort((a, b) => a - b);
  return {
    inFlight,
    seconds: took,
    runs: latenciesMs.length,
    runsPerSecond: latenciesMs.length / took,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
}

async function buy(client: Client): Promise<void> {
  const { runId } = await client.start("bench-purchase", { data: orderData(randomUUID()) });
  const ended = client.waitFinal(runId, RUN_MS_MAX);
  await client.send(runId, { type: "PaymentStarted", data: {} });
  await client.send(runId, { type: "PaymentConfirmed", data: { paymentId: runId } });
  const run = await ended;
  if (run?.outcome !== "completed")
    throw new Error(`run ${runId} is in ${run?.state ?? "no final state"} after ${RUN_MS_MAX} ms`);
}

/** Nearest rank: a value that was measured, not one between two. */
function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}
