import type { Sql } from "postgres";
import type { ClaimedLane, LanePosition, OutboxRow } from "../../core/ports.ts";
import { plains } from "./columns.ts";
import { endSessions } from "./end-sessions.ts";
import { writerPrefix } from "./options.ts";

interface Claim {
  readonly engineId: string;
  readonly laneIds: readonly number[];
  readonly leaseMs: number;
}

/**
 * Takes lanes over: the former owners' sessions are ended first, since one frozen in a transaction holds its lane's row; then the
 * epochs are raised, and from that commit on nothing of a former owner is written. What is still to be sent is read after it.
 */
export async function claimLanes(sql: Sql, schema: string, claim: Claim): Promise<ClaimedLane[]> {
  const expired = await renewLease(sql, claim);
  if (expired.length > 0)
    await endSessions(
      sql,
      expired.map((ownerId) => writerPrefix(schema, ownerId)),
    );
  const lanes = await raiseEpochs(sql, claim);
  const unpublished = Map.groupBy(await selectUnpublished(sql, lanes), ({ lane }) => lane);
  return lanes.map((lane) => ({ ...lane, unpublished: unpublished.get(lane.laneId) ?? [] }));
}

/** Gives the claimer a lease, and answers the owners of these lanes whose lease has ended. */
async function renewLease(sql: Sql, { engineId, laneIds, leaseMs }: Claim): Promise<string[]> {
  const owners = await sql<{ ownerId: string }[]>`
    with lease as (
      insert into engines (engine_id, lease_until)
      values (${engineId}, clock_timestamp() + ${leaseMs} * interval '1 ms')
      on conflict (engine_id) do update set lease_until = greatest(engines.lease_until, excluded.lease_until)
    )
    select distinct l.owner_id as "ownerId"
      from lanes l left join engines e on e.engine_id = l.owner_id
     where l.lane_id = any(${plains(laneIds)}::integer[])
       and l.owner_id <> ${engineId} and coalesce(e.lease_until <= clock_timestamp(), true)`;
  return owners.map(({ ownerId }) => ownerId);
}

/** Locks the rows of the lanes it takes; a row that somebody else has locked is left for the next time. */
async function raiseEpochs(sql: Sql, { engineId, laneIds }: Claim): Promise<LanePosition[]> {
  const lanes = await sql<LanePosition[]>`
    with free as (
      select l.lane_id
        from lanes l left join engines e on e.engine_id = l.owner_id
       where l.lane_id = any(${plains(laneIds)}::integer[])
         and (l.owner_id is null or l.owner_id = ${engineId} or coalesce(e.lease_until <= clock_timestamp(), true))
       order by l.lane_id
         for no key update of l skip locked
    ), claimed as (
      update lanes l set owner_id = ${engineId}, epoch = l.epoch + 1
        from free where l.lane_id = free.lane_id
      returning l.*
    )
    select c.lane_id as "laneId", c.epoch::float8 as epoch, c.batch_number::float8 as "batchNumber",
           c.outbox_position::float8 as "outboxPosition", c.published_position::float8 as "publishedPosition",
           to_ms(p.projected_at) as "projectedAtMs"
      from claimed c join lane_projections p using (lane_id)
     order by c.lane_id`;
  return [...lanes];
}

async function selectUnpublished(sql: Sql, lanes: readonly LanePosition[]): Promise<OutboxRow[]> {
  if (lanes.length === 0) return [];
  const rows = await sql<OutboxRow[]>`
    select o.lane, o.position::float8 as position, o.run_id as "runId", o.command_id as "commandId", o.attempt
      from unnest(${plains(lanes.map(({ laneId }) => laneId))}::integer[],
                  ${plains(lanes.map(({ publishedPosition }) => publishedPosition))}::bigint[])
             as claimed (lane, published_position)
      join outbox o on o.lane = claimed.lane and o.position > claimed.published_position
     order by o.lane, o.position`;
  return [...rows];
}
