import type { FastifyReply } from "fastify";
import type { ApiApp } from "./api-app.ts";

/**
 * Makes the signals that end a wait early: the server is closing and would otherwise wait for those who wait, or the caller has gone
 * and would keep its place for nothing.
 */
export function waitSignals(app: ApiApp): (reply: FastifyReply) => AbortSignal {
  // Not listeners of one signal: to add one it would look through all that are there.
  const waiting = new Set<AbortController>();
  let isClosing = false;
  app.addHook("preClose", async () => {
    isClosing = true;
    for (const over of waiting) over.abort();
  });
  return ({ raw }) => {
    const over = new AbortController();
    waiting.add(over);
    // It comes after every answer too.
    raw.once("close", () => {
      waiting.delete(over);
      over.abort();
    });
    // Who has gone already is not going to leave.
    if (raw.destroyed) waiting.delete(over);
    if (isClosing || raw.destroyed) over.abort();
    return over.signal;
  };
}
