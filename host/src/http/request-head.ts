/** What Node would refuse by itself, with a status and no word about it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import { hostError } from "../errors.ts";
import { toProblem } from "./status.ts";

/** For a server with `requireHostHeader: false`. Must be called before the other hooks are added. */
export function registerRequestHead(app: FastifyInstance): void {
  app.addHook("onRequest", (request, reply, done) => {
    const { httpVersion, headers } = request.raw;
    if (httpVersion === "1.1" && headers.host === undefined) {
      void reply.header("connection", "close");
      throw hostError(
        "HOST_BAD_REQUEST",
        "the request has no header Host, expected one (RFC 9112 section 3.2)",
      );
    }
    done();
  });
  // Node has answered `100-continue` by now, so this is something else.
  app.server.on("checkExpectation", refuseExpectation);
}

/** @see RFC 9110 section 10.1.1 */
function refuseExpectation({ headers: { expect = "" } }: IncomingMessage, response: ServerResponse): void {
  const shown = JSON.stringify(expect.slice(0, 40));
  const message = `the request expects ${shown}, expected 100-continue or nothing; leave the header Expect out`;
  const { status, headers, body } = toProblem(hostError("HOST_EXPECTATION_FAILED", message));
  // Its body is not read.
  response.writeHead(status, { ...headers, connection: "close" }).end(JSON.stringify(body));
}
