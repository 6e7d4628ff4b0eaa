import type { Sql } from "@sluice/host/postgres";

/** Locks the row of an engine, so that its heartbeat waits and its lease ends; what is answered lets it go. */
export async function holdEngine(sql: Sql, engineId: string): Promise<() => Promise<void>> {
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const holding = sql.begin(async (transaction) => {
    await transaction`select from sluice.engines where engine_id = ${engineId} for update`;
    held.resolve();
    await released.promise;
  });
  holding.catch(held.reject);
  await held.promise;
  return async () => {
    released.resolve();
    // A connection that broke has let it go already.
    await holding.catch(() => {});
  };
}
