import { readSecret } from "./secret.ts";
import type { Place, ServerAdapter } from "./server-adapter.ts";
import type { ServerLayout } from "./server-layout.ts";
import { readRecord } from "./server-record.ts";
import { serverUserOf } from "./server-user.ts";

/** Where a server was started last; `undefined`: none was started in this folder. */
export async function serverPlaceOf(
  { users }: ServerAdapter,
  layout: ServerLayout,
): Promise<Place | undefined> {
  const [record, secret] = await Promise.all([readRecord(layout), readSecret(layout)]);
  if (record === undefined || secret === undefined) return undefined;
  const { root, home } = layout;
  return { root, home, user: serverUserOf(users, home), ports: record.ports, secret };
}
