/** Asking again and again: often while there is news, less often while there is none. */
import { setTimeout as sleep } from "node:timers/promises";
import { kindOf } from "@sluice/contracts/problem";
import { interrupted, throwIfInterrupted } from "./cli.ts";
import type { Cli } from "./cli.ts";

const WAIT_MS_MIN = 100;
const WAIT_MS_MAX = 2_000;
const WAIT_FACTOR = 1.5;

export interface PollOptions {
  readonly cli: Pick<Cli, "stderr">;
  readonly signal: AbortSignal;
  /** Whether what is said on standard error is JSON, one object a line. */
  readonly isJson: boolean;
}

/**
 * Calls `ask` until it answers "end". A server that goes away in the middle is waited for; one that is not there at the
 * first call is an error. A call that lasts says by `answered` that the server is there.
 * @throws CLI_INTERRUPTED (conflict) on Ctrl-C; whatever `ask` throws, except that the server is away
 */
export async function poll(
  { cli, signal, isJson }: PollOptions,
  ask: (answered: () => void) => Promise<"news" | "nothing" | "end">,
): Promise<void> {
  const say = (notice: string): void => {
    cli.stderr.write(isJson ? `${JSON.stringify({ notice })}\n` : `sluice: ${notice}\n`);
  };
  let waitMs = WAIT_MS_MIN;
  let hasAnswered = false;
  let isAway = false;
  const answered = (): void => {
    if (isAway) say("the server is back");
    hasAnswered = true;
    isAway = false;
  };
  for (;;) {
    throwIfInterrupted(signal);
    try {
      const answer = await ask(answered);
      answered();
      if (answer === "end") return;
      waitMs = answer === "news" ? WAIT_MS_MIN : Math.min(waitMs * WAIT_FACTOR, WAIT_MS_MAX);
    } catch (error) {
      if (!hasAnswered || !isTransient(error)) throw error;
      if (!isAway) say("the server does not answer; waiting for it");
      isAway = true;
      waitMs = Math.min(waitMs * WAIT_FACTOR, WAIT_MS_MAX);
    }
    await sleep(waitMs, undefined, { signal }).catch(() => {
      throw interrupted();
    });
  }
}

function isTransient(error: unknown): boolean {
  const kind = kindOf(error);
  return kind === "unavailable" || kind === "overloaded" || kind === "timeout";
}
