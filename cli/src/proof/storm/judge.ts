/** Reads what is left of a world at rest and has the oracle judge it. Answers what was there, by name. */
import type { EngineOptions, HistoryKind } from "@sluice/engine";
import { readWitnessed } from "./witness/read-witnessed.ts";
import { findBreaches } from "./oracle/find-breaches.ts";
import type { Witnessed } from "./oracle/witnessed.ts";
import type { World } from "./world.ts";

/** A world, as far as it is judged. */
export interface Judged extends Pick<
  World,
  "sql" | "databaseUrl" | "seed" | "flows" | "ledger" | "report" | "brokered"
> {
  readonly options: EngineOptions;
}

export async function judge(world: Judged): Promise<Readonly<Record<string, number>>> {
  const witnessed = await readWitnessed(world);
  const { seed, flows, ledger, options, report, brokered } = world;
  for (const { promise, message } of findBreaches(witnessed, { seed, flows, ledger, options, brokered }))
    report(promise, message);
  return { ...countsOf(witnessed), ...countBrokered(witnessed, brokered) };
}

/** Nothing where there is no broker. */
function countBrokered(
  { effects }: Witnessed,
  brokered?: ReadonlySet<string>,
): Readonly<Record<string, number>> {
  if (brokered === undefined) return {};
  return { "effects over the broker": effects.filter(({ channel }) => brokered.has(channel)).length };
}

function countsOf(witnessed: Witnessed): Readonly<Record<string, number>> {
  const { histories, effects, laneSteps, letters, owed } = witnessed;
  const runs = histories.map(({ run }) => run);
  const kinds = Map.groupBy(
    histories.flatMap(({ entries }) => entries),
    ({ kind }) => kind,
  );
  const times = (kind: HistoryKind): number => kinds.get(kind)?.length ?? 0;
  const undos = effects.filter(({ undoes }) => undoes !== null).length;
  return {
    runs: runs.length,
    ended: runs.filter(({ outcome }) => outcome !== null).length,
    parked: runs.filter(({ parked }) => parked !== null).length,
    "child runs": runs.filter(({ parent }) => parent !== null).length,
    transitions: histories.reduce((sum, { entries }) => sum + entries.length, 0),
    "unexpected events": times("unexpected"),
    "timers fired": times("timer"),
    "failed attempts": times("command-attempted"),
    "late answers": owed.length,
    "dead letters": letters.length,
    effects: effects.length - undos,
    undos,
    batches: laneSteps.filter(({ batchNumber, formerBatchNumber }) => batchNumber > formerBatchNumber).length,
    claims: laneSteps.filter(({ epoch, formerEpoch }) => epoch > formerEpoch).length,
  };
}
