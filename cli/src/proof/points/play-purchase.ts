/** One caller who buys something, asks for it until there is an answer, and says everything once more when all is over. */
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "@sluice/engine/random-flows";
import type { EventRecord } from "@sluice/engine/random-flows";
import type { Run } from "../../wire.ts";
import { askEvent, askStart } from "../storm/load/ask.ts";
import type { Asking } from "../storm/load/ask.ts";
import type { PointWorld } from "./point-world.ts";
import { PURCHASE, RECEIVED, UNDER_WAY } from "./purchase-flow.ts";

/** A purchase is at its end within this time, whatever happens to it, on a machine that does other things as well. */
export const PURCHASE_MS_MAX = 60_000;
const LOOK_EVERY_MS = 15;
export const AGAIN_MS_MAX = 60;

type Playing = Pick<PointWorld, "seed" | "outside" | "ledger" | "report" | "stop">;

/** Reports what it was told and should not have been. Never throws for it. */
export async function playPurchase(world: Playing, tag: string): Promise<void> {
  const { seed, outside, ledger, report, stop } = world;
  const signal = AbortSignal.any([stop, AbortSignal.timeout(PURCHASE_MS_MAX)]);
  const random = new Random(seed).fork(tag);
  const asking: Asking = { outside, ledger, random, report, signal, againMsMax: AGAIN_MS_MAX };
  const wish = { flow: PURCHASE, key: tag, idempotencyKey: `i ${tag}`, data: { tag, n: 1 } };
  const { runId, refusal } = await askStart(asking, wish, Number.POSITIVE_INFINITY);
  if (refusal !== null) report("I6", `the start was refused: ${refusal}`);
  if (runId === null) return complainOfTime(world, "the start was not answered");
  await look(asking, runId, ({ state }) => state === UNDER_WAY);
  const event = await tell(asking, { runId, type: RECEIVED });
  await look(asking, runId, ({ outcome }) => outcome !== null);
  // Whoever was told that nobody knows asks again.
  await askStart(asking, wish, Number.POSITIVE_INFINITY);
  await askEvent(asking, event, Number.POSITIVE_INFINITY);
  if (event.refusal !== null) report("I6", `the event was refused: ${event.refusal}`);
  if (signal.aborted) complainOfTime(world, `run ${runId} is not at its end`);
}

/** Tells a run what happens to a purchase once: the same run is told the same under the same id. */
export async function tell(
  asking: Asking,
  { runId, type }: Pick<EventRecord, "runId" | "type">,
): Promise<EventRecord> {
  const record: EventRecord = {
    runId,
    id: eventIdOf(runId, type),
    type,
    data: { n: 1 },
    answers: [],
    refusal: null,
    isMaybe: false,
  };
  asking.ledger.events.push(record);
  await askEvent(asking, record, Number.POSITIVE_INFINITY);
  return record;
}

export function eventIdOf(runId: string, type: string): string {
  return `${type} ${runId}`;
}

/** Looks until the run is so, or nobody waits any more. */
export async function look(
  { outside, random, signal }: Asking,
  runId: string,
  isSo: (run: Run) => boolean,
): Promise<void> {
  while (!signal.aborted) {
    const ending = await outside.persist({ path: `/v1/runs/${runId}` }, random, { attemptsMax: 1, signal });
    if (ending.type === "done" && isSo(ending.body as Run)) return;
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

function complainOfTime({ report, stop }: Playing, what: string): void {
  if (!stop.aborted) report("I3", `${what} after ${PURCHASE_MS_MAX} ms`);
}
