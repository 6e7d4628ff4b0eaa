import type { Sql } from "@sluice/host/postgres";

export interface DeliveredCommand {
  readonly commandId: string;
  readonly type: string;
}

/** Commands that a broker has taken and that their runs wait for. A parked run takes no answers. */
export async function listDelivered(
  sql: Sql,
  channels: readonly string[],
): Promise<readonly DeliveredCommand[]> {
  return sql<DeliveredCommand[]>`
    select command ->> 'id' as "commandId", command ->> 'type' as type
      from sluice.runs, jsonb_array_elements(control::jsonb -> 'commands') as command
     where outcome is null and parked is null
       and command ->> 'phase' = 'delivered' and command ->> 'channel' = any(${[...channels]})`;
}
