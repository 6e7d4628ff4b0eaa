import type { ClaimedLane } from "../../core/ports.ts";
import { leaseMsOf, positionOf } from "./heartbeat.ts";
import type { MemoryDatabase, MemoryLane } from "./memory-database.ts";

export function claimLanes(
  database: MemoryDatabase,
  claim: { engineId: string; laneIds: readonly number[]; leaseMs: number },
): ClaimedLane[] {
  const nowMs = database.nowMs();
  renewLease(database, claim.engineId, nowMs + claim.leaseMs);
  const free = claim.laneIds
    .map((laneId) => database.lanes[laneId])
    .filter(
      (lane): lane is MemoryLane => lane !== undefined && isFree(database, lane, claim.engineId, nowMs),
    );
  endTransactions(database, new Set(free.map(({ ownerId }) => ownerId)), claim.engineId);
  return free.map((lane) => {
    lane.epoch += 1;
    lane.ownerId = claim.engineId;
    return { ...positionOf(lane), unpublished: [...(database.outbox.get(lane.laneId) ?? [])] };
  });
}

function renewLease(database: MemoryDatabase, engineId: string, leaseUntilMs: number): void {
  const before = database.engines.get(engineId);
  database.engines.set(engineId, {
    address: before?.address ?? null,
    serves: before?.serves ?? [],
    leaseUntilMs: Math.max(before?.leaseUntilMs ?? 0, leaseUntilMs),
  });
}

function isFree(database: MemoryDatabase, lane: MemoryLane, engineId: string, nowMs: number): boolean {
  const { ownerId } = lane;
  return ownerId === null || ownerId === engineId || leaseMsOf(database, ownerId, nowMs) <= 0;
}

/** An owner that froze inside a transaction would keep what it has locked; its own batches an engine ends itself. */
function endTransactions(
  database: MemoryDatabase,
  ownerIds: ReadonlySet<string | null>,
  engineId: string,
): void {
  for (const transaction of [...database.transactions]) {
    if (transaction.engineId !== engineId && ownerIds.has(transaction.engineId)) transaction.end();
  }
}

export function leaveLanes(
  database: MemoryDatabase,
  engineId: string,
  lanes: readonly { laneId: number; epoch: number }[],
): void {
  for (const { laneId, epoch } of lanes) {
    const lane = database.lanes[laneId];
    if (lane !== undefined && lane.ownerId === engineId && lane.epoch === epoch) lane.ownerId = null;
  }
}

/** The engine is gone: whatever it still holds is free at once. */
export function leave(database: MemoryDatabase, engineId: string): void {
  database.engines.delete(engineId);
  for (const lane of database.lanes) if (lane.ownerId === engineId) lane.ownerId = null;
}
