import { patiently } from "../patiently.ts";
import { replyTo } from "../storm/participants/reply.ts";
import { REMOTE_CHANNELS } from "../storm/storm-app.ts";
import type { World } from "../storm/world.ts";
import { listDelivered } from "./store/list-delivered.ts";

/** Answers that were given, or will be, and that no run has heard: the seed tells which commands are answered at once. */
export async function listOwed({ sql, seed }: Pick<World, "sql" | "seed">): Promise<readonly string[]> {
  const delivered = await patiently(() => listDelivered(sql, REMOTE_CHANNELS));
  const owed = delivered.filter((command) => {
    const { event, late } = replyTo(seed, command);
    return event !== null && late === null;
  });
  return owed.length === 0 ? [] : [`${owed.length} answers of participants, of ${owed[0]?.commandId} first`];
}
