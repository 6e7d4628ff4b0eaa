/**
 * The requests of one connection. HTTP/1.1 lets a client send more of them before the first is answered, and answers leave in order: those
 * behind one that lasts wait for it, and each keeps its place and its memory meanwhile.
 * C1  A connection has at most PIPELINED_MAX requests under way.
 * C2  When it closes, all its answers are over. Node says so of the one whose turn it was; of the others nobody would ever hear.
 */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import { hostError } from "../errors.ts";

/** Hardly any client sends a second one; a connection must not take the places of all others. */
const PIPELINED_MAX = 32;

/** Must be called before a hook that counts requests is added. */
export function registerConnections(
  app: FastifyInstance,
  { retryAfterMs }: { readonly retryAfterMs: number },
): void {
  const underWay = new WeakMap<Socket, Set<ServerResponse>>();
  const answersOf = (socket: Socket): Set<ServerResponse> => {
    const known = underWay.get(socket);
    if (known !== undefined) return known;
    const answers = new Set<ServerResponse>();
    underWay.set(socket, answers);
    socket.once("close", () => endUnsent(answers));
    return answers;
  };
  app.addHook("onRequest", (request, reply, done) => {
    const answers = answersOf(request.raw.socket);
    if (answers.size >= PIPELINED_MAX) {
      void reply.header("connection", "close");
      const found = `this connection has ${answers.size} requests under way, expected at most ${PIPELINED_MAX}`;
      throw hostError("HOST_OVERLOADED", `${found}; wait for their answers first`, { retryAfterMs });
    }
    answers.add(reply.raw);
    reply.raw.once("close", () => answers.delete(reply.raw));
    done();
  });
}

/** An answer whose turn has not come has no socket, so that its socket's end is not its own. */
function endUnsent(answers: ReadonlySet<ServerResponse>): void {
  for (const answer of answers) {
    if (answer.socket !== null) continue;
    answer.destroy();
    answer.emit("close");
  }
}
