/**
 * Ending a server without cutting anybody off.
 * S1  First it says so, for `drainMs`: not ready, and each answer ends its connection. Whoever comes is served.
 * S2  The port is closed at a moment at which nobody waits to be taken in: the system would reset those.
 * S3  A connection that has just been made has SILENT_MS to speak. One with a request ends after its answer, or after `stopMs`; others end
 *     at once.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import type { Log } from "../log.ts";

/** Open connections, and when each was taken in, by `performance.now`. */
export type Sockets = ReadonlyMap<Socket, number>;

/** The open connections, for the moment of stopping. */
export function trackSockets(app: FastifyInstance): Sockets {
  const sockets = new Map<Socket, number>();
  app.server.on("connection", (socket: Socket) => {
    sockets.set(socket, performance.now());
    socket.once("close", () => sockets.delete(socket));
  });
  return sockets;
}

/** An answer while stopping says that its connection ends with it: a caller who kept the connection would send the next request into its end. */
export function announceClose(app: FastifyInstance, isLeaving: () => boolean): void {
  app.addHook("onSend", (_request, reply, _payload, done) => {
    if (isLeaving()) void reply.header("connection", "close");
    done();
  });
}

/** How often connections that fell idle while stopping are looked for. */
const IDLE_CHECK_MS = 25;
/** Somebody who connects speaks at once; on a busy machine that takes a moment. */
const SILENT_MS = 500;

/** Closes the server: stops accepting, lets requests in flight finish, and cuts what is left after `stopMs`. */
export async function drain(app: FastifyInstance, sockets: Sockets, stopMs: number, log: Log): Promise<void> {
  // Node closes what is idle when it stops listening; a keep-alive connection that falls idle later is ours to close,
  // and so is one that never said a word, which Node takes for busy.
  const idle = setInterval(() => {
    app.server.closeIdleConnections();
    for (const [socket, atMs] of sockets)
      if (socket.bytesRead === 0 && performance.now() - atMs > SILENT_MS) socket.destroy();
  }, IDLE_CHECK_MS);
  const cut = setTimeout(() => {
    log.warn({ stopMs }, "requests still in flight after the time to stop; cutting their connections");
    app.server.closeAllConnections();
  }, stopMs);
  try {
    await closePort(app.server);
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(cut);
  }
}

/** A crowd that never ends must not keep the port open. */
const TURNS_MAX = 10_000;

/** Node takes one connection in with each turn of its loop: after a turn without one, none waits. */
async function closePort(server: Server): Promise<void> {
  let taken = 0;
  const onTaken = (): void => void taken++;
  server.on("connection", onTaken);
  // What is left of the present turn looks for nobody.
  await turn();
  for (let [turns, before] = [0, -1]; before !== taken && turns < TURNS_MAX; turns++) {
    before = taken;
    await turn();
  }
  server.off("connection", onTaken);
  // Not by the framework, which does other things first.
  server.close();
}
