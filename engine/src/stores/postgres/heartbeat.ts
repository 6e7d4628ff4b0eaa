import type { Fragment, Sql } from "postgres";
import { ENGINE_FORGOTTEN_MS } from "../../core/ports.ts";
import type { EngineRow, Heartbeat, LaneRow, Store } from "../../core/ports.ts";

/** Renews the engine's lease, and with it those of all its lanes, and tells what an engine has to know. One exchange. */
export async function heartbeat(
  sql: Sql,
  { engineId, address, leaseMs, serves = [] }: Parameters<Store["heartbeat"]>[0],
): Promise<Heartbeat> {
  const [beat] = await sql<[{ nowMs: number; engines: EngineRow[]; lanes: LaneRow[] }]>`
    with beat as (
      insert into engines (engine_id, address, serves, lease_until)
      values (${engineId}, ${address}, ${JSON.stringify(serves)}, clock_timestamp() + ${leaseMs} * interval '1 ms')
      on conflict (engine_id) do update
        set address = excluded.address, serves = excluded.serves, lease_until = excluded.lease_until
      returning engine_id, address, serves, lease_until
    ), forgotten as (
      delete from engines
       where engine_id <> ${engineId} and lease_until < clock_timestamp() - ${ENGINE_FORGOTTEN_MS} * interval '1 ms'
    ), known as (
      select * from beat union all
      select engine_id, address, serves, lease_until from engines where engine_id <> ${engineId}
    )
    select floor(to_ms(clock_timestamp())) as "nowMs",
           (select coalesce(json_agg(json_build_object('engineId', engine_id, 'address', address, 'serves', serves::json)
                                     order by engine_id collate "C"), '[]')
              from known where lease_until > clock_timestamp()) as engines,
           (select coalesce(json_agg(lane order by lane."laneId"), '[]')
              from (${selectLanes(sql, sql`known`)}) lane) as lanes`;
  return beat;
}

export async function listLanes(sql: Sql): Promise<LaneRow[]> {
  const lanes = await sql<
    LaneRow[]
  >`select * from (${selectLanes(sql, sql`engines`)}) lane order by lane."laneId"`;
  return [...lanes];
}

/** Lanes as anybody may see them. An owner nobody knows any more has no lease left. */
function selectLanes(sql: Sql, engines: Fragment): Fragment {
  return sql`
    select l.lane_id as "laneId", l.epoch::float8 as epoch, l.batch_number::float8 as "batchNumber",
           l.outbox_position::float8 as "outboxPosition", l.published_position::float8 as "publishedPosition",
           to_ms(p.projected_at) as "projectedAtMs", l.owner_id as "ownerId", e.address as "ownerAddress",
           case when l.owner_id is null then 0
                else coalesce(floor(to_ms(e.lease_until) - to_ms(clock_timestamp())), -1) end as "leaseMs"
      from lanes l
      join lane_projections p using (lane_id)
      left join ${engines} e on e.engine_id = l.owner_id`;
}
