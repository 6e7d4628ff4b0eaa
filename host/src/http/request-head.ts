/** What Node would refuse by itself, with a status and no word about it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import { hostError } from "../errors.ts";
import { toProblem } from "./status.ts";

/** For a server with `requireHostHeader: false`. Must be called before the other hooks are added. */
export function registerRequestHead(app: FastifyInstance): void {
  app.addHook("onRequest", (request, reply, done) => {
    const fault = faultOfHost(request.raw);
    if (fault !== null) {
      void reply.header("connection", "close");
      throw hostError("HOST_BAD_REQUEST", `${fault} (RFC 9112 section 3.2)`);
    }
    done();
  });
  // Node has answered `100-continue` by now, so this is something else.
  app.server.on("checkExpectation", refuseExpectation);
}

/** What may stand in a name, an address or a port. */
const HOST = /^[\w.~!$&'()*+,;=%:[\]-]*$/;

/** Of two hosts a proxy might take one and this server the other. */
function faultOfHost({ httpVersion, headers: { host }, rawHeaders }: IncomingMessage): string | null {
  if (host === undefined)
    return httpVersion === "1.1" ? "the request has no header Host, expected one" : null;
  if (!HOST.test(host)) return "the header Host is no name or address, expected one with a port perhaps";
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === "host") count++;
  return count > 1 ? `the request has ${count} headers Host, expected one` : null;
}

/** @see RFC 9110 section 10.1.1 */
function refuseExpectation({ headers: { expect = "" } }: IncomingMessage, response: ServerResponse): void {
  const shown = JSON.stringify(expect.slice(0, 40));
  const message = `the request expects ${shown}, expected 100-continue or nothing; leave the header Expect out`;
  const { status, headers, body } = toProblem(hostError("HOST_EXPECTATION_FAILED", message));
  // Its body is not read.
  response.writeHead(status, { ...headers, connection: "close" }).end(JSON.stringify(body));
}
