/**
 * Erlang's port mapper: a daemon that RabbitMQ starts, and leaves behind. Ours has a port of its own, and ends with its node.
 * @see https://www.erlang.org/doc/apps/erts/erl_dist_protocol.html: KILL_REQ
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Place } from "../server-adapter.ts";
import { isPortFree } from "../ports.ts";
import { ask } from "../wire.ts";

const KILL_REQUEST = Buffer.from("\0\x01k", "latin1");
const END_MS = 3_000;
const LOOK_MS = 20;

/** Ends it once it knows of no node any more, which is a moment after the node has died; does nothing where there is none. */
export async function stopEpmd({ ports }: Pick<Place, "ports">): Promise<void> {
  const port = ports[2];
  const startedAtMs = performance.now();
  while (port !== undefined && !(await isPortFree(port)) && performance.now() - startedAtMs < END_MS) {
    await ask({ port, hello: KILL_REQUEST, read: (received) => (received.length < 2 ? undefined : true) });
    await sleep(LOOK_MS);
  }
}
