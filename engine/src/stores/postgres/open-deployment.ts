import { randomBytes } from "node:crypto";
import type { Sql } from "postgres";
import { engineError } from "../../core/errors.ts";
import { LANES_DEFAULT, checkLanes } from "../../core/lane.ts";

interface Deployment {
  readonly lanes: number;
  readonly secret: string;
}

/** Of several engines that come at once one makes the deployment; the others wait for its commit and read it. */
export async function openDeployment(sql: Sql, lanes: number | null): Promise<Deployment> {
  if (lanes !== null) checkLanes(lanes);
  const stored = (await selectDeployment(sql)) ?? (await makeDeployment(sql, lanes ?? LANES_DEFAULT));
  if (lanes !== null && lanes !== stored.lanes) {
    throw engineError(
      "FLOW_LANES_CHANGED",
      `lanes is ${lanes}, and the deployment was made with ${stored.lanes}; the number of lanes is fixed, so set lanes to ${stored.lanes}`,
    );
  }
  return stored;
}

async function selectDeployment(sql: Sql): Promise<Deployment | undefined> {
  const [deployment] = await sql<Deployment[]>`select lanes, secret from deployment`;
  return deployment;
}

async function makeDeployment(sql: Sql, lanes: number): Promise<Deployment> {
  await sql`
    with made as (
      insert into deployment (lanes, secret) values (${lanes}, ${randomBytes(32).toString("base64url")})
      on conflict do nothing
      returning lanes
    ), made_lanes as (
      insert into lanes (lane_id) select generate_series(0, lanes - 1) from made
      returning lane_id
    )
    insert into lane_projections (lane_id, projected_at) select lane_id, clock_timestamp() from made_lanes`;
  const stored = await selectDeployment(sql);
  if (stored === undefined) throw engineError("FLOW_UNEXPECTED", "the deployment was made and is not there");
  return stored;
}
