/**
 * The door when all places are taken. Under overload most of what a process does is refusing, on the same thread that serves: through the
 * framework, with an error, a log and a route for each, a refusal costs a quarter of a millisecond, and three times the load that a process can
 * serve leaves no time to serve any of it. So whoever finds no place is answered before anything is made of the request, and always the same.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import type { Admission } from "../admission.ts";
import { toProblem } from "./status.ts";

export interface EarlyRefusal {
  readonly admission: Admission;
  /** A process that stops has another answer. */
  readonly isStopping: () => boolean;
  /** Counts a refusal. */
  readonly refused: (method: string, status: number) => void;
}

/** Must be called before the routes are added. What gets past it meets the same limit within the framework. */
export function refuseEarly(app: FastifyInstance, { admission, isStopping, refused }: EarlyRefusal): void {
  const alwaysAdmitted = new Set<string>();
  app.addHook("onRoute", ({ url, config }) => {
    if (config?.isAlwaysAdmitted === true) alwaysAdmitted.add(url);
  });
  const { status, headers, body } = toProblem(admission.refusal());
  const content = Buffer.from(JSON.stringify(body));
  const head = { ...headers, "content-length": content.length };
  const isRefused = ({ url = "" }: IncomingMessage, response: ServerResponse): boolean =>
    admission.isFull &&
    !isStopping() &&
    // One that came before the answer to another on its connection has no socket yet: those are counted elsewhere.
    response.socket !== null &&
    !alwaysAdmitted.has(url.split("?", 1)[0] ?? url);

  const listeners = app.server.listeners("request") as RequestListener[];
  app.server.removeAllListeners("request");
  app.server.on("request", (request, response) => {
    if (!isRefused(request, response)) {
      for (const listener of listeners) listener.call(app.server, request, response);
      return;
    }
    response.writeHead(status, head).end(content);
    refused(request.method ?? "", status);
  });
}
