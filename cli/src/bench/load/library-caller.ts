/** Asks the engine as a program does that has it as its library. */
import { randomUUID } from "node:crypto";
import type { Client, Run } from "@sluice/engine";
import { definitionOf } from "../flow/definition-of.ts";
import type { BenchFlow } from "../flow/bench-flow.ts";
import { newOrder } from "../flow/order.ts";
import { RUN_MS_MAX } from "./load.ts";
import type { RunOnce } from "./load.ts";

export function libraryCaller(client: Client, flow: BenchFlow): RunOnce {
  const { name } = definitionOf(flow);
  return flow === "purchase" ? () => buy(client, name) : () => takeSteps(client, name);
}

/** Started, paid in two events, and awaited. */
async function buy(client: Client, flow: string): Promise<void> {
  const { runId } = await client.start(flow, { data: newOrder() });
  const ended = client.waitFinal(runId, RUN_MS_MAX);
  // Were an event refused, nobody would wait for the end.
  ended.catch(() => {});
  await client.send(runId, { type: "PaymentStarted", data: {} });
  await client.send(runId, { type: "PaymentConfirmed", data: { paymentId: randomUUID() } });
  requireCompleted(runId, await ended);
}

/** Started and awaited. */
async function takeSteps(client: Client, flow: string): Promise<void> {
  const { runId } = await client.start(flow, { data: newOrder() });
  requireCompleted(runId, await client.waitFinal(runId, RUN_MS_MAX));
}

function requireCompleted(runId: string, run: Run | null): void {
  if (run?.outcome !== "completed")
    throw new Error(`run ${runId} is in ${run?.state ?? "no final state"} after ${RUN_MS_MAX} ms`);
}
