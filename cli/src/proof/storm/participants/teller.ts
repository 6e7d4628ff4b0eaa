/** Tells the answers that come later: each is an event under an id of its own, told again and again until an engine acknowledges it. */
import { setTimeout as sleep } from "node:timers/promises";
import { isConnectionError } from "@sluice/host/postgres";
import type { Sql } from "@sluice/host/postgres";
import type { Log } from "@sluice/host/log";
import { Random } from "@sluice/engine/random-flows";
import { Outside } from "../load/outside.ts";
import { listOwed } from "./store/list-owed.ts";
import type { DueAnswer } from "./store/list-owed.ts";
import { settleOwed } from "./store/settle-owed.ts";

interface TellerParts {
  readonly seed: number;
  readonly sql: Sql;
  readonly engineUrls: readonly string[];
  readonly log: Log;
}

const LOOK_EVERY_MS = 50;
/** So many are told at once. */
const TOLD_MAX = 50;

export function startTeller({ seed, sql, engineUrls, log }: TellerParts): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const random = new Random(seed).fork("teller");
  const outside = new Outside({
    urls: () => engineUrls,
    complain: (message) => log.error({ message }, "complaint"),
  });
  const tell = async ({ commandId, runId, event }: DueAnswer): Promise<void> => {
    const wish = { path: `/v1/runs/${runId}/events`, body: event };
    const ending = await outside.persist(wish, random, { attemptsMax: Number.POSITIVE_INFINITY, signal });
    if (ending.type === "done") await settleOwed(sql, commandId, "done");
    if (ending.type === "refused") await settleOwed(sql, commandId, ending.code);
  };
  const look = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await Promise.all((await listOwed(sql, TOLD_MAX)).map(tell));
      } catch (error) {
        // What is not settled is found again when the database is back, and told again.
        if (!isConnectionError(error)) log.warn({ error }, "answers could not be told");
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  };
  const looking = look();
  return {
    async stop() {
      stopping.abort();
      await looking;
      await outside.close();
    },
  };
}
