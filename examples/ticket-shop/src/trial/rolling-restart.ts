/** A rolling restart under load: every process in turn is told to stop, and started again, while people buy at the other engine. */
import type { CrowdOptions, CrowdTotals } from "../crowd/crowd.ts";
import { newTotals, runCrowd } from "../crowd/crowd.ts";
import type { ShopClient } from "../crowd/shop-client.ts";
import { deadLettersOf } from "./collect-evidence.ts";
import type { ServerProcess } from "./server-process.ts";
import { stopProcess } from "./shop-processes.ts";
import type { ShopProcesses, Stop } from "./shop-processes.ts";

export interface Restarts {
  readonly stops: readonly Stop[];
  readonly totals: readonly CrowdTotals[];
  /** Counted by the processes that were stopped. */
  readonly deadLetters: number;
}

/** More than a rolling restart may take. */
const CROWD_SECONDS_MAX = 600;

/** Who buys meanwhile; once `signal` is aborted nothing is started again. */
export interface RestartCrowd extends Omit<CrowdOptions, "seconds" | "signal"> {
  readonly signal: AbortSignal;
}

export async function restartAll(
  { engines, services }: ShopProcesses,
  shops: readonly [ShopClient, ShopClient],
  crowd: RestartCrowd,
): Promise<Restarts> {
  const [first, second] = engines;
  const around = { ...services, "engine 1": second };
  const there = await restartWhile(shops[0], crowd, Object.entries(around));
  const here = await restartWhile(shops[1], { ...crowd, seed: crowd.seed + 1 }, [["engine 0", first]]);
  return {
    stops: [...there.stops, ...here.stops],
    totals: [...there.totals, ...here.totals],
    deadLetters: there.deadLetters + here.deadLetters,
  };
}

async function restartWhile(
  shop: ShopClient,
  crowd: RestartCrowd,
  processes: readonly (readonly [name: string, server: ServerProcess])[],
): Promise<Restarts> {
  const closingTime = new AbortController();
  const totals = newTotals();
  const buying = runCrowd(shop, { ...crowd, seconds: CROWD_SECONDS_MAX, signal: closingTime.signal }, totals);
  const stops: Stop[] = [];
  let deadLetters = 0;
  try {
    for (const [name, server] of processes) {
      crowd.signal.throwIfAborted();
      deadLetters += await deadLettersOf(server);
      stops.push(await stopProcess(name, server));
      await server.start();
    }
  } finally {
    closingTime.abort();
    await buying;
  }
  return { stops, totals: [totals], deadLetters };
}
