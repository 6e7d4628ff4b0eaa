/** Brings a run of a snapshot to its end: its caller says everything once more, under the same ids, and an operator does what is theirs. */
import { Random } from "@sluice/engine/random-flows";
import type { StartRecord } from "@sluice/engine/random-flows";
import type { Asking } from "../storm/load/ask.ts";
import type { OperatedRun } from "../storm/oracle/check-origins.ts";
import { askStart } from "../storm/load/ask.ts";
import { AGAIN_MS_MAX, PURCHASE_MS_MAX, look, tell } from "../points/play-purchase.ts";
import type { PointWorld } from "../points/point-world.ts";
import { GAVE_UP, RECEIVED, UNDER_WAY } from "../points/purchase-flow.ts";
import { TOLD } from "./snapshot-runs.ts";
import type { Plight, SnapshotRun } from "./snapshot-runs.ts";

/** Where a purchase ends that was given up, and any other. */
const OUTCOME: Readonly<Partial<Record<Plight, string>>> = {
  "taking-back": "taken-back",
  refused: "taken-back",
};
const BOUGHT = "bought";

export interface Finishing {
  readonly world: PointWorld;
  /** What operators did, as they were told. */
  readonly operations: OperatedRun[];
}

/** Reports what is not as it was promised in the former schema. */
export async function finishRun(
  { world, operations }: Finishing,
  { plight, wish }: SnapshotRun,
  runId: string,
): Promise<void> {
  const { ledger, seed, report, stop } = world;
  const signal = AbortSignal.any([stop, AbortSignal.timeout(PURCHASE_MS_MAX)]);
  const random = new Random(seed).fork(wish.key);
  const asking: Asking = { ...world, random, signal, againMsMax: AGAIN_MS_MAX };
  const promised: StartRecord = { ...wish, runId, isDecided: true, refusal: null, isMaybe: false };
  ledger.starts.push(promised);
  const again = await askStart(asking, wish, Number.POSITIVE_INFINITY);
  if (again.runId !== runId)
    report("I6", `the start of ${wish.key} was answered ${runId}, and now ${again.runId ?? again.refusal}`);
  if (TOLD[plight] === null) await look(asking, runId, ({ state }) => state === UNDER_WAY);
  await tell(asking, { runId, type: TOLD[plight] ?? RECEIVED });
  if (plight === "refused") {
    // What has waited behind the dead letter is redriven with it, and comes too early for the state.
    const done = await operate(asking, `/v1/runs/${runId}/redrive`, {});
    if (done !== null) operations.push({ runId, actionId: done.actionId });
    await look(asking, runId, ({ state }) => state === UNDER_WAY);
    await tell(asking, { runId, type: GAVE_UP });
  }
  const expected = OUTCOME[plight] ?? BOUGHT;
  let outcome: string | null = null;
  await look(asking, runId, (run) => (outcome = run.outcome) !== null);
  if (outcome !== expected && !stop.aborted)
    report("I3", `${wish.key} (run ${runId}) ended ${outcome ?? "not at all"}, expected ${expected}`);
}

/** Something that only operators do; null when it was not done. */
export async function operate(
  { outside, random, signal, report }: Asking,
  path: string,
  body: object,
): Promise<{ readonly actionId: string } | null> {
  const ending = await outside.persist({ path, body, idempotencyKey: path }, random, {
    attemptsMax: Number.POSITIVE_INFINITY,
    signal,
  });
  if (ending.type === "refused") report("engine", `${path} was refused: ${ending.code}`);
  return ending.type === "done" ? (ending.body as { readonly actionId: string }) : null;
}
