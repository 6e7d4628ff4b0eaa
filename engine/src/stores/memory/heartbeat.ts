import type { Heartbeat, LanePosition, LaneRow, Store } from "../../core/ports.ts";
import { ENGINE_FORGOTTEN_MS } from "../../core/ports.ts";
import type { MemoryDatabase, MemoryLane } from "./memory-database.ts";

export function heartbeat(database: MemoryDatabase, engine: Parameters<Store["heartbeat"]>[0]): Heartbeat {
  const nowMs = database.nowMs();
  const leaseUntilMs = nowMs + engine.leaseMs;
  database.engines.set(engine.engineId, {
    address: engine.address,
    serves: [...(engine.serves ?? [])],
    leaseUntilMs,
  });
  for (const [engineId, row] of database.engines) {
    if (row.leaseUntilMs < nowMs - ENGINE_FORGOTTEN_MS) database.engines.delete(engineId);
  }
  const live = [...database.engines].filter(([, row]) => row.leaseUntilMs > nowMs);
  return {
    nowMs,
    engines: live.map(([engineId, { address, serves }]) => ({ engineId, address, serves })).sort(byEngineId),
    lanes: listLanes(database),
  };
}

function byEngineId(a: { readonly engineId: string }, b: { readonly engineId: string }): number {
  return a.engineId < b.engineId ? -1 : 1;
}

export function listLanes(database: MemoryDatabase): LaneRow[] {
  const nowMs = database.nowMs();
  return database.lanes.map((lane) => ({
    ...positionOf(lane),
    ownerId: lane.ownerId,
    ownerAddress: lane.ownerId === null ? null : (database.engines.get(lane.ownerId)?.address ?? null),
    leaseMs: lane.ownerId === null ? 0 : leaseMsOf(database, lane.ownerId, nowMs),
  }));
}

/** What is left of an engine's lease; an engine nobody knows any more has none. */
export function leaseMsOf(database: MemoryDatabase, engineId: string, nowMs: number): number {
  const engine = database.engines.get(engineId);
  return engine === undefined ? -1 : engine.leaseUntilMs - nowMs;
}

export function positionOf(lane: MemoryLane): LanePosition {
  const { laneId, epoch, batchNumber, outboxPosition, publishedPosition, projectedAtMs } = lane;
  return { laneId, epoch, batchNumber, outboxPosition, publishedPosition, projectedAtMs };
}
