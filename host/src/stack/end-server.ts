/** Ends a server that nobody holds any more: one that was left running, or whose holder was killed. */
import { endServer, signalServer } from "../server-process.ts";
import { findServer } from "./running-server.ts";
import type { ServerAdapter } from "./server-adapter.ts";
import { serverLayoutOf } from "./server-layout.ts";
import { serverPlaceOf } from "./server-place.ts";
import { lockServer } from "./server.ts";

/**
 * Ends the server of this folder; `false`: none ran.
 * @throws HOST_DATA_DIRECTORY_IN_USE (conflict) that names the process which holds it
 */
export async function endServerIn(
  adapter: ServerAdapter,
  directory: string,
  stopMs: number,
): Promise<boolean> {
  const layout = serverLayoutOf(adapter, directory);
  const place = await serverPlaceOf(adapter, layout);
  if (place === undefined) return false;
  const lock = await lockServer(layout);
  try {
    const process = await findServer(layout);
    if (process !== undefined) {
      // One that was frozen hears nothing.
      signalServer(process, "SIGCONT");
      await endServer(process, adapter.endingOf(stopMs));
    }
    await adapter.cleanUp?.(place);
    return process !== undefined;
  } finally {
    await lock.release();
  }
}
