/** Concerts that do not take place. */
import type { Client, Run } from "@sluice/engine";
import type { FlowTypes } from "@sluice/engine/definition";
import type { Sql } from "@sluice/host/postgres";
import type { concertCancellation } from "./concert-cancellation.flow.ts";
import { requireConcert } from "./orders.ts";

type Data = FlowTypes<typeof concertCancellation>["Data"];

/** How far a cancellation is. */
export interface Cancellation {
  readonly concertId: string;
  readonly runId: string;
  /** Null for the moment in which the run is only on its way. */
  readonly state: string | null;
  readonly outcome: string | null;
  /** Tickets that are refunded and void. */
  readonly refunded: number;
}

/**
 * Cancels a concert: starts the run that does it, or answers how far that is. A concert is canceled once, however often one asks.
 * @throws SHOP_UNKNOWN_CONCERT (missing), and as the client's `start`
 */
export async function cancelConcert(
  sql: Sql,
  client: Client,
  concertId: string,
): Promise<Cancellation & { readonly isRepeat: boolean }> {
  await requireConcert(sql, concertId);
  const data: Data = { concertId, bills: [], afterSeat: 0, refunded: 0 };
  const { runId, isRepeat } = await client.start("concert-cancellation", {
    key: concertId,
    idempotencyKey: concertId,
    data,
  });
  const run = await client.get(runId);
  return {
    concertId,
    runId,
    state: run?.state ?? null,
    outcome: run?.outcome ?? null,
    refunded: run === null ? 0 : refundedBy(run),
    isRepeat,
  };
}

function refundedBy({ data }: Run): number {
  // The engine holds the data of a run to the schema of its flow.
  return (data as Data).refunded;
}
