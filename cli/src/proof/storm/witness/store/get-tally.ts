import type { Sql } from "@sluice/host/postgres";
import type { Witnessed } from "../../oracle/witnessed.ts";

export async function getTally(sql: Sql): Promise<Witnessed["tally"]> {
  const [row] = await sql<Witnessed["tally"][]>`
    select effects::float8 as effects, undos::float8 as undos from proof.tally`;
  return row ?? { effects: 0, undos: 0 };
}
