/** Ending the connections of a server that stops: those without a request at once, those with one after its answer. */
import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Log } from "../log.ts";

/** The open connections, for the moment of stopping. */
export function trackSockets(app: FastifyInstance): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  app.server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return sockets;
}

/** An answer while stopping says that its connection ends with it: a caller who kept the connection would send the next request into its end. */
export function announceClose(app: FastifyInstance, isStopping: () => boolean): void {
  app.addHook("onSend", (_request, reply, _payload, done) => {
    if (isStopping()) void reply.header("connection", "close");
    done();
  });
}

/** How often connections that fell idle while stopping are looked for. */
const IDLE_CHECK_MS = 25;

/** Closes the server: stops accepting, lets requests in flight finish, and cuts what is left after `stopMs`. */
export async function drain(
  app: FastifyInstance,
  sockets: ReadonlySet<Socket>,
  stopMs: number,
  log: Log,
): Promise<void> {
  // Node closes what is idle when it stops listening; a keep-alive connection that falls idle later is ours to close,
  // and so is one that never said a word, which Node takes for busy.
  const idle = setInterval(() => {
    app.server.closeIdleConnections();
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  }, IDLE_CHECK_MS);
  const cut = setTimeout(() => {
    log.warn({ stopMs }, "requests still in flight after the time to stop; cutting their connections");
    app.server.closeAllConnections();
  }, stopMs);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(cut);
  }
}
