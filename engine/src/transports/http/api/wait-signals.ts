import type { FastifyReply } from "fastify";
import type { ApiApp } from "./api-app.ts";

/**
 * Makes the signals that end a wait early: the server is closing and would otherwise wait for those who wait, or the caller has gone
 * and would keep its place for nothing.
 */
export function waitSignals(app: ApiApp): (reply: FastifyReply) => AbortSignal {
  const closing = new AbortController();
  app.addHook("preClose", async () => closing.abort());
  return ({ raw }) => {
    const over = new AbortController();
    const end = (): void => over.abort();
    // It comes after every answer too, and takes the other listener with it.
    raw.once("close", end);
    closing.signal.addEventListener("abort", end, { once: true, signal: over.signal });
    // Who has gone already is not going to leave.
    if (closing.signal.aborted || raw.destroyed) end();
    return over.signal;
  };
}
