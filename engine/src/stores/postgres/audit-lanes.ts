import { auditCounts, auditLane, auditMissingLanes } from "../../core/audit.ts";
import type { LaneQueues } from "../../core/audit.ts";
import type { AuditFinding, LanePosition, StateCount } from "../../core/ports.ts";
import { countStates } from "./count-states.ts";
import type { PostgresSession } from "./session.ts";

/** Positions against queues, lane by lane, and in quiet the counters against the projection. */
export async function auditLanes(session: PostgresSession, quiet: boolean): Promise<AuditFinding[]> {
  const { sql } = session;
  const lanes = await session.run(sql<(LanePosition & LaneQueues)[]>`
    select l.lane_id as "laneId", l.epoch::float8 as epoch, l.batch_number::float8 as "batchNumber",
           l.outbox_position::float8 as "outboxPosition", l.published_position::float8 as "publishedPosition",
           to_ms(p.projected_at) as "projectedAtMs",
           (select count(*)::float8 from inbox i where i.lane = l.lane_id) as inbox,
           (select count(*)::float8 from outbox o
             where o.lane = l.lane_id and o.position > l.published_position) as unpublished,
           (select max(o.position)::float8 from outbox o where o.lane = l.lane_id) as "newestPosition"
      from lanes l
      join lane_projections p using (lane_id)
     order by l.lane_id`);
  const deployments = await session.run(sql<{ lanes: number }[]>`select lanes from deployment`);
  const laneIds = lanes.map(({ laneId }) => laneId);
  const findings = [
    ...deployments.flatMap((deployment) => auditMissingLanes(laneIds, deployment.lanes)),
    ...lanes.flatMap((lane) => auditLane(lane, lane, quiet)),
  ];
  if (quiet) findings.push(...(await auditStateCounts(session)));
  return findings;
}

async function auditStateCounts(session: PostgresSession): Promise<readonly AuditFinding[]> {
  const { sql } = session;
  const counted = await session.run(sql<StateCount[]>`
    select flow, flow_version as "flowVersion", state, count(*)::float8 as runs, count(parked)::float8 as parked
      from run_search
     group by flow, flow_version, state`);
  return auditCounts(counted, await session.orLost(countStates(sql)));
}
