/** Asks the engine over its HTTP API: one request starts a run and waits for its end, on a connection of its own. */
import { Pool } from "undici";
import { definitionOf } from "../flow/definition-of.ts";
import { newOrder } from "../flow/order.ts";
import { RUN_MS_MAX } from "./load.ts";
import type { RunOnce } from "./load.ts";

export interface HttpCaller {
  readonly runOnce: RunOnce;
  close(): Promise<void>;
}

export function httpCaller(url: string, steps: number, inFlight: number): HttpCaller {
  const pool = new Pool(url, { connections: inFlight, pipelining: 1, headersTimeout: 2 * RUN_MS_MAX });
  const path = `/v1/flows/${definitionOf(steps).name}/runs`;
  return {
    runOnce: async () => {
      const { statusCode, body } = await pool.request({
        method: "POST",
        path,
        headers: { "content-type": "application/json", prefer: `wait=${RUN_MS_MAX / 1_000}` },
        body: JSON.stringify({ data: newOrder() }),
      });
      const text = await body.text();
      if (statusCode !== 200 || outcomeOf(text) !== "completed")
        throw new Error(`a run was answered with ${statusCode} ${text.slice(0, 500)}`);
    },
    close: () => pool.close(),
  };
}

function outcomeOf(text: string): unknown {
  return (JSON.parse(text) as { readonly outcome?: unknown }).outcome;
}
