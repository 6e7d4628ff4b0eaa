import { engineError } from "../../core/errors.ts";
import { LANES_DEFAULT, checkLanes } from "../../core/lane.ts";
import type { FlowVersionRow } from "../../core/ports.ts";
import { assertUnchanged } from "../../core/version-changed.ts";
import type { MemoryDatabase } from "./memory-database.ts";

export function openDeployment(
  database: MemoryDatabase,
  lanes: number | null,
): { readonly lanes: number; readonly secret: string } {
  if (lanes !== null) checkLanes(lanes);
  if (database.lanes.length === 0) makeLanes(database, lanes ?? LANES_DEFAULT);
  const stored = database.lanes.length;
  if (lanes !== null && lanes !== stored) {
    throw engineError(
      "FLOW_LANES_CHANGED",
      `lanes is ${lanes}, and the deployment was made with ${stored}; the number of lanes is fixed, so set lanes to ${stored}`,
    );
  }
  return { lanes: stored, secret: database.secret };
}

function makeLanes(database: MemoryDatabase, lanes: number): void {
  const projectedAtMs = database.nowMs();
  for (let laneId = 0; laneId < lanes; laneId++) {
    database.lanes.push({
      laneId,
      ownerId: null,
      epoch: 0,
      batchNumber: 0,
      outboxPosition: 0,
      publishedPosition: 0,
      projectedAtMs,
    });
  }
}

export function saveFlowVersions(database: MemoryDatabase, versions: readonly FlowVersionRow[]): void {
  assertUnchanged(versions, [...database.flowVersions.values()]);
  for (const row of versions) {
    const key = `${row.flow}:${row.version}`;
    if (!database.flowVersions.has(key)) database.flowVersions.set(key, structuredClone(row));
  }
}

export function listFlowVersions(database: MemoryDatabase): FlowVersionRow[] {
  return [...database.flowVersions.values()]
    .sort((a, b) => (a.flow === b.flow ? a.version - b.version : a.flow < b.flow ? -1 : 1))
    .map((row) => structuredClone(row));
}
