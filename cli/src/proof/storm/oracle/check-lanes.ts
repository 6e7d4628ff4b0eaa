import type { Report } from "@sluice/engine/random-flows";
import type { LaneStep, Stray } from "./witnessed.ts";

/** A writer names its sessions after its engine; what stands behind the last slash tells the writers of one engine apart. */
const WRITER = /^sluice-writer\/.+\//;

/**
 * I5, by a trigger on the lanes: a lane moves by one batch under the epoch it was claimed in, or by one epoch to another owner; and the
 * writers that move an engine's lanes are its own. A zombie that commits is a writer of one engine in a lane of another.
 */
export function checkLanes(steps: readonly LaneStep[], strays: readonly Stray[], report: Report): void {
  const ownersOf = new Map<string, Set<string>>();
  const writersOf = new Map<string, Set<string>>();
  for (const step of steps) {
    const { laneId, ownerId, epoch, batchNumber, session } = step;
    const isClaim = epoch === step.formerEpoch + 1 && batchNumber === step.formerBatchNumber;
    const isBatch = epoch === step.formerEpoch && batchNumber === step.formerBatchNumber + 1;
    if (!isClaim && !isBatch)
      report("I5", `lane ${laneId} went ${placeOf(step, "former")} to ${placeOf(step, "now")}`);
    if (!isBatch) continue;
    const [writer = ""] = WRITER.exec(session) ?? [];
    if (ownerId === null || writer === "") {
      report("I5", `batch ${batchNumber} of lane ${laneId} is of ${session}, and its owner is ${ownerId}`);
      continue;
    }
    add(ownersOf, writer, ownerId);
    add(writersOf, ownerId, writer);
  }
  for (const [writer, owners] of ownersOf)
    if (owners.size > 1) report("I5", `the writer ${writer} has moved lanes of ${[...owners].join(" and ")}`);
  for (const [owner, writers] of writersOf)
    if (writers.size > 1) report("I5", `lanes of ${owner} were moved by ${[...writers].join(" and ")}`);
  for (const { what, id } of strays)
    report("I5", `${what} of ${id} was written by a transaction that moved no lane of it`);
}

function add(sets: Map<string, Set<string>>, key: string, value: string): void {
  sets.set(key, (sets.get(key) ?? new Set()).add(value));
}

function placeOf(step: LaneStep, when: "former" | "now"): string {
  return when === "former"
    ? `from epoch ${step.formerEpoch}, batch ${step.formerBatchNumber}`
    : `epoch ${step.epoch}, batch ${step.batchNumber}`;
}
